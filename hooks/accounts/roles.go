package accounts

import (
	"encoding/json"
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/actor"
	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

// Bounds of a role's actions.
const (
	actionsMost = 500 // of one kind
	actionMost  = 256 // characters
)

func (r *room) createRole(e *core.RecordRequestEvent) error {
	if err := grantable(e.RequestEvent, e.Record); err != nil {
		return err
	}
	return e.Next()
}

func (r *room) updateRole(e *core.RecordRequestEvent) error {
	e.Record.IgnoreUnchangedFields(true)
	if e.HasSuperuserAuth() {
		return r.unbound(e.Record, e.Next)
	}
	if err := withinOwn(e.RequestEvent, e.Record.Original()); err != nil {
		return err
	}
	if err := grantable(e.RequestEvent, e.Record); err != nil {
		return err
	}
	return e.Next()
}

func (r *room) deleteRole(e *core.RecordRequestEvent) error {
	if err := withinOwn(e.RequestEvent, e.Record); err != nil {
		return err
	}
	return e.Next()
}

// copyRole answers POST roles/{id}/copy with a role that grants the same.
func copyRole(e *core.RequestEvent) error {
	own, err := heldBy(e.App, e.Auth)
	if err != nil {
		return err
	}
	if !own.has(schema.RolesManage) {
		return e.ForbiddenError("", nil)
	}
	role, err := e.App.FindRecordById(schema.Roles, e.Request.PathValue("id"))
	if err != nil {
		return e.NotFoundError("", err)
	}
	if err := withinOwn(e, role); err != nil {
		return err
	}
	var body struct {
		Name string `json:"name"`
	}
	if err := e.BindBody(&body); err != nil {
		return e.BadRequestError("Failed to read the submitted data.", err)
	}
	copied := core.NewRecord(role.Collection())
	err = e.App.RunInTransaction(func(tx core.App) error {
		if body.Name == "" {
			if body.Name, err = nextName(tx, role.GetString("name")); err != nil {
				return err
			}
		}
		copied.Set("name", body.Name)
		for _, field := range []string{"permissions", "webActions", "mobileActions"} {
			copied.Set(field, role.Get(field))
		}
		return tx.SaveWithContext(actor.Context(e), copied)
	})
	if err != nil {
		return e.BadRequestError("Failed to create record", err)
	}
	if err := apis.EnrichRecord(e, copied); err != nil {
		return err
	}
	return e.JSON(http.StatusOK, copied)
}

// nextName returns the first free of "<name> (2)", "<name> (3)", …
func nextName(app core.App, name string) (string, error) {
	for n := 2; ; n++ {
		next := fmt.Sprintf("%s (%d)", name, n)
		taken, err := app.CountRecords(schema.Roles, dbx.NewExp("name = {:name} COLLATE NOCASE", dbx.Params{"name": next}))
		if err != nil {
			return "", fmt.Errorf("looking for a name: %w", err)
		}
		if taken == 0 {
			return next, nil
		}
	}
}

// withinOwn refuses to act on a role that holds more than the caller does.
func withinOwn(e *core.RequestEvent, role *core.Record) error {
	own, err := heldBy(e.App, e.Auth)
	if err != nil {
		return err
	}
	if own.lacks(role.GetStringSlice("permissions")) {
		return reply.Error(holdsMore())
	}
	return nil
}

// grantable refuses a role that would grant more than the caller holds.
func grantable(e *core.RequestEvent, role *core.Record) error {
	own, err := heldBy(e.App, e.Auth)
	if err != nil {
		return err
	}
	// An unknown permission is PocketBase's to refuse.
	for _, p := range schema.Permissions() {
		if held(role.GetStringSlice("permissions")).has(p) && !own.has(p) {
			return reply.Error(beyondOwn("permissions"))
		}
	}
	return nil
}

// checkRole wants a role's actions to be lists of strings.
func checkRole(e *core.RecordEvent) error {
	for _, field := range []string{"webActions", "mobileActions"} {
		var actions []string
		raw := e.Record.GetString(field)
		ok := raw == "" || json.Unmarshal([]byte(raw), &actions) == nil
		for _, a := range actions {
			ok = ok && utf8.RuneCountInString(a) <= actionMost
		}
		if !ok || len(actions) > actionsMost {
			return reply.Validation(fault.Field(field, "actions_invalid", map[string]any{"most": actionsMost, "length": actionMost}))
		}
		if actions == nil {
			e.Record.Set(field, []string{})
		}
	}
	return e.Next()
}

// keepUsedRole refuses to delete a role that somebody has: a user always has one.
func keepUsedRole(e *core.RecordEvent) error {
	users, err := e.App.CountRecords(schema.Users, dbx.HashExp{"role": e.Record.Id})
	if err != nil {
		return err
	}
	if users > 0 {
		return reply.Validation(fault.New(fault.Invalid, "role_in_use"))
	}
	return e.Next()
}
