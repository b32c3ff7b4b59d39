package accounts

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/security"

	"onlibrary/internal/jobs"
	"onlibrary/internal/mail"
	"onlibrary/internal/outbox"
	"onlibrary/internal/schema"
)

// Mail is the kind of the jobs by which mail about an account goes out.
const Mail = "account_mail"

// What a mail is about, which is also the key of its texts: mail.<about>.subject
// and so on.
const (
	aboutVerify   = "verify"   // confirm the address
	aboutTaken    = "taken"    // somebody signed up with it again
	aboutReset    = "reset"    // choose a new password
	aboutInactive = "inactive" // asked for either, but staff have shut the account
	aboutChange   = "change"   // to a new address: confirm it
	aboutChanging = "changing" // to the old address: a change is asked for
	aboutPassword = "password" // the password was changed
	aboutProved   = "proved"   // the password went as they came in by mail or a provider
	aboutAlert    = "alert"    // a sign-in from a new place
	aboutOTP      = "otp"      // a one-time password
)

// errand is the payload of a mail's job. No secret lies in it: tokens and
// one-time passwords are made when the mail is sent.
type errand struct {
	About    string    `json:"about"`
	User     string    `json:"user"`
	At       time.Time `json:"at"`
	NewEmail string    `json:"newEmail,omitempty"`
	OTP      string    `json:"otp,omitempty"` // its id
	IP       string    `json:"ip,omitempty"`
	Agent    string    `json:"agent,omitempty"`
}

// post writes a mail's job through tx, should the library have a mail server and
// the user an address to write to.
func (r *room) post(tx core.App, user *core.Record, e errand) error {
	if !outbox.Enabled(tx) || user.Email() == "" && e.About != aboutChange {
		return nil
	}
	e.User = user.Id
	if e.At.IsZero() {
		e.At = r.Now()
	}
	return jobs.Enqueue(tx, Mail, Mail+":"+e.About+":"+user.Id+":"+core.GenerateDefaultRandomId(), e)
}

// postman sends the mails of an app.
type postman struct {
	*room
	app core.App
}

// Do sends one mail, unless there is no reason for it any more.
func (p postman) Do(ctx context.Context, j *jobs.Job) error {
	var e errand
	if err := json.Unmarshal(j.Payload, &e); err != nil {
		return fmt.Errorf("mail job: %w", err)
	}
	user, err := p.app.FindRecordById(schema.Users, e.User)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return jobs.Retry(fmt.Errorf("read a user: %w", err))
	}
	if e.About == aboutOTP {
		return p.sendOTP(ctx, j.Key, user, e)
	}
	letter, to, err := p.compose(user, e)
	if err != nil || to == "" {
		return err
	}
	return p.send(ctx, j.Key, to, letter)
}

// GiveUp has nothing to end: whoever waits for a mail asks for another.
func (postman) GiveUp(context.Context, *jobs.Job, error) error { return nil }

func (p postman) send(ctx context.Context, key, to string, l mail.Letter) error {
	m, err := outbox.Message(p.app, key, netmail.Address{Address: to}, l)
	if err != nil {
		return err
	}
	return outbox.Send(ctx, p.app, m)
}

// compose writes the letter, and to whom. To nobody, if there is no reason for
// it any more.
func (p postman) compose(user *core.Record, e errand) (l mail.Letter, to string, err error) {
	asked := e.About == aboutVerify || e.About == aboutReset
	switch {
	case e.About == aboutVerify && user.Verified(), e.About == aboutChange && user.Email() == e.NewEmail:
		return mail.Letter{}, "", nil
	case asked && user.GetString("state") == schema.StateInactive:
		e.About = aboutInactive // neither would let them in
	}
	to = user.Email()
	page, token := "", ""
	switch e.About {
	case aboutVerify:
		page = verifyPage
		token, err = user.NewVerificationToken()
	case aboutReset, aboutProved:
		page = resetPage
		token, err = user.NewPasswordResetToken()
	case aboutChange:
		page, to = changePage, e.NewEmail
		token, err = user.NewEmailChangeToken(e.NewEmail)
	case aboutTaken, aboutPassword:
		page = "/signin"
	case aboutChanging, aboutAlert:
		page = "/me"
	}
	if err != nil {
		return mail.Letter{}, "", fmt.Errorf("make a token: %w", err)
	}
	return p.letter(p.app, user, e, page+url.QueryEscape(token)), to, nil
}

// sendOTP makes the one-time password that it sends, and so keeps PocketBase's
// first one, which nobody has seen, from lying in a job.
func (p postman) sendOTP(ctx context.Context, key string, user *core.Record, e errand) error {
	otp, err := p.app.FindOTPById(e.OTP)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // used, or ended with the account's tokens
	}
	if err != nil {
		return jobs.Retry(fmt.Errorf("read a one-time password: %w", err))
	}
	settings := user.Collection().OTP
	if otp.RecordRef() != user.Id || otp.HasExpired(settings.DurationTime()) {
		return nil
	}
	code := security.RandomStringWithAlphabet(settings.Length, "1234567890")
	otp.SetPassword(code)
	// That the address is its owner's is shown by the code alone, so this can
	// be said before the mail has gone.
	otp.SetSentTo(user.Email())
	if err := p.app.Save(otp); err != nil {
		return jobs.Retry(fmt.Errorf("save a one-time password: %w", err))
	}
	l := p.letter(p.app, user, e, "")
	l.Code = code
	return p.send(ctx, key, user.Email(), l)
}
