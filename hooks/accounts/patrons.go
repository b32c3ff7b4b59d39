package accounts

import (
	"database/sql"
	"errors"
	"net/http"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

// findPatron answers GET patrons?username= with the profile of one active
// patron. Nobody can list patrons by it: tries are limited.
func (r *room) findPatron(e *core.RequestEvent) error {
	if wait := r.lookups.Take(e.Auth.Id, r.Now()); wait > 0 {
		return reply.Later(e.Response.Header(), wait, "too_many_tries")
	}
	username := e.Request.URL.Query().Get("username")
	unknown := reply.Error(fault.New(fault.NotFound, "patron_unknown"))
	if username == "" || len(username) > usernameBytes {
		return unknown
	}
	user, err := findByUsername(e.App, username)
	if errors.Is(err, sql.ErrNoRows) {
		return unknown
	}
	if err != nil {
		return err
	}
	if user.GetString("state") != schema.StateActive {
		return unknown
	}
	return e.JSON(http.StatusOK, profile{
		ID: user.Id, Name: user.GetString("name"), Username: user.GetString("username"), Avatar: user.GetString("avatar"),
	})
}

// profile is what one patron may see of another.
type profile struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Username string `json:"username"`
	Avatar   string `json:"avatar"`
}

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
	unread, err := unreadNotifications(e.App, e.Auth)
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
		"language":            r.Language(e.App, info),
		"timezone":            r.Timezone(e.App, info),
	})
}

// unreadNotifications counts them, once there is such a collection.
func unreadNotifications(app core.App, user *core.Record) (int64, error) {
	const notifications = "notifications"
	if _, err := app.FindCachedCollectionByNameOrId(notifications); errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	return app.CountRecords(notifications, dbx.HashExp{"user": user.Id, "readAt": ""})
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
	language := r.Language(e.App, info)
	all := make([]permission, 0, len(schema.Permissions()))
	for _, name := range schema.Permissions() {
		all = append(all, permission{name, r.Text(language, "permission."+name, nil)})
	}
	return e.JSON(http.StatusOK, all)
}
