package pb_migrations

import (
	"github.com/pocketbase/pocketbase/core"
	m "github.com/pocketbase/pocketbase/migrations"
	"github.com/pocketbase/pocketbase/tools/types"
)

func init() {
	m.Register(func(app core.App) error {
		documents, err := app.FindCollectionByNameOrId("documents")
		if err != nil {
			return err
		}
		c := core.NewBaseCollection("document_links")
		c.Fields.Add(
			&core.RelationField{Name: "document", CollectionId: documents.Id, MaxSelect: 1, Required: true, CascadeDelete: true},
			&core.TextField{Name: "collection", Required: true, Max: 255},
			&core.TextField{Name: "record", Required: true, Max: 255},
			&core.AutodateField{Name: "created", OnCreate: true},
			&core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
		)
		c.AddIndex("idx_document_links_triple", true, "`document`, `collection`, `record`", "")
		c.AddIndex("idx_document_links_record", false, "`collection`, `record`", "")
		c.AddIndex("idx_document_links_created", false, "`created`, `id`", "")
		read := types.Pointer(`may(@request.auth.id) = true && (document.visibility = "public" || document.visibility = "members"` +
			` || owns(document, @request.auth.id) = true || shared(document, @request.auth.id) = true` +
			` || may(@request.auth.id, 'documents.read', 'documents.manage') = true)`)
		c.ListRule, c.ViewRule = read, read
		write := types.Pointer(`may(@request.auth.id, 'documents.manage') = true`)
		c.CreateRule, c.UpdateRule, c.DeleteRule = write, write, write
		return app.Save(c)
	}, func(app core.App) error {
		return deleteCollection(app, "document_links")
	})
}
