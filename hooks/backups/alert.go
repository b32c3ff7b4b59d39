package backups

import (
	"cmp"
	"errors"
	"fmt"
	netmail "net/mail"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/mail"
	"onlibrary/internal/outbox"
	"onlibrary/internal/schema"
)

// aboutRehearsal is the key of the words on a failed rehearsal.
const aboutRehearsal = "rehearsal"

// alert tells of a failed rehearsal: superusers by mail, who are no patrons, and
// the active patrons who may change roles, as Admins may, by a notice.
func (r *room) alert(app core.App, failed Rehearsal) error {
	return app.RunInTransaction(func(tx core.App) error {
		var admins []*core.Record
		err := tx.RecordQuery(schema.Users).AndWhere(dbx.HashExp{"state": schema.StateActive}).
			AndWhere(dbx.NewExp("role IN (SELECT id FROM roles WHERE permissions LIKE {:holding})",
				dbx.Params{"holding": `%"` + schema.RolesManage + `"%`})).All(&admins)
		if err != nil {
			return fmt.Errorf("find who is to be told: %w", err)
		}
		words := map[string]any{"Problem": short(failed.Problem)}
		for _, admin := range admins {
			if err := r.Notify(tx, admin, aboutRehearsal, words); err != nil {
				return err
			}
		}
		return r.write(tx, failed, words)
	})
}

// write posts a letter in the library's language to each superuser.
func (r *room) write(tx core.App, failed Rehearsal, words map[string]any) error {
	superusers, err := tx.FindAllRecords(core.CollectionNameSuperusers, dbx.Not(dbx.HashExp{"email": core.DefaultInstallerEmail}))
	if err != nil {
		return fmt.Errorf("find who is to be written to: %w", err)
	}
	library, err := tx.FindRecordById(schema.Library, schema.LibraryID)
	if err != nil {
		return fmt.Errorf("read the library: %w", err)
	}
	language, _ := r.Recipient(nil)
	text := func(part string) string { return r.Text(language, "notice."+aboutRehearsal+"."+part, words) }
	letter := mail.Letter{
		Language: language, From: cmp.Or(library.GetString("name"), tx.Settings().Meta.AppName), Subject: text("title"),
		Greeting: r.Text(language, "mail.expiry.greeting", nil), Paragraphs: []string{text("body")},
	}
	for _, superuser := range superusers {
		err := outbox.Post(tx, outbox.Envelope{
			Key: fmt.Sprintf("%s:%d:%s", aboutRehearsal, failed.At.Unix(), superuser.Id),
			To:  netmail.Address{Address: superuser.Email()}, Letter: letter,
		})
		if errors.Is(err, outbox.ErrAddress) {
			tx.Logger().Warn("a superuser's address takes no mail", "superuser", superuser.Id)
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// problemMost is how much of a problem is told, in characters.
const problemMost = 500

// short is a problem within bounds.
func short(problem string) string {
	if text := []rune(problem); len(text) > problemMost {
		problem = string(text[:problemMost-1]) + "…"
	}
	return problem
}
