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
		// The password is that of who signed up, and may not be the address's owner's.
		c.Fields.Add(&core.BoolField{Name: "passwordUnproven", Hidden: true})
		if err := app.Save(c); err != nil {
			return err
		}
		_, err = app.DB().NewQuery("UPDATE users SET passwordUnproven = TRUE WHERE verified = FALSE").Execute()
		return err
	}, func(app core.App) error {
		c, err := app.FindCollectionByNameOrId("users")
		if err != nil {
			return err
		}
		c.Fields.RemoveByName("passwordUnproven")
		return app.Save(c)
	})
}
