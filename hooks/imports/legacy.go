package imports

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"onlibrary/internal/flask"
	"onlibrary/internal/schema"
)

const (
	legacyHash = "legacyHash"
	// bcryptMost is how many bytes of a password bcrypt looks at.
	bcryptMost = 72
)

// signIn checks a password by its old hash, once: when it is right, PocketBase's
// own takes its place.
func (r *room) signIn(e *core.RecordAuthWithPasswordRequestEvent) error {
	if e.Record != nil && e.Record.GetString(legacyHash) != "" {
		right, err := r.matches(e.Request.Context(), e.Record.GetString(legacyHash), e.Password)
		if err == nil && right {
			err = renew(e)
		}
		if err != nil {
			return err
		}
		return e.Next()
	}
	err := e.Next()
	var refusal *router.ApiError
	if errors.As(err, &refusal) && refusal.Status == http.StatusBadRequest {
		if err := r.standIn(e); err != nil {
			return err
		}
	}
	return err
}

// matches waits for its turn, then compares. What is no hash matches nothing.
func (r *room) matches(ctx context.Context, hash, password string) (bool, error) {
	h, err := flask.ParseHash(hash)
	if err != nil {
		return false, nil //nolint:nilerr // as good as no hash: the password is wrong
	}
	select {
	case r.turns <- struct{}{}:
		defer func() { <-r.turns }()
		return h.Matches(password), nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// renew replaces the old hash, whatever the password is like by today's rules.
// It writes past the record's hooks: nobody changed the account.
func renew(e *core.RecordAuthWithPasswordRequestEvent) error {
	fresh, err := e.App.FindRecordById(schema.Users, e.Record.Id)
	if err != nil {
		return err
	}
	old := fresh.GetString(legacyHash)
	if old != e.Record.GetString(legacyHash) { // another sign-in, or a new password, was first
		e.Record = fresh
		return nil
	}
	// bcrypt compares no more than that either.
	password := e.Password[:min(len(e.Password), bcryptMost)]
	made := fresh.Clone()
	made.SetPassword(password)
	hash := made.GetString("password:hash")
	done, err := e.App.NonconcurrentDB().Update(schema.Users,
		dbx.Params{core.FieldNamePassword: hash, legacyHash: ""},
		dbx.HashExp{"id": fresh.Id, legacyHash: old, core.FieldNamePassword: fresh.GetString("password:hash")}).Execute()
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 { // as above, in between
		e.Record, err = e.App.FindRecordById(schema.Users, fresh.Id)
		return err
	}
	fresh.SetRaw(core.FieldNamePassword, &core.PasswordFieldValue{Hash: hash})
	fresh.Set(legacyHash, "")
	e.Record = fresh
	return nil
}

// standIn takes as long as the check of an old hash where there is none to
// check, as long as anybody has one: how long a refusal takes must not tell
// whose accounts there are. A name always meets the same hash, as an account does.
func (r *room) standIn(e *core.RecordAuthWithPasswordRequestEvent) error {
	from := newID("stand-in", 0, strings.ToLower(e.Identity))
	var hashes []string
	for _, where := range []dbx.Expression{dbx.NewExp("id >= {:from}", dbx.Params{"from": from}), nil} {
		err := e.App.ConcurrentDB().Select(legacyHash).From(schema.Users).
			Where(dbx.NewExp("legacyHash != ''")).AndWhere(where).OrderBy("id").Limit(1).Column(&hashes)
		if err != nil {
			return err
		}
		if len(hashes) > 0 {
			_, err := r.matches(e.Request.Context(), hashes[0], e.Password)
			return err
		}
	}
	return nil
}

// hide keeps old hashes out of every answer: PocketBase shows superusers what is
// hidden.
func hide(e *core.RecordEnrichEvent) error {
	err := e.Next()
	e.Record.Hide(legacyHash)
	return err
}

// hold keeps an old hash as it is, whatever a client that was not shown it sends.
func hold(e *core.RecordRequestEvent) error {
	e.Record.Set(legacyHash, e.Record.Original().GetString(legacyHash))
	return e.Next()
}

// dropLegacyHash has a new password, by whichever way it came, end the old one.
func dropLegacyHash(e *core.RecordEvent) error {
	u := e.Record
	if u.GetString("password:hash") != u.Original().GetString("password:hash") {
		u.Set(legacyHash, "")
	}
	return e.Next()
}
