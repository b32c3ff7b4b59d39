package pb_migrations

import (
	"github.com/pocketbase/pocketbase/core"
	m "github.com/pocketbase/pocketbase/migrations"
	"github.com/pocketbase/pocketbase/tools/types"
)

func init() {
	m.Register(func(app core.App) error {
		users, err := app.FindCollectionByNameOrId("users")
		if err != nil {
			return err
		}
		documents, err := app.FindCollectionByNameOrId("documents")
		if err != nil {
			return err
		}
		c := core.NewBaseCollection("document_shares")
		c.Fields.Add(
			&core.RelationField{Name: "document", CollectionId: documents.Id, MaxSelect: 1, Required: true, CascadeDelete: true},
			&core.RelationField{Name: "user", CollectionId: users.Id, MaxSelect: 1, Required: true, CascadeDelete: true},
			&core.AutodateField{Name: "created", OnCreate: true},
			&core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
		)
		c.AddIndex("idx_document_shares_pair", true, "`document`, `user`", "")
		c.AddIndex("idx_document_shares_user", false, "`user`, `document`", "")
		c.AddIndex("idx_document_shares_created", false, "`created`, `id`", "")
		c.CreateRule = types.Pointer(`may(@request.auth.id) = true && owns(document, @request.auth.id) = true && user != @request.auth.id`)
		c.ListRule = types.Pointer(`may(@request.auth.id) = true && (user = @request.auth.id || owns(document, @request.auth.id) = true)`)
		c.ViewRule, c.DeleteRule = c.ListRule, c.ListRule
		if err := app.Save(c); err != nil {
			return err
		}

		// Only now is there a table for shared() to look into.
		read := types.Pointer(`visibility = "public" || (may(@request.auth.id) = true && (visibility = "members"` +
			` || owner = @request.auth.id || may(@request.auth.id, 'documents.read', 'documents.manage') = true` +
			` || shared(id, @request.auth.id) = true))`)
		documents.ListRule, documents.ViewRule = read, read
		return app.Save(documents)
	}, func(app core.App) error {
		documents, err := app.FindCollectionByNameOrId("documents")
		if err != nil {
			return err
		}
		documents.ListRule, documents.ViewRule = nil, nil
		if err := app.Save(documents); err != nil {
			return err
		}
		return deleteCollection(app, "document_shares")
	})
}
