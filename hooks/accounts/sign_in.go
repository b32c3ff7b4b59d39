package accounts

import (
	"database/sql"
	"errors"
	"net/http"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"
	"github.com/pocketbase/pocketbase/tools/types"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

// signIn finds a user by a username in any case or form; PocketBase knows the
// ASCII cases only.
func (r *room) signIn(e *core.RecordAuthWithPasswordRequestEvent) error {
	if e.Record == nil && e.IdentityField != core.FieldNameEmail {
		user, err := findByUsername(e.App, e.Identity)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		e.Record = user
	} else if err := lookOn(e); err != nil {
		return err
	}
	err := sayWhy(e.Record, e.Next())
	var refusal *router.ApiError
	if errors.As(err, &refusal) && refusal.Status == http.StatusBadRequest && r.feigned.Wait(r.pair(e.Identity, e.Password), r.Now()) > 0 {
		// What was answered for a taken address looks like an account that waits.
		return reply.Error(fault.New(fault.Forbidden, "account_pending"))
	}
	return err
}

// lookOn looks for who is found already as often as PocketBase and we look for a
// stranger, by username, by its key and for anybody to compare a password with:
// else the time of the answer would tell them apart.
func lookOn(e *core.RecordAuthWithPasswordRequestEvent) error {
	searches := 2
	if e.IdentityField == "" && strings.Contains(e.Identity, "@") {
		searches++
	}
	for range searches {
		if _, err := findByUsername(e.App, e.Identity); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	return nil
}

// sayWhy tells who has proved to be user why the sign-in is closed all the same.
func sayWhy(user *core.Record, err error) error {
	var refusal *router.ApiError
	if user == nil || !errors.As(err, &refusal) || refusal.Status != http.StatusForbidden {
		return err
	}
	switch user.GetString("state") {
	case schema.StatePending:
		return reply.Error(fault.New(fault.Forbidden, "account_pending"))
	case schema.StateInactive:
		return reply.Error(fault.New(fault.Forbidden, "account_inactive"))
	}
	return err
}

// noteSignIn keeps when a user signed in last. It leaves the record's hooks and
// its updated alone: nobody changed the account.
func (r *room) noteSignIn(e *core.RecordAuthRequestEvent) error {
	if err := e.Next(); err != nil {
		return err
	}
	if e.AuthMethod == "" { // a token renewed, or an impersonation
		return nil
	}
	now, err := types.ParseDateTime(r.Now())
	if err != nil {
		return err
	}
	_, err = e.App.DB().Update(schema.Users, dbx.Params{"lastLogin": now.String()}, dbx.HashExp{"id": e.Record.Id}).Execute()
	if err != nil {
		// The answer is written; a missing date is no reason to fail.
		e.App.Logger().Error("noting a sign-in", "user", e.Record.Id, "error", err)
	}
	return nil
}
