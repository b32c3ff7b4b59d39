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
		documents, err := app.FindCollectionByNameOrId("documents")
		if err != nil {
			return err
		}
		// A path of ours or an https address: never a script, nor another host in disguise.
		const action = `^(https://[^\s\\]+|/([^/\\\s][^\\\s]*)?)$`
		c := core.NewBaseCollection("notifications")
		c.Fields.Add(
			&core.RelationField{Name: "user", CollectionId: users.Id, MaxSelect: 1, Required: true, CascadeDelete: true},
			&core.TextField{Name: "title", Required: true, Max: 200, Presentable: true},
			&core.TextField{Name: "body", Max: 2000},
			&core.SelectField{Name: "kind", MaxSelect: 1, Required: true, Values: []string{
				"message", "share", "expiry", "due", "hold", "account", "system",
			}},
			&core.RelationField{Name: "document", CollectionId: documents.Id, MaxSelect: 1},
			&core.TextField{Name: "webAction", Max: 512, Pattern: action},
			&core.TextField{Name: "mobileAction", Max: 512, Pattern: action},
			&core.DateField{Name: "readAt"},
			&core.AutodateField{Name: "created", OnCreate: true},
			&core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
		)
		c.AddIndex("idx_notifications_user", false, "`user`, `created`, `id`", "")
		c.AddIndex("idx_notifications_unread", false, "`user`, `readAt`", "")
		c.AddIndex("idx_notifications_document", false, "`document`", "")
		c.AddIndex("idx_notifications_created", false, "`created`, `id`", "")
		own := `may(@request.auth.id) = true && (user = @request.auth.id || may(@request.auth.id, 'notifications.send') = true)`
		c.ListRule, c.ViewRule, c.DeleteRule = &own, &own, &own
		c.CreateRule = types.Pointer(`may(@request.auth.id, 'notifications.send') = true`)
		// One's own can be marked as read or unread, and nothing else.
		c.UpdateRule = types.Pointer(`may(@request.auth.id, 'notifications.send') = true || (may(@request.auth.id) = true && user = @request.auth.id` +
			` && @request.body.user:changed = false && @request.body.title:changed = false && @request.body.body:changed = false` +
			` && @request.body.kind:changed = false && @request.body.document:changed = false` +
			` && @request.body.webAction:changed = false && @request.body.mobileAction:changed = false)`)
		return app.Save(c)
	}, func(app core.App) error {
		return deleteCollection(app, "notifications")
	})
}
