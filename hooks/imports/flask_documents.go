package imports

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/mail"
	"path"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/flask"
	"onlibrary/internal/schema"
)

const (
	alertEmailsMost = 10
	alertDaysMost   = 3650
)

func (m *mover) document(ctx context.Context, row flask.Row, rec *core.Record, l *line) error {
	if !row.Has("file_url") {
		return skip("it has no file, and so no shares or links either")
	}
	file, err := m.file(ctx, row.Text("file_url"))
	if errors.Is(err, fs.ErrNotExist) {
		return skip("its file %s is gone, and so are its shares and links", row.Text("file_url"))
	}
	if err != nil {
		return err
	}
	file.OriginalName = fileName(row)
	rec.Set("file", file)
	// Any edit set it, but it is all that is known of the file's age.
	if m.fileDate, err = m.instant(row, "file_updated_at", m.clock); err != nil {
		return err
	}
	if m.fileDate.IsZero() {
		m.fileDate = rec.GetDateTime("created")
	}
	if owner, ok := m.found(flask.Users, row.Number("user_id")); ok {
		rec.Set("owner", owner)
		m.owners[rec.Id] = owner
	} else {
		m.owners[rec.Id] = ""
		l.note("its owner %d did not come: only staff sees it", row.Number("user_id"))
	}
	if row.Number("document_category_id") != 0 {
		category, ok := m.found(flask.Categories, row.Number("document_category_id"))
		if !ok {
			l.note("there is no category %d", row.Number("document_category_id"))
		}
		rec.Set("category", category)
	}
	code := row.Text("code")
	there, err := m.there(schema.Documents, dbx.HashExp{"code": code})
	if err != nil {
		return err
	}
	if there != "" {
		l.note("another document has the code %s: gets a new one", code)
		code = ""
	}
	rec.Set("code", code)
	rec.Set("title", strings.Join(strings.Fields(row.Text("description")), " "))
	rec.Set("observations", row.Text("observations"))
	rec.Set("visibility", m.visibility)
	return alert(row, rec, l)
}

// fileName is what the file was called, with the ending of what is stored if it
// had none.
func fileName(row flask.Row) string {
	name, stored := row.Text("file_name"), path.Base(row.Text("file_url"))
	if name == "" {
		// <milliseconds>-<name>
		if _, rest, ok := strings.Cut(stored, "-"); ok && rest != "" {
			return rest
		}
		return stored
	}
	if path.Ext(name) == "" {
		name += path.Ext(stored)
	}
	return name
}

func alert(row flask.Row, rec *core.Record, l *line) error {
	expires, err := row.Day("expires_at")
	if err != nil {
		return err
	}
	rec.Set("expiresOn", expires)
	rec.Set("alert", row.Number("alert") == 1)
	days := row.Number("days_to_alert")
	if bounded := min(max(days, 0), alertDaysMost); bounded != days {
		l.note("alerts %d days before instead of %d", bounded, days)
		days = bounded
	}
	rec.Set("daysToAlert", days)
	addresses := []string{}
	for _, address := range strings.FieldsFunc(row.Text("alert_email"), func(c rune) bool { return strings.ContainsRune(",; \t\r\n", c) }) {
		switch a, err := mail.ParseAddress(address); {
		case err != nil || a.Address != address || len(address) > 254:
			l.note("%.80q is no e-mail to alert", address)
		case len(addresses) == alertEmailsMost:
			l.note("more than %d e-mails to alert: not %s", alertEmailsMost, address)
		default:
			addresses = append(addresses, address)
		}
	}
	rec.Set("alertEmails", addresses)
	return nil
}

func (m *mover) share(_ context.Context, row flask.Row, rec *core.Record, _ *line) error {
	document, user, err := m.ends(row, "shared_user_id")
	if err != nil {
		return err
	}
	owner, ok := m.owners[document]
	if !ok { // it came with an earlier run
		if err := m.app.DB().Select("owner").From(schema.Documents).Where(dbx.HashExp{"id": document}).Row(&owner); err != nil {
			return err
		}
	}
	if owner == user {
		return skip("a document is not shared with its owner")
	}
	pair := map[string]any{"document": document, "user": user}
	return m.once(schema.DocumentShares, rec, pair)
}

func (m *mover) link(_ context.Context, row flask.Row, rec *core.Record, _ *line) error {
	if name := row.Text("model_name"); name != "User" {
		return skip("links to %q, of which the old system knew nothing", name)
	}
	document, user, err := m.ends(row, "model_id")
	if err != nil {
		return err
	}
	return m.once(schema.DocumentLinks, rec, map[string]any{"document": document, "collection": schema.Users, "record": user})
}

// ends finds the document and the user that a row ties together.
func (m *mover) ends(row flask.Row, column string) (document, user string, err error) {
	document, ok := m.found(flask.Documents, row.Number("document_id"))
	if !ok {
		return "", "", skip("document %d did not come", row.Number("document_id"))
	}
	user, ok = m.found(flask.Users, row.Number(column))
	if !ok {
		return "", "", skip("there is no user %d", row.Number(column))
	}
	return document, user, nil
}

// once fills a record that there may be one of.
func (m *mover) once(collection string, rec *core.Record, fields map[string]any) error {
	there, err := m.there(collection, fields)
	if err != nil {
		return err
	}
	key := fmt.Sprint(collection, fields) // maps are printed in order
	if there != "" || m.names[key] {
		return settled{outcome: unchanged, at: there, why: "it is there already"}
	}
	m.names[key] = m.dry
	rec.Load(fields)
	return nil
}
