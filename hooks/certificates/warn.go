package certificates

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"strconv"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"onlibrary/internal/certs"
	"onlibrary/internal/mail"
	"onlibrary/internal/outbox"
	"onlibrary/internal/schema"
)

// The days before its end at which is warned of a certificate. One of less than
// six weeks, which is renewed later, has a quarter and an eighth of its time for
// them.
const (
	early = 14
	late  = 7
	short = 6 * 7 * day
	day   = 24 * time.Hour
)

// look warns of every certificate that ends soon, unless that was done. What
// fails does not keep back the rest.
func (r *room) look() error {
	var failed []error
	for _, s := range r.Status() {
		if days := r.due(s); days > 0 {
			if err := r.warn(s, days); err != nil {
				failed = append(failed, fmt.Errorf("certificate of %s: %w", s.Domain, err))
			}
		}
	}
	return errors.Join(failed...)
}

// due tells which warning is due, early or late; 0: none.
func (r *room) due(s certs.Status) int {
	if s.Fingerprint == "" {
		return 0 // the log is full of it, and nobody had the library by it
	}
	first, last := early*day, late*day
	if life := s.NotAfter.Sub(s.NotBefore); life < short {
		first, last = life/4, life/8
	}
	switch left := s.NotAfter.Sub(r.Now()); {
	case left <= last:
		return late
	case left <= first:
		return early
	}
	return 0
}

// warn tells of a certificate all whom it concerns, in one transaction with the
// note that it did.
func (r *room) warn(s certs.Status, days int) error {
	told := false
	err := r.app.RunInTransaction(func(tx core.App) error {
		first, err := note(tx, s.Fingerprint, days, r.Now())
		if err != nil || !first {
			return err
		}
		told = true
		if err := r.notify(tx, s); err != nil {
			return err
		}
		return r.write(tx, s, days)
	})
	if err == nil && told {
		r.app.Logger().Warn("a certificate ends soon", "domain", s.Domain, "until", s.NotAfter, "issuer", s.Issuer, "error", s.LastError)
	}
	return err
}

// note writes down that a warning is given, and tells whether it is the first.
// The late one is in the place of an early one that was missed.
func note(tx core.App, fingerprint string, days int, now time.Time) (first bool, err error) {
	at, err := types.ParseDateTime(now)
	if err != nil {
		return false, err
	}
	done, err := tx.NonconcurrentDB().NewQuery("INSERT INTO certificate_warnings (certificate, days, told)" +
		" SELECT {:certificate}, {:days}, {:told} WHERE NOT EXISTS" +
		" (SELECT 1 FROM certificate_warnings WHERE certificate = {:certificate} AND days <= {:days})").
		Bind(dbx.Params{"certificate": fingerprint, "days": days, "told": at.String()}).Execute()
	if err != nil {
		return false, fmt.Errorf("noting a warning: %w", err)
	}
	rows, err := done.RowsAffected()
	return rows > 0, err
}

// notify tells the active patrons who may change roles, as Admins may: there is
// always one.
func (r *room) notify(tx core.App, s certs.Status) error {
	var admins []*core.Record
	err := tx.RecordQuery(schema.Users).AndWhere(dbx.HashExp{"state": schema.StateActive}).
		AndWhere(dbx.NewExp("role IN (SELECT id FROM roles WHERE permissions LIKE {:holding})",
			dbx.Params{"holding": `%"` + schema.RolesManage + `"%`})).All(&admins)
	if err != nil {
		return fmt.Errorf("who is to be warned: %w", err)
	}
	for _, admin := range admins {
		language, zone := r.Recipient(admin)
		if err := r.Notify(tx, admin, r.key(s), r.words(s, language, zone)); err != nil {
			return err
		}
	}
	return nil
}

// write posts a letter in the library's language to each superuser.
func (r *room) write(tx core.App, s certs.Status, days int) error {
	if !outbox.Enabled(tx) {
		return nil
	}
	superusers, err := tx.FindAllRecords(core.CollectionNameSuperusers, dbx.Not(dbx.HashExp{"email": core.DefaultInstallerEmail}))
	if err != nil {
		return fmt.Errorf("who is to be written to: %w", err)
	}
	library, err := tx.FindRecordById(schema.Library, schema.LibraryID)
	if err != nil {
		return fmt.Errorf("reading the library: %w", err)
	}
	letter := r.letter(tx, s, library)
	for _, superuser := range superusers {
		err := outbox.Post(tx, outbox.Envelope{
			Key: "certificate:" + s.Fingerprint + ":" + strconv.Itoa(days) + ":" + superuser.Id,
			To:  netmail.Address{Address: superuser.Email()}, Letter: letter, At: r.Now(),
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

func (r *room) letter(app core.App, s certs.Status, library *core.Record) mail.Letter {
	language, zone := r.Recipient(nil)
	words := r.words(s, language, zone)
	text := func(part string) string { return r.Text(language, "notice."+r.key(s)+"."+part, words) }
	l := mail.Letter{
		Language: language, From: app.Settings().Meta.AppName, Subject: text("title"),
		Greeting: r.Text(language, "mail.expiry.greeting", nil), Paragraphs: []string{text("title"), text("body")},
	}
	if name := library.GetString("name"); name != "" {
		l.From = name
	}
	if s.LastError != "" {
		l.Paragraphs = append(l.Paragraphs, r.Text(language, "mail.certificate.error", map[string]any{"Error": s.LastError}))
	}
	l.Note = r.Text(language, "mail.certificate.note", map[string]any{"Library": l.From})
	return l
}

// key is the notice that fits: of a certificate that ends or has ended, and that
// renews itself or is the operator's own.
func (r *room) key(s certs.Status) string {
	key := "certificate"
	if s.Own {
		key = "certificateOwn"
	}
	if r.Now().After(s.NotAfter) {
		key += "Over"
	}
	return key
}

// words are the data of a notice. The day is told by its date: it may be read on
// another.
func (r *room) words(s certs.Status, language string, zone *time.Location) map[string]any {
	d := s.NotAfter.In(zone)
	return map[string]any{"Domain": s.Domain, "Date": r.Text(language, "notice.month."+strconv.Itoa(int(d.Month())), map[string]any{
		"Day": r.Text(language, "notice.day", map[string]any{"Count": d.Day()}), "Year": strconv.Itoa(d.Year()),
	})}
}
