package pb_migrations

import (
	"github.com/pocketbase/pocketbase/core"
	m "github.com/pocketbase/pocketbase/migrations"
)

func init() {
	m.Register(func(app core.App) error {
		c, err := app.FindCollectionByNameOrId("documents")
		if err != nil {
			return err
		}
		// What is counted of each kind is read in the index alone.
		c.AddIndex("idx_documents_kind", false, "`kind`, `fileSize`", "")
		return app.Save(c)
	}, func(app core.App) error {
		c, err := app.FindCollectionByNameOrId("documents")
		if err != nil {
			return err
		}
		c.RemoveIndex("idx_documents_kind")
		return app.Save(c)
	})
}
