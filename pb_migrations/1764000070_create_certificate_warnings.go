package pb_migrations

import (
	"github.com/pocketbase/pocketbase/core"
	m "github.com/pocketbase/pocketbase/migrations"
)

func init() {
	m.Register(func(app core.App) error {
		// What was told of which certificate, its SHA-256: that it ends in so many days.
		_, err := app.DB().NewQuery("CREATE TABLE `certificate_warnings` (`certificate` TEXT NOT NULL, `days` INTEGER NOT NULL, " +
			"`told` TEXT NOT NULL, PRIMARY KEY (`certificate`, `days`)) WITHOUT ROWID").Execute()
		return err
	}, func(app core.App) error {
		_, err := app.DB().NewQuery("DROP TABLE `certificate_warnings`").Execute()
		return err
	})
}
