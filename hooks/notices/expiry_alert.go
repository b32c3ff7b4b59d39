package notices

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"onlibrary/internal/civil"
	"onlibrary/internal/outbox"
	"onlibrary/internal/quiet"
	"onlibrary/internal/schema"
)

// shortTitle is as much of a document's title as leaves room for the day in a
// notification's, in characters.
const shortTitle = 120

// alert tells the owner and the further addresses of a document that its time
// runs out, or is over, and notes through tx that it did: for the document's day
// if forDay. It returns whom it told. Of nobody to tell nothing is noted, so
// that who is named later hears of it.
func (r *room) alert(ctx context.Context, tx core.App, doc *core.Record, forDay bool) (told audience, err error) {
	now := r.Now()
	mailed, err := r.alertOwner(ctx, tx, doc, now, &told)
	if err != nil {
		return told, err
	}
	if err := r.alertAddresses(tx, doc, now, mailed, &told); err != nil || told.all() == 0 {
		return told, err
	}
	at, err := types.ParseDateTime(now)
	if err != nil {
		return told, err
	}
	noted := dbx.Params{"alertedAt": at.String()}
	if forDay {
		noted["alertedFor"] = doc.GetString("expiresOn")
	}
	// Not a save: nothing that people see of the document changes.
	if _, err := tx.NonconcurrentDB().Update(schema.Documents, noted, dbx.HashExp{"id": doc.Id}).Execute(); err != nil {
		return told, fmt.Errorf("noting an alert: %w", err)
	}
	return told, nil
}

// audience counts whom an alert tells: the owner, and strangers as by their
// address alone.
type audience struct{ owner, strangers int }

func (a audience) all() int { return a.owner + a.strangers }

// alertOwner tells the owner, if active, and returns the address to which that
// goes by mail, if it does.
func (r *room) alertOwner(ctx context.Context, tx core.App, doc *core.Record, now time.Time, told *audience) (mailed string, err error) {
	owner, err := find(tx, schema.Users, doc.GetString("owner"))
	if err != nil || owner == nil || owner.GetString("state") != schema.StateActive {
		return "", err
	}
	n, err := r.compose(tx, r.expiryNotice(doc, owner, now))
	if err != nil {
		return "", err
	}
	if err := tx.SaveWithContext(ctx, n); err != nil {
		return "", fmt.Errorf("telling the owner: %w", err)
	}
	told.owner++
	letters, err := tx.CountRecords(schema.Jobs, dbx.HashExp{"key": outbox.Mail + ":" + mailKey(n)})
	if err != nil || letters == 0 {
		return "", err
	}
	return owner.Email(), nil
}

// alertAddresses posts a letter in the library's language to each further
// address but the one that has been written to.
func (r *room) alertAddresses(tx core.App, doc *core.Record, now time.Time, mailed string, told *audience) error {
	addresses := doc.GetStringSlice("alertEmails")
	if len(addresses) == 0 || !outbox.Enabled(tx) {
		return nil
	}
	library, err := readLibrary(tx)
	if err != nil {
		return err
	}
	n, err := r.compose(tx, r.expiryNotice(doc, nil, now))
	if err != nil {
		return err
	}
	language, _ := r.Recipient(nil)
	letter := r.layOut(tx, n, library, language)
	letter.Greeting = r.Text(language, "mail.expiry.greeting", nil)
	letter.Note = r.Text(language, "mail.expiry.note", map[string]any{"Library": letter.From})
	written := map[string]bool{strings.ToLower(mailed): true}
	alert := core.GenerateDefaultRandomId() // the same day may come again, if it was changed meanwhile
	for i, address := range addresses {
		if written[strings.ToLower(address)] {
			continue
		}
		written[strings.ToLower(address)] = true
		err := outbox.Post(tx, outbox.Envelope{
			Key: "expiry:" + doc.Id + ":" + alert + ":" + strconv.Itoa(i), To: netmail.Address{Address: address}, Letter: letter, At: now,
		})
		switch {
		case errors.Is(err, outbox.ErrAddress):
			tx.Logger().Warn("an address for alerts takes no mail", "document", doc.Id)
		case err != nil:
			return err
		default:
			told.strangers++
		}
	}
	return nil
}

// expiryNotice says when a document's time is over, or was, to a user, or to who
// reads the library's language. It tells the day by its date: it may be read on
// another.
func (r *room) expiryNotice(doc, user *core.Record, now time.Time) Notice {
	language, _ := r.Recipient(user)
	_, zone := r.Recipient(nil)
	title, day := doc.GetString("title"), doc.GetString("expiresOn")
	n := Notice{
		User: user, Kind: schema.KindExpiry, Key: "expiry",
		Data:     map[string]any{"Short": cut(title, shortTitle), "Title": title, "Code": doc.GetString("code"), "Date": r.date(language, day)},
		Document: doc.Id, WebAction: "/documents/" + doc.Id,
	}
	if day < civil.Today(now, zone) {
		n.Key = "expired"
	}
	return n
}

// date writes a day, YYYY-MM-DD, in a language's words.
func (r *room) date(language, day string) string {
	d, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return r.Text(language, "notice.month."+strconv.Itoa(int(d.Month())), map[string]any{
		"Day": r.Text(language, "notice.day", map[string]any{"Count": d.Day()}), "Year": strconv.Itoa(d.Year()),
	})
}

// forgetAlert keeps a copy that a superuser makes of a document from having been
// alerted as that was.
func forgetAlert(e *core.RecordRequestEvent) error {
	e.Record.Set("alertedFor", "")
	e.Record.Set("alertedAt", "")
	return e.Next()
}

// countAsAlerted has a document that is moved over count as alerted once its day
// has come: whom it concerned heard of it where it came from.
func (r *room) countAsAlerted(e *core.RecordEvent) error {
	doc := e.Record
	last, err := time.Parse(time.DateOnly, doc.GetString("expiresOn"))
	if err == nil && quiet.Is(e.Context) && doc.GetBool("alert") {
		_, zone := r.Recipient(nil)
		if last.AddDate(0, 0, -doc.GetInt("daysToAlert")).Format(time.DateOnly) <= civil.Today(r.Now(), zone) {
			doc.Set("alertedFor", doc.GetString("expiresOn"))
		}
	}
	return e.Next()
}
