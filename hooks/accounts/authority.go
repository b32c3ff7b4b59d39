package accounts

import (
	"slices"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/fault"
	"onlibrary/internal/schema"
)

// held is a set of permissions.
type held []string

func (h held) has(permission string) bool { return slices.Contains(h, permission) }

// lacks tells whether h misses one of the others.
func (h held) lacks(others held) bool {
	return slices.ContainsFunc(others, func(p string) bool { return !h.has(p) })
}

// heldBy returns what the caller may do just now, by the database rather than
// by the token's copy of the account: a superuser everything, a guest and who
// is not active nothing.
func heldBy(app core.App, caller *core.Record) (held, error) {
	switch {
	case caller == nil:
		return nil, nil
	case caller.IsSuperuser():
		return schema.Permissions(), nil
	case caller.Collection().Name != schema.Users:
		return nil, nil
	}
	users, err := app.FindRecordsByIds(schema.Users, []string{caller.Id})
	if err != nil || len(users) == 0 || users[0].GetString("state") != schema.StateActive {
		return nil, err
	}
	return heldByRole(app, users[0].GetString("role"))
}

// heldByRole returns what a role grants; nothing if there is no such role.
func heldByRole(app core.App, id string) (held, error) {
	roles, err := app.FindRecordsByIds(schema.Roles, []string{id})
	if err != nil || len(roles) == 0 {
		return nil, err
	}
	return roles[0].GetStringSlice("permissions"), nil
}

// isSelf tells whether the user is the caller's own account.
func isSelf(caller, user *core.Record) bool {
	return caller != nil && caller.Collection().Name == user.Collection().Name && caller.Id == user.Id
}

func beyondOwn(field string) error { return fault.Field(field, "grant_beyond_own", nil) }
func holdsMore() error             { return fault.New(fault.Forbidden, "holds_more_than_you") }
func forbidden(field string) error { return fault.Field(field, "field_forbidden", nil) }
