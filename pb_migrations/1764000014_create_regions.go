package pb_migrations

import (
	"github.com/pocketbase/pocketbase/core"
	m "github.com/pocketbase/pocketbase/migrations"
	"github.com/pocketbase/pocketbase/tools/types"
)

func init() {
	m.Register(func(app core.App) error {
		c := core.NewBaseCollection("regions")
		c.Fields.Add(
			&core.TextField{Name: "code", Required: true, Max: 128},
			&core.TextField{Name: "name", Required: true, Max: 128, Presentable: true},
			&core.AutodateField{Name: "created", OnCreate: true},
			&core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
		)
		c.AddIndex("idx_regions_code", true, "`code`", "")
		c.AddIndex("idx_regions_name", false, "`name`, `id`", "")
		c.AddIndex("idx_regions_created", false, "`created`, `id`", "")
		c.ListRule, c.ViewRule = types.Pointer(""), types.Pointer("")
		write := types.Pointer(`may(@request.auth.id, 'places.manage') = true`)
		c.CreateRule, c.UpdateRule, c.DeleteRule = write, write, write
		return app.Save(c)
	}, func(app core.App) error {
		return deleteCollection(app, "regions")
	})
}
