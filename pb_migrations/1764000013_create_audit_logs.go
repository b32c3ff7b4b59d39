package pb_migrations

import (
	"github.com/pocketbase/pocketbase/core"
	m "github.com/pocketbase/pocketbase/migrations"
	"github.com/pocketbase/pocketbase/tools/types"
)

func init() {
	m.Register(func(app core.App) error {
		c := core.NewBaseCollection("audit_logs")
		c.Fields.Add(
			// An id as text: the row outlives its actor.
			&core.TextField{Name: "actor", Max: 64},
			&core.TextField{Name: "actorName", Max: 256},
			&core.TextField{Name: "action", Required: true, Max: 64, Presentable: true},
			&core.TextField{Name: "collection", Max: 255},
			&core.TextField{Name: "record", Max: 255},
			&core.TextField{Name: "ip", Max: 64},
			&core.TextField{Name: "userAgent", Max: 750},
			&core.JSONField{Name: "changes", MaxSize: 64 << 10},
			&core.TextField{Name: "note", Max: 1024},
			&core.AutodateField{Name: "created", OnCreate: true},
			&core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
		)
		c.AddIndex("idx_audit_logs_created", false, "`created`, `id`", "")
		c.AddIndex("idx_audit_logs_actor", false, "`actor`, `created`", "")
		c.AddIndex("idx_audit_logs_record", false, "`collection`, `record`, `created`", "")
		read := types.Pointer(`may(@request.auth.id, 'audit.read') = true`)
		c.ListRule, c.ViewRule = read, read
		c.CreateRule = types.Pointer(`may(@request.auth.id, 'audit.write') = true && action = "note"`)
		return app.Save(c)
	}, func(app core.App) error {
		return deleteCollection(app, "audit_logs")
	})
}
