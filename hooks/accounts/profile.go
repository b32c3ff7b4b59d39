package accounts

import (
	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

// updateUser keeps users to their own profile, and staff below those who hold
// more than they do.
func (r *room) updateUser(e *core.RecordRequestEvent) error {
	u := e.Record
	// Only what changes is written: a deactivation may have come between.
	u.IgnoreUnchangedFields(true)
	if !isSelf(e.Auth, u) {
		passwordGiven(u)
	}
	if e.HasSuperuserAuth() {
		return r.unbound(u, e.Next)
	}
	own, err := heldBy(e.App, e.Auth)
	if err != nil {
		return err
	}
	if changed(u, "lastLogin") {
		return reply.Error(forbidden("lastLogin"))
	}
	if isSelf(e.Auth, u) {
		if err := checkOwnCredentials(e); err != nil {
			return err
		}
	}
	if !own.has(schema.UsersManage) {
		for _, field := range []string{"role", "state", core.FieldNameVerified} {
			if changed(u, field) {
				return reply.Error(forbidden(field))
			}
		}
		return e.Next()
	}
	if guarded(u) {
		theirs, err := heldByRole(e.App, u.Original().GetString("role"))
		if err != nil {
			return err
		}
		if own.lacks(theirs) {
			return reply.Error(holdsMore())
		}
	}
	if changed(u, "role") {
		granted, err := heldByRole(e.App, u.GetString("role"))
		if err != nil {
			return err
		}
		if own.lacks(granted) {
			return reply.Error(beyondOwn("role"))
		}
	}
	return e.Next()
}

// checkOwnCredentials holds for those who manage users, too: whoever finds
// their session open must not be able to take the account over.
func checkOwnCredentials(e *core.RecordRequestEvent) error {
	u := e.Record
	if changed(u, core.FieldNameEmail) {
		return reply.Error(fault.Field(core.FieldNameEmail, "email_by_confirmation", nil))
	}
	if !changed(u, core.FieldNamePassword) {
		return nil
	}
	info, err := e.RequestInfo()
	if err != nil {
		return err
	}
	old, _ := info.Body["oldPassword"].(string)
	switch {
	case old == "":
		return e.BadRequestError("Failed to update record.", validation.Errors{"oldPassword": validation.ErrRequired})
	case !u.Original().ValidatePassword(old):
		return e.BadRequestError("Failed to update record.", validation.Errors{
			"oldPassword": validation.NewError("validation_invalid_old_password", "Missing or invalid old password."),
		})
	}
	return nil
}

// deleteUser keeps staff from deleting who holds more than they do.
func (r *room) deleteUser(e *core.RecordRequestEvent) error {
	if e.HasSuperuserAuth() {
		return r.unbound(e.Record, e.Next)
	}
	own, err := heldBy(e.App, e.Auth)
	if err != nil {
		return err
	}
	theirs, err := heldByRole(e.App, e.Record.GetString("role"))
	if err != nil {
		return err
	}
	if own.lacks(theirs) {
		return reply.Error(holdsMore())
	}
	return e.Next()
}

// guarded tells whether an update touches what would let one take an account
// over, or shut its owner out.
func guarded(u *core.Record) bool {
	return changed(u, "role") || changed(u, "state") || changed(u, core.FieldNameEmail) ||
		changed(u, core.FieldNameVerified) || changed(u, core.FieldNamePassword)
}

// changed compares with the record as the request found it. A password, which
// is read as it was sent or not at all, has changed if there is one.
func changed(u *core.Record, field string) bool {
	return u.GetString(field) != u.Original().GetString(field)
}
