package pb_migrations

import (
	"github.com/pocketbase/pocketbase/core"
	m "github.com/pocketbase/pocketbase/migrations"
)

func init() {
	m.Register(func(app core.App) error {
		c, err := app.FindCollectionByNameOrId("users")
		if err != nil {
			return err
		}
		// A password's hash from another system, until its first sign-in here.
		c.Fields.Add(&core.TextField{Name: "legacyHash", Max: 255, Hidden: true})
		c.AddIndex("idx_users_legacyHash", false, "`id`", "`legacyHash` != ''")
		return app.Save(c)
	}, func(app core.App) error {
		c, err := app.FindCollectionByNameOrId("users")
		if err != nil {
			return err
		}
		c.RemoveIndex("idx_users_legacyHash")
		c.Fields.RemoveByName("legacyHash")
		return app.Save(c)
	})
}
