// Package outbox sends what leaves the house: a letter is a job written in its
// cause's own transaction, and goes out by the library's mail server, within
// limits of time, once that can be reached.
package outbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"
	"unicode"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/mailer"

	"onlibrary/internal/jobs"
	"onlibrary/internal/mail"
)

// Mail is the kind of the jobs that Post writes.
const Mail = "mail"

// ErrAddress is the error for what is no mail address, such as one that would
// add a header.
var ErrAddress = errors.New("not a mail address")

// Envelope is a letter to one person. Its key is unique for ever: the same
// letter is not written twice. A secret such as a token must not be in the
// letter, which lies in the database until it is sent.
type Envelope struct {
	Key    string
	To     netmail.Address
	Letter mail.Letter
	At     time.Time // not before then
}

// Queue is what the outbox needs of jobs.Queue.
type Queue interface {
	Register(kind string, lanes int, p jobs.Policy, w jobs.Worker)
}

// Policy is how often what goes out is tried: for two days, after 2 seconds at
// first and after some five minutes at last. What was sent leaves no payload.
func Policy() jobs.Policy {
	return jobs.Policy{First: 2 * time.Second, Factor: 2, Longest: 5 * time.Minute, Jitter: 0.25, Within: 48 * time.Hour, Private: true}
}

// Enabled tells whether the library has a mail server. Without one Post writes
// nothing.
func Enabled(app core.App) bool { return app.Settings().SMTP.Enabled }

// Post writes a letter's job through tx, which should be the transaction of the
// letter's cause. Its error is ErrAddress or the database's.
func Post(tx core.App, e Envelope) error {
	if !Enabled(tx) {
		return nil
	}
	if err := CheckAddress(e.To.Address); err != nil {
		return err
	}
	return jobs.EnqueueAt(tx, Mail, Mail+":"+e.Key, payload{e.To, e.Letter}, e.At)
}

type payload struct {
	To     netmail.Address `json:"to"`
	Letter mail.Letter     `json:"letter"`
}

// CheckAddress returns ErrAddress unless address is a bare one, as in
// ann@example.org.
func CheckAddress(address string) error {
	parsed, err := netmail.ParseAddress(address)
	if err != nil || parsed.Address != address || strings.ContainsFunc(address, unicode.IsControl) {
		return ErrAddress
	}
	return nil
}

// Register has queue send what Post writes, and all mail of app, PocketBase's
// own too, go by a transport with limits of time: 10 s to connect, 60 s in all.
func Register(app core.App, queue Queue) {
	t := &transport{}
	app.OnMailerSend().Bind(&hook.Handler[*core.MailerEvent]{Id: "onlibrary.outbox.send", Func: func(e *core.MailerEvent) error {
		switch m := e.Mailer.(type) {
		case within:
			e.Mailer = sender{t, m.Context, app.Settings().SMTP}
		case *mailer.SMTPClient:
			e.Mailer = sender{t, context.Background(), app.Settings().SMTP}
		}
		return e.Next()
	}})
	app.OnTerminate().Bind(&hook.Handler[*core.TerminateEvent]{Id: "onlibrary.outbox.close", Func: func(e *core.TerminateEvent) error {
		t.close()
		return e.Next()
	}})
	// One lane: what a killed process was sending is sent again, and that is to
	// be no more than one letter. The connection is kept between two.
	queue.Register(Mail, 1, Policy(), worker{app})
}

// worker sends what Post wrote.
type worker struct{ app core.App }

// Do sends the letter.
func (w worker) Do(ctx context.Context, j *jobs.Job) error {
	var p payload
	if err := json.Unmarshal(j.Payload, &p); err != nil {
		return fmt.Errorf("mail job: %w", err)
	}
	m, err := Message(w.app, j.Key, p.To, p.Letter)
	if err != nil {
		return err
	}
	return Send(ctx, w.app, m)
}

// GiveUp has nothing to end: nobody waits for a letter.
func (worker) GiveUp(context.Context, *jobs.Job, error) error { return nil }

// Message lays a letter out. The same job's key makes the same Message-ID, so
// that a doubled mail can be told.
func Message(app core.App, key string, to netmail.Address, l mail.Letter) (*mailer.Message, error) {
	subject, html, text, err := l.Render()
	if err != nil {
		return nil, err
	}
	meta := app.Settings().Meta
	id := sha256.Sum256([]byte(key))
	return &mailer.Message{
		From:    netmail.Address{Name: meta.SenderName, Address: meta.SenderAddress},
		To:      []netmail.Address{to},
		Subject: subject, HTML: html, Text: text,
		Headers: map[string]string{"Message-ID": "<" + hex.EncodeToString(id[:16]) + "@" + domain(meta.SenderAddress) + ">"},
	}, nil
}

// Send sends a message now, past PocketBase's OnMailerSend hooks. Its error is
// marked for a worker to return: final if the server refused this message for
// good, to be tried again if not.
func Send(ctx context.Context, app core.App, m *mailer.Message) error {
	e := &core.MailerEvent{App: app, Mailer: within{ctx}, Message: m}
	return app.OnMailerSend().Trigger(e, func(e *core.MailerEvent) error { return e.Mailer.Send(e.Message) })
}

// within stands for the transport until Register's hook puts that in its place.
type within struct{ context.Context }

func (within) Send(*mailer.Message) error {
	return errors.New("sending a mail: the outbox is not registered")
}
