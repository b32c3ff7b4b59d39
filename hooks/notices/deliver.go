package notices

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"slices"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/jobs"
	"onlibrary/internal/mail"
	"onlibrary/internal/outbox"
	"onlibrary/internal/quiet"
	"onlibrary/internal/schema"
	"onlibrary/internal/within"
)

// deliver writes a notification and, in the same transaction, the jobs that
// bring it to its recipient outside the app. Open clients hear of the record
// itself, as PocketBase's rules allow.
func (r *room) deliver(e *core.RecordEvent) error {
	if quiet.Is(e.Context) {
		return e.Next()
	}
	return within.Transaction(e, func() error {
		if err := e.Next(); err != nil {
			return err
		}
		return r.queue(e.App, e.Record)
	})
}

// queue writes one job a device and one for the mail, by the recipient's
// channels, for when their quiet hours end. Who is not active gets none.
func (r *room) queue(tx core.App, n *core.Record) error {
	user, err := find(tx, schema.Users, n.GetString("user"))
	if err != nil || user == nil || user.GetString("state") != schema.StateActive {
		return err
	}
	_, zone := r.Recipient(user)
	at := endOfQuiet(user, r.Now(), zone)
	channels := user.GetStringSlice("channels")
	if r.Push != nil && slices.Contains(channels, schema.ChannelPush) {
		if err := queuePush(tx, n, user, at); err != nil {
			return err
		}
	}
	if slices.Contains(channels, schema.ChannelMail) {
		return r.queueMail(tx, n, user, at)
	}
	return nil
}

func queuePush(tx core.App, n, user *core.Record, at time.Time) error {
	devices, err := devicesOf(tx, user.Id)
	if err != nil {
		return err
	}
	for _, device := range devices {
		err := jobs.EnqueueAt(tx, pushKind, pushKind+":"+n.Id+":"+device.Id, pushPayload{n.Id, device.Id, user.Id}, at)
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *room) queueMail(tx core.App, n, user *core.Record, at time.Time) error {
	if user.Email() == "" || !outbox.Enabled(tx) {
		return nil
	}
	library, err := readLibrary(tx)
	if err != nil {
		return err
	}
	if !vouched(user, library) {
		return nil
	}
	err = outbox.Post(tx, outbox.Envelope{
		Key: mailKey(n), To: netmail.Address{Name: user.GetString("name"), Address: user.Email()},
		Letter: r.letter(tx, n, user, library), At: at,
	})
	if errors.Is(err, outbox.ErrAddress) { // no reason to undo the cause
		tx.Logger().Warn("a patron's address takes no mail", "user", user.Id)
		return nil
	}
	return err
}

// mailKey is the key of the letter that a notification goes out as.
func mailKey(n *core.Record) string { return "notification:" + n.Id }

func readLibrary(app core.App) (*core.Record, error) {
	library, err := app.FindRecordById(schema.Library, schema.LibraryID)
	if err != nil {
		return nil, fmt.Errorf("reading the library: %w", err)
	}
	return library, nil
}

// vouched tells whether somebody has vouched for a user's address: its owner by
// the link of a mail, or staff, who made the account or let it in. Where
// accounts are active from the start nobody has, and the library could be used
// to write to strangers.
func vouched(user, library *core.Record) bool {
	return user.Verified() || library.GetString("activation") != schema.ActivationNone
}

// letter is a notification as mail to a user.
func (r *room) letter(app core.App, n, user, library *core.Record) mail.Letter {
	language, _ := r.Recipient(user)
	name := user.GetString("name")
	if name == "" {
		name = user.GetString("username")
	}
	l := r.layOut(app, n, library, language)
	l.Greeting = r.Text(language, "mail.greeting", map[string]any{"Name": name})
	l.Note = r.Text(language, "mail.notice.note", nil)
	return l
}

// layOut is what a notification says as mail, whoever gets it.
func (r *room) layOut(app core.App, n, library *core.Record, language string) mail.Letter {
	l := mail.Letter{Language: language, From: app.Settings().Meta.AppName, Subject: n.GetString("title")}
	if name := library.GetString("name"); name != "" {
		l.From = name
	}
	l.Paragraphs = []string{l.Subject}
	for line := range strings.Lines(n.GetString("body")) {
		if line = strings.TrimSpace(line); line != "" {
			l.Paragraphs = append(l.Paragraphs, line)
		}
	}
	if action := n.GetString("webAction"); action != "" {
		l.Button = r.Text(language, "mail.notice.button", nil)
		l.Link = action
		if strings.HasPrefix(action, "/") {
			l.Link = strings.TrimRight(app.Settings().Meta.AppURL, "/") + action
		}
	}
	return l
}
