package pb_migrations

import (
	"github.com/pocketbase/pocketbase/core"
	m "github.com/pocketbase/pocketbase/migrations"
	"github.com/pocketbase/pocketbase/tools/types"
)

func init() {
	m.Register(func(app core.App) error {
		c := core.NewBaseCollection("categories")
		c.Fields.Add(
			&core.TextField{Name: "code", Required: true, Max: 128},
			&core.TextField{Name: "name", Required: true, Max: 256, Presentable: true},
			&core.TextField{Name: "description", Max: 2000},
			&core.AutodateField{Name: "created", OnCreate: true},
			&core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
		)
		c.AddIndex("idx_categories_code", true, "`code`", "")
		c.AddIndex("idx_categories_name", false, "`name`, `id`", "")
		c.AddIndex("idx_categories_created", false, "`created`, `id`", "")
		c.ListRule = types.Pointer("")
		c.ViewRule = types.Pointer("")
		write := types.Pointer(`may(@request.auth.id, 'categories.manage') = true`)
		c.CreateRule, c.UpdateRule, c.DeleteRule = write, write, write
		return app.Save(c)
	}, func(app core.App) error {
		return deleteCollection(app, "categories")
	})
}
