package accounts

import (
	netmail "net/mail"
	"net/url"
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/mails"
	"github.com/pocketbase/pocketbase/tools/mailer"
	"github.com/pocketbase/pocketbase/tools/routine"

	"onlibrary/internal/mail"
	"onlibrary/internal/schema"
)

// askToVerify sends the verification mail of an account that waits for it. The
// mail goes beside the request; one that is lost is asked for again by
// PocketBase's request-verification.
func (r *room) askToVerify(e *core.RecordEvent) error {
	u := e.Record
	if u.CustomData()[activationKey] == schema.ActivationEmail && u.GetString("state") == schema.StatePending && u.Email() != "" {
		app, user := e.App, u.Fresh()
		routine.FireAndForget(func() {
			if err := mails.SendRecordVerification(app, user); err != nil {
				app.Logger().Error("sending a verification mail", "user", user.Id, "error", err)
			}
		})
	}
	return e.Next()
}

// writeVerification puts PocketBase's verification mail into the user's language
// and links it to our page.
func (r *room) writeVerification(e *core.MailerRecordEvent) error {
	token, _ := e.Meta["token"].(string)
	err := r.write(e.App, e.Record, e.Message, "mail.verify", mail.Letter{
		Link: r.link(e.App, "/verify?token="+url.QueryEscape(token)),
	})
	if err != nil {
		return err
	}
	return e.Next()
}

// tellOwner lets the owner of an address know that somebody signed up with it,
// at most every ten minutes.
func (r *room) tellOwner(app core.App, owner *core.Record) {
	if r.notices.Take(owner.Id, r.Now()) > 0 {
		return
	}
	routine.FireAndForget(func() {
		meta := app.Settings().Meta
		m := &mailer.Message{
			From: netmail.Address{Name: meta.SenderName, Address: meta.SenderAddress},
			To:   []netmail.Address{{Address: owner.Email()}},
		}
		err := r.write(app, owner, m, "mail.taken", mail.Letter{Link: r.link(app, "/signin")})
		if err == nil {
			err = app.NewMailClient().Send(m)
		}
		if err != nil {
			app.Logger().Error("telling the owner of an address", "user", owner.Id, "error", err)
		}
	})
}

// write fills a message with the texts under key, in the user's language.
func (r *room) write(app core.App, user *core.Record, m *mailer.Message, key string, l mail.Letter) error {
	l.Language = r.Recipient(user)
	l.From = app.Settings().Meta.AppName
	if library, err := app.FindRecordById(schema.Library, schema.LibraryID); err == nil && library.GetString("name") != "" {
		l.From = library.GetString("name")
	}
	data := map[string]any{"Name": user.GetString("name"), "Username": user.GetString("username"), "Library": l.From}
	if data["Name"] == "" {
		data["Name"] = data["Username"]
	}
	text := func(part string) string { return r.Text(l.Language, key+"."+part, data) }
	l.Subject = text("subject")
	l.Greeting = r.Text(l.Language, "mail.greeting", data)
	l.Paragraphs = []string{text("body")}
	l.Button = text("button")
	l.Note = text("note")
	var err error
	m.Subject, m.HTML, m.Text, err = l.Render()
	return err
}

// link makes an absolute link of a path of the web app.
func (r *room) link(app core.App, path string) string {
	return strings.TrimRight(r.PublicURL(app), "/") + path
}
