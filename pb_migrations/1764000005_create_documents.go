package pb_migrations

import (
	"github.com/pocketbase/pocketbase/core"
	m "github.com/pocketbase/pocketbase/migrations"
	"github.com/pocketbase/pocketbase/tools/types"
)

func init() {
	m.Register(func(app core.App) error {
		users, err := app.FindCollectionByNameOrId("users")
		if err != nil {
			return err
		}
		categories, err := app.FindCollectionByNameOrId("categories")
		if err != nil {
			return err
		}
		number := func(name string, whole bool, max float64) *core.NumberField {
			return &core.NumberField{Name: name, OnlyInt: whole, Min: types.Pointer(0.0), Max: &max}
		}
		c := core.NewBaseCollection("documents")
		c.Fields.Add(
			&core.TextField{Name: "code", Max: 128},
			&core.TextField{Name: "title", Max: 256, Presentable: true},
			// The file's name stands in for a title until the file's own is read.
			&core.BoolField{Name: "titleProvisional", Hidden: true},
			&core.TextField{Name: "description", Max: 4000},
			// Hidden keeps it, as alertEmails, out of every filter and sort; owner and staff see it all the same.
			&core.TextField{Name: "observations", Max: 2000, Hidden: true},
			&core.JSONField{Name: "authors", MaxSize: 16384},
			&core.TextField{Name: "publisher", Max: 256},
			&core.TextField{Name: "published", Pattern: `^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$`},
			&core.TextField{Name: "language", Max: 35},
			&core.TextField{Name: "isbn", Max: 13},
			&core.TextField{Name: "series", Max: 256},
			&core.NumberField{Name: "seriesIndex", Min: types.Pointer(0.0), Max: types.Pointer(1e6)},
			&core.JSONField{Name: "tags", MaxSize: 16384},
			&core.RelationField{Name: "category", CollectionId: categories.Id, MaxSelect: 1},
			&core.RelationField{Name: "owner", CollectionId: users.Id, MaxSelect: 1},
			&core.SelectField{Name: "visibility", MaxSelect: 1, Required: true, Values: []string{"private", "members", "public"}},
			&core.FileField{Name: "file", MaxSelect: 1, Required: true, Protected: true, MaxSize: 2048 << 20},
			&core.TextField{Name: "fileName", Max: 255},
			&core.TextField{Name: "contentType", Max: 128},
			number("fileSize", true, 1<<53),
			&core.TextField{Name: "sha256", Pattern: `^[0-9a-f]{64}$`},
			&core.DateField{Name: "fileUpdated"},
			&core.SelectField{Name: "kind", MaxSelect: 1, Values: []string{"book", "comic", "document", "image", "audio", "video", "archive", "other"}},
			number("pages", true, 1e7),
			number("duration", false, 1e8),
			&core.FileField{Name: "thumbnail", MaxSelect: 1, Protected: true, MaxSize: 1 << 20, MimeTypes: []string{"image/jpeg", "image/webp"}},
			&core.SelectField{Name: "state", MaxSelect: 1, Required: true, Values: []string{"processing", "ready", "failed"}},
			&core.SelectField{Name: "stateDetail", MaxSelect: 1, Values: []string{
				"preview_password", "preview_broken", "preview_timeout", "preview_unsupported", "preview_tool_missing",
			}},
			&core.TextField{Name: "expiresOn", Pattern: `^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$`},
			&core.BoolField{Name: "alert"},
			number("daysToAlert", true, 3650),
			&core.JSONField{Name: "alertEmails", MaxSize: 4096, Hidden: true},
			number("copies", true, 1e6),
			&core.AutodateField{Name: "created", OnCreate: true},
			&core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
		)
		c.AddIndex("idx_documents_code", true, "`code`", "")
		// Totals are counted off this one.
		c.AddIndex("idx_documents_reach", false, "`visibility`, `owner`", "")
		c.AddIndex("idx_documents_owner", false, "`owner`, `created`, `id`", "")
		// What is listed most carries what the list rule asks for, so that hidden
		// rows, and those before the page, are passed over in the index.
		c.AddIndex("idx_documents_category", false, "`category`, `created`, `id`, `visibility`, `owner`", "")
		c.AddIndex("idx_documents_created", false, "`created`, `id`, `visibility`, `owner`", "")
		c.AddIndex("idx_documents_updated", false, "`updated`, `id`", "")
		c.AddIndex("idx_documents_title", false, "`title`, `id`", "")
		c.AddIndex("idx_documents_published", false, "`published`, `id`", "")
		c.AddIndex("idx_documents_series", false, "`series`, `seriesIndex`, `id`", "")
		c.AddIndex("idx_documents_expiresOn", false, "`expiresOn`, `id`", "")
		c.AddIndex("idx_documents_fileSize", false, "`fileSize`, `id`", "")
		c.AddIndex("idx_documents_isbn", false, "`isbn`", "`isbn` != ''")
		c.CreateRule = types.Pointer(`may(@request.auth.id, 'documents.create') = true`)
		c.UpdateRule = types.Pointer(`may(@request.auth.id) = true && (owner = @request.auth.id || may(@request.auth.id, 'documents.manage') = true)`)
		c.DeleteRule = c.UpdateRule
		return app.Save(c)
	}, func(app core.App) error {
		return deleteCollection(app, "documents")
	})
}
