package pb_migrations

import (
	"os"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"
	m "github.com/pocketbase/pocketbase/migrations"
	"github.com/pocketbase/pocketbase/tools/types"
)

func init() {
	m.Register(func(app core.App) error {
		c := core.NewBaseCollection("library")
		c.Fields.Add(
			&core.TextField{Name: "name", Max: 128, Presentable: true},
			&core.TextField{Name: "description", Max: 2000},
			&core.FileField{Name: "logo", MaxSize: 5 << 20, MimeTypes: []string{"image/jpeg", "image/png", "image/gif", "image/webp"}},
			&core.TextField{Name: "defaultLanguage", Required: true, Max: 35},
			&core.TextField{Name: "defaultTimezone", Required: true, Max: 64},
			&core.SelectField{Name: "signup", MaxSelect: 1, Required: true, Values: []string{"open", "closed"}},
			&core.SelectField{Name: "activation", MaxSelect: 1, Required: true, Values: []string{"email", "approval", "none"}},
			&core.AutodateField{Name: "created", OnCreate: true},
			&core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
		)
		c.ListRule = types.Pointer("")
		c.ViewRule = types.Pointer("")
		c.UpdateRule = types.Pointer(`may(@request.auth.id, 'library.manage') = true`)
		if err := app.Save(c); err != nil {
			return err
		}
		r := core.NewRecord(c)
		r.Id = "library00000000"
		r.Set("name", "OnLibrary")
		r.Set("defaultLanguage", "en")
		r.Set("defaultTimezone", machineZone())
		r.Set("signup", "open")
		r.Set("activation", "approval")
		return app.Save(r)
	}, func(app core.App) error {
		return deleteCollection(app, "library")
	})
}

// machineZone is the IANA name of this machine's time zone, or UTC where it
// cannot be told: TZ, then what /etc/localtime links to, then /etc/timezone.
func machineZone() string {
	names := []string{os.Getenv("TZ")}
	if link, err := os.Readlink("/etc/localtime"); err == nil {
		if _, zone, ok := strings.Cut(link, "zoneinfo/"); ok {
			names = append(names, zone)
		}
	}
	if text, err := os.ReadFile("/etc/timezone"); err == nil {
		names = append(names, strings.TrimSpace(string(text)))
	}
	for _, name := range names {
		if name == "" || name == "Local" || strings.HasPrefix(name, "Etc/") {
			continue
		}
		if _, err := time.LoadLocation(name); err == nil {
			return name
		}
	}
	return "UTC"
}
