package pb_migrations

import (
	"github.com/pocketbase/pocketbase/core"
	m "github.com/pocketbase/pocketbase/migrations"
	"github.com/pocketbase/pocketbase/tools/types"
)

func init() {
	m.Register(func(app core.App) error {
		c := core.NewBaseCollection("jobs")
		c.Fields.Add(
			&core.TextField{Name: "kind", Required: true, Max: 64},
			&core.JSONField{Name: "payload", MaxSize: 65536},
			&core.SelectField{Name: "state", MaxSelect: 1, Required: true, Values: []string{"queued", "running", "done", "failed"}},
			&core.NumberField{Name: "attempts", OnlyInt: true, Min: types.Pointer(0.0)},
			&core.DateField{Name: "runAt"},
			&core.TextField{Name: "lastError", Max: 2000},
			&core.TextField{Name: "key", Required: true, Max: 256},
			&core.AutodateField{Name: "created", OnCreate: true},
			&core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
		)
		c.AddIndex("idx_jobs_key", true, "`key`", "")
		c.AddIndex("idx_jobs_due", false, "`state`, `kind`, `runAt`", "")
		c.AddIndex("idx_jobs_created", false, "`created`, `id`", "")
		return app.Save(c)
	}, func(app core.App) error {
		return deleteCollection(app, "jobs")
	})
}
