package imports

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/ozzo-validation/v4/is"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	"onlibrary/internal/flask"
	"onlibrary/internal/schema"
)

// devices are what the push tokens of users become, of which each had one.
const devices = "user.fcm_token"

func (m *mover) user(ctx context.Context, row flask.Row, rec *core.Record, l *line) error {
	wanted := row.Text("username")
	rec.Set("name", row.Text("name"))
	email, err := m.email(row, l)
	if err != nil {
		return err
	}
	rec.SetEmail(email)
	username, err := m.Username(m.app, wanted, row.Text("name"), func(u string) bool { return m.names["user "+strings.ToLower(u)] })
	if err != nil {
		return err
	}
	if m.dry {
		m.names["user "+strings.ToLower(username)] = true
	}
	if username != wanted {
		l.note("username %q became %q", wanted, username)
	}
	rec.Set("username", username)

	role, ok := m.found(flask.Roles, row.Number("role_id"))
	if !ok {
		role = schema.RoleVisitor
		l.note("there is no role %d: becomes a Visitor", row.Number("role_id"))
	}
	rec.Set("role", role)
	rec.SetVerified(row.Number("is_verified") == 1 && email != "")
	rec.Set("state", state(row))
	rec.Set("channels", []string{schema.ChannelPush, schema.ChannelMail})
	lastLogin, err := m.instant(row, "last_login_at", m.zone)
	if err != nil {
		return err
	}
	rec.Set("lastLogin", lastLogin)

	rec.SetRaw(core.FieldNamePassword, &core.PasswordFieldValue{Hash: m.nobody})
	if _, err := flask.ParseHash(row.Text("hashpass")); err != nil {
		l.note("comes without password: %v", err)
	} else {
		rec.Set(legacyHash, row.Text("hashpass"))
	}
	return m.avatar(ctx, row, rec, l)
}

// state tells who was let out again, for good, from who never was let in.
func state(row flask.Row) string {
	switch {
	case row.Number("is_active") == 1:
		return schema.StateActive
	case row.Number("is_verified") != 1 && !row.Has("last_login_at"):
		return schema.StatePending
	}
	return schema.StateInactive
}

// email returns the address that the account keeps: one that is its own alone.
func (m *mover) email(row flask.Row, l *line) (string, error) {
	email := row.Text("email")
	without := func(why string) (string, error) {
		l.note("comes with its username only: %s", why)
		return "", nil
	}
	switch {
	case email == "":
		return without("it had no e-mail")
	case m.addresses[strings.ToLower(email)] > 1:
		return without("others had the e-mail " + email + ", too")
	case is.EmailFormat.Validate(email) != nil:
		return without("its e-mail is none")
	}
	taken, err := m.app.CountRecords(schema.Users, dbx.NewExp("email = {:email} COLLATE NOCASE", dbx.Params{"email": email}))
	if err != nil {
		return "", err
	}
	if taken > 0 {
		return without("an account of this library has the e-mail " + email)
	}
	return email, nil
}

func (m *mover) avatar(ctx context.Context, row flask.Row, rec *core.Record, l *line) error {
	if !row.Has("avatar_url") {
		return nil
	}
	file, err := m.file(ctx, row.Text("avatar_url"))
	if errors.Is(err, fs.ErrNotExist) {
		l.note("its avatar is gone")
		return nil
	}
	if err != nil {
		return err
	}
	rec.Set("avatar", file)
	return nil
}

// file opens an upload by what the old system kept: an object's name or, in
// some of its versions, the whole address.
func (m *mover) file(ctx context.Context, kept string) (*filesystem.File, error) {
	if strings.Contains(kept, "://") {
		kept = path.Base(kept)
	}
	kept = strings.TrimLeft(kept, "/")
	if !filepath.IsLocal(kept) {
		return nil, skip("its file %q would lie outside of the uploads", kept)
	}
	file, clean, err := m.uploads.open(ctx, kept)
	if errors.Is(err, fs.ErrNotExist) && path.Base(kept) != kept { // as in uploads/name
		file, clean, err = m.uploads.open(ctx, path.Base(kept))
	}
	if err != nil {
		return nil, err
	}
	m.clean = append(m.clean, clean)
	return file, nil
}

// device moves a user's push token. The old system did not know of what kind
// the device was; its apps were for phones.
func (m *mover) device(_ context.Context, row flask.Row, rec *core.Record, _ *line) error {
	token := row.Text("fcm_token")
	if token == "" {
		return errNothing
	}
	user, ok := m.found(flask.Users, row.ID())
	if !ok {
		return skip("its user did not come")
	}
	there, err := m.there(schema.Devices, dbx.HashExp{"token": token})
	if err != nil {
		return err
	}
	if there != "" {
		return settled{outcome: unchanged, at: there, why: "the device is known already"}
	}
	seen, err := m.instant(row, "last_login_at", m.zone)
	if err != nil {
		return err
	}
	rec.Set("user", user)
	rec.Set("token", token)
	rec.Set("platform", "android")
	rec.Set("label", "Flask")
	rec.Set("lastSeen", seen)
	return nil
}
