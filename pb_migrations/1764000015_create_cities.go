package pb_migrations

import (
	"github.com/pocketbase/pocketbase/core"
	m "github.com/pocketbase/pocketbase/migrations"
	"github.com/pocketbase/pocketbase/tools/types"
)

func init() {
	m.Register(func(app core.App) error {
		regions, err := app.FindCollectionByNameOrId("regions")
		if err != nil {
			return err
		}
		c := core.NewBaseCollection("cities")
		c.Fields.Add(
			&core.TextField{Name: "name", Required: true, Max: 128, Presentable: true},
			// Required and not cascading: PocketBase keeps a region that has cities.
			&core.RelationField{Name: "region", CollectionId: regions.Id, MaxSelect: 1, Required: true},
			&core.AutodateField{Name: "created", OnCreate: true},
			&core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
		)
		c.AddIndex("idx_cities_region", false, "`region`, `name`", "")
		c.AddIndex("idx_cities_name", false, "`name`, `id`", "")
		c.AddIndex("idx_cities_created", false, "`created`, `id`", "")
		c.ListRule, c.ViewRule = types.Pointer(""), types.Pointer("")
		write := types.Pointer(`may(@request.auth.id, 'places.manage') = true`)
		c.CreateRule, c.UpdateRule, c.DeleteRule = write, write, write
		return app.Save(c)
	}, func(app core.App) error {
		return deleteCollection(app, "cities")
	})
}
