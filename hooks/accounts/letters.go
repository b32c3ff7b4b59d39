package accounts

import (
	"html"
	"net/url"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/mail"
	"onlibrary/internal/outbox"
	"onlibrary/internal/schema"
)

// The pages of the web app that a mail's link opens; a token follows.
const (
	verifyPage = "/verify?token="
	resetPage  = "/reset-password?token="
	changePage = "/change-email?token="
)

// letter puts a mail into the user's language and zone. Without page it has no
// button.
func (r *room) letter(app core.App, user *core.Record, e errand, page string) mail.Letter {
	language, zone := r.Recipient(user)
	l := mail.Letter{Language: language, From: app.Settings().Meta.AppName}
	if library, err := app.FindRecordById(schema.Library, schema.LibraryID); err == nil && library.GetString("name") != "" {
		l.From = library.GetString("name")
	}
	data := map[string]any{
		"Name": user.GetString("name"), "Username": user.GetString("username"), "Library": l.From,
		"Email": e.NewEmail, "IP": e.IP, "Agent": e.Agent, "When": when(e.At, zone),
	}
	if data["Name"] == "" {
		data["Name"] = data["Username"]
	}
	text := func(part string) string { return r.Text(language, "mail."+e.About+"."+part, data) }
	l.Subject = text("subject")
	l.Greeting = r.Text(language, "mail.greeting", data)
	l.Paragraphs = []string{text("body")}
	l.Note = text("note")
	if page != "" {
		l.Button, l.Link = text("button"), strings.TrimRight(r.PublicURL(app), "/")+page
	}
	return l
}

// when names an instant in a zone so that it reads the same in every language.
func when(at time.Time, zone *time.Location) string {
	return at.In(zone).Format("2006-01-02 15:04") + " (" + zone.String() + ")"
}

// wordLink has PocketBase send a mail that has a token in our words and with a
// link to our page: the test mails of its dashboard are such.
func (r *room) wordLink(about, page string) func(e *core.MailerRecordEvent) error {
	return func(e *core.MailerRecordEvent) error {
		token, _ := e.Meta["token"].(string)
		newEmail, _ := e.Meta["newEmail"].(string)
		return reword(e, r.letter(e.App, e.Record, errand{About: about, NewEmail: newEmail}, page+url.QueryEscape(token)))
	}
}

// postOTP has a one-time password sent by a job, which outlasts a mail server's
// pause. Without one PocketBase asks the machine's own to send it.
func (r *room) postOTP(e *core.MailerRecordEvent) error {
	id, _ := e.Meta["otpId"].(string)
	if !e.Record.IsNew() && outbox.Enabled(e.App) {
		return r.post(e.App, e.Record, errand{About: aboutOTP, OTP: id})
	}
	l := r.letter(e.App, e.Record, errand{About: aboutOTP}, "")
	l.Code, _ = e.Meta["password"].(string)
	return reword(e, l)
}

// postAlert has an alert sent by a job: the sign-in does not wait for it.
func (r *room) postAlert(e *core.MailerRecordEvent) error {
	info, _ := e.Meta["info"].(string)
	alert := errand{About: aboutAlert, At: r.Now()}
	_, place, _ := strings.Cut(html.UnescapeString(info), " - ") // after it: address, space, program
	alert.IP, alert.Agent, _ = strings.Cut(place, " ")
	if !e.Record.IsNew() && outbox.Enabled(e.App) {
		return r.post(e.App, e.Record, alert)
	}
	return reword(e, r.letter(e.App, e.Record, alert, "/me"))
}

func reword(e *core.MailerRecordEvent, l mail.Letter) error {
	var err error
	if e.Message.Subject, e.Message.HTML, e.Message.Text, err = l.Render(); err != nil {
		return err
	}
	return e.Next()
}
