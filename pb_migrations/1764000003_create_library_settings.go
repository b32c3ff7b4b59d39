package pb_migrations

import (
	"strings"

	"github.com/pocketbase/pocketbase/core"
	m "github.com/pocketbase/pocketbase/migrations"
	"github.com/pocketbase/pocketbase/tools/types"
)

func init() {
	m.Register(func(app core.App) error {
		whole := func(name string, min, max float64) *core.NumberField {
			// PocketBase lets 0 pass any minimum unless the field is required.
			return &core.NumberField{Name: name, OnlyInt: true, Required: min > 0, Min: &min, Max: &max}
		}
		c := core.NewBaseCollection("library_settings")
		c.Fields.Add(
			&core.JSONField{Name: "allowedEmailDomains", MaxSize: 16384},
			&core.JSONField{Name: "allowedExtensions", MaxSize: 4096},
			whole("maxUploadMB", 1, 1<<20),
			&core.TextField{Name: "alertTime", Required: true, Pattern: `^([01][0-9]|2[0-3]):[0-5][0-9]$`},
			whole("auditDays", 1, 36500),
			whole("loanDays", 1, 3650),
			whole("maxLoans", 1, 10000),
			whole("maxRenewals", 0, 1000),
			whole("holdDays", 1, 365),
			whole("dueReminderDays", 0, 365),
			&core.BoolField{Name: "keepHistory"},
			&core.AutodateField{Name: "created", OnCreate: true},
			&core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
		)
		rule := types.Pointer(`may(@request.auth.id, 'library.manage') = true`)
		c.ListRule, c.ViewRule, c.UpdateRule = rule, rule, rule
		if err := app.Save(c); err != nil {
			return err
		}
		r := core.NewRecord(c)
		r.Id = "librarysettings"
		r.Set("allowedEmailDomains", []string{})
		r.Set("allowedExtensions", strings.Fields("txt pdf doc docx xls xlsx csv odt ods zip rar epub mobi cbz cbr "+
			"jpg jpeg png gif webp avif heic mp3 m4a m4b ogg opus flac wav mp4 m4v mkv mov webm wmv avi"))
		r.Set("maxUploadMB", 2048)
		r.Set("alertTime", "10:00")
		r.Set("auditDays", 365)
		r.Set("loanDays", 21)
		r.Set("maxLoans", 5)
		r.Set("maxRenewals", 2)
		r.Set("holdDays", 3)
		r.Set("dueReminderDays", 2)
		return app.Save(r)
	}, func(app core.App) error {
		return deleteCollection(app, "library_settings")
	})
}
