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
		c := core.NewBaseCollection("devices")
		c.Fields.Add(
			&core.RelationField{Name: "user", CollectionId: users.Id, MaxSelect: 1, Required: true, CascadeDelete: true},
			&core.TextField{Name: "token", Required: true, Max: 1024, Pattern: `^[!-~]+$`},
			&core.SelectField{Name: "platform", MaxSelect: 1, Required: true, Values: []string{"android", "ios", "web"}},
			&core.TextField{Name: "label", Max: 128, Presentable: true},
			&core.DateField{Name: "lastSeen"},
			&core.AutodateField{Name: "created", OnCreate: true},
			&core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
		)
		c.AddIndex("idx_devices_token", true, "`token`", "")
		c.AddIndex("idx_devices_user", false, "`user`, `created`, `id`", "")
		c.CreateRule = types.Pointer(`may(@request.auth.id) = true`)
		own := types.Pointer(`may(@request.auth.id) = true && user = @request.auth.id`)
		c.ListRule, c.ViewRule, c.UpdateRule, c.DeleteRule = own, own, own, own
		return app.Save(c)
	}, func(app core.App) error {
		return deleteCollection(app, "devices")
	})
}
