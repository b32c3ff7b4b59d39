package accounts

import (
	"net/http"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
)

// me answers GET me with all that a front end needs to know of who is signed in.
func (r *room) me(e *core.RequestEvent) error {
	info, err := e.RequestInfo()
	if err != nil {
		return err
	}
	role, err := e.App.FindRecordById(schema.Roles, e.Auth.GetString("role"))
	if err != nil {
		return err
	}
	unread, err := e.App.CountRecords(schema.Notifications, dbx.HashExp{"user": e.Auth.Id, "readAt": ""})
	if err != nil {
		return err
	}
	if err := apis.EnrichRecord(e, e.Auth); err != nil {
		return err
	}
	return e.JSON(http.StatusOK, map[string]any{
		"user": e.Auth,
		"role": map[string]any{
			"id": role.Id, "name": role.GetString("name"), "permissions": role.GetStringSlice("permissions"),
			"webActions": role.GetStringSlice("webActions"), "mobileActions": role.GetStringSlice("mobileActions"),
		},
		"unreadNotifications": unread,
		"language":            r.Language(info),
		"timezone":            r.Timezone(info),
	})
}

// permissions answers GET permissions with every permission and what it allows,
// in the caller's language.
func (r *room) permissions(e *core.RequestEvent) error {
	info, err := e.RequestInfo()
	if err != nil {
		return err
	}
	type permission struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	}
	language := r.Language(info)
	all := make([]permission, 0, len(schema.Permissions()))
	for _, name := range schema.Permissions() {
		all = append(all, permission{name, r.Text(language, "permission."+name, nil)})
	}
	return e.JSON(http.StatusOK, all)
}
