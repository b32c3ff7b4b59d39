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
		c.Fields.Add(
			// The expiresOn that the last alert was for, and when it was sent.
			&core.TextField{Name: "alertedFor", Max: 10, Hidden: true},
			&core.DateField{Name: "alertedAt", Hidden: true},
		)
		// It holds what has an alert to come, by the day of that.
		c.AddIndex("idx_documents_alerts", false, "date(`expiresOn`, '-' || `daysToAlert` || ' days'), `id`",
			"`alert` = 1 AND `expiresOn` != '' AND `alertedFor` != `expiresOn`")
		return app.Save(c)
	}, func(app core.App) error {
		c, err := app.FindCollectionByNameOrId("documents")
		if err != nil {
			return err
		}
		c.RemoveIndex("idx_documents_alerts")
		c.Fields.RemoveByName("alertedFor")
		c.Fields.RemoveByName("alertedAt")
		return app.Save(c)
	})
}
