package pb_migrations

import (
	"github.com/pocketbase/pocketbase/core"
	m "github.com/pocketbase/pocketbase/migrations"
)

func init() {
	m.Register(func(app core.App) error {
		s := app.Settings()
		s.Meta.AppName = "OnLibrary"
		s.Meta.AppURL = "http://127.0.0.1:8090"
		s.Meta.SenderName = "OnLibrary"
		s.Meta.AccentColor = "#8a4b16"
		s.Batch.Enabled = false
		s.RateLimits.Enabled = true
		// The first rule that fits wins, and there is no way to say "unlimited".
		s.RateLimits.Rules = []core.RateLimitRule{
			{Label: "*:auth", MaxRequests: 120, Duration: 60},
			{Label: "*:create", MaxRequests: 60, Duration: 60},
			{Label: "/api/files/", MaxRequests: 1_000_000_000, Duration: 1},
			{Label: "/api/", MaxRequests: 1200, Duration: 10},
		}
		return app.Save(s)
	}, func(app core.App) error {
		s := app.Settings()
		s.RateLimits.Enabled = false
		return app.Save(s)
	})
}
