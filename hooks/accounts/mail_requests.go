package accounts

import (
	"errors"
	"net/http"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/security"

	"onlibrary/internal/fault"
	"onlibrary/internal/outbox"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
	"onlibrary/internal/within"
)

// posted is where a request keeps that it has written a mail's job.
const posted = "onlibrary.accounts.posted"

// askToVerify writes the verification mail of an account that waits for it, in
// the transaction that makes the account.
func (r *room) askToVerify(e *core.RecordEvent) error {
	u := e.Record
	if u.CustomData()[activationKey] != schema.ActivationEmail || u.GetString("state") != schema.StatePending {
		return e.Next()
	}
	return within.Transaction(e, func() error {
		if err := e.Next(); err != nil {
			return err
		}
		return r.post(e.App, u, errand{About: aboutVerify})
	})
}

// tellPassword tells the owner that the account has another password, or none
// since they proved the address, in the transaction that changes it.
func (r *room) tellPassword(e *core.RecordEvent) error {
	about := aboutPassword
	switch {
	case r.passwordEnded(e.Record):
		about = aboutProved
	case e.Record.GetString(core.FieldNamePassword) == "": // only a new one is known in plain
		return e.Next()
	}
	return within.Transaction(e, func() error {
		if err := e.Next(); err != nil {
			return err
		}
		return r.post(e.App, e.Record, errand{About: about})
	})
}

// tellOwner lets the owner of an address know that somebody signed up with it,
// at most every ten minutes.
func (r *room) tellOwner(app core.App, owner *core.Record) error {
	if r.notices.Take(owner.Id, r.Now()) > 0 {
		return nil
	}
	return r.post(app, owner, errand{About: aboutTaken})
}

// onlyWithMail refuses, whoever has the address, what a mail is asked for by in
// a library that has no mail server: nobody is to wait for one in vain.
func onlyWithMail(e *core.RequestEvent) error {
	const collection = "POST /api/collections/{collection}/"
	switch e.Request.Pattern {
	case collection + "request-password-reset", collection + "request-verification", collection + "request-email-change":
		c, err := e.App.FindCachedCollectionByNameOrId(e.Request.PathValue("collection"))
		if err == nil && c.Name == schema.Users && !outbox.Enabled(e.App) {
			return reply.Error(fault.New(fault.Unavailable, "mail_not_set_up"))
		}
	}
	return e.Next()
}

// postVerification writes the mail that PocketBase would send beside the request.
func (r *room) postVerification(e *core.RecordRequestVerificationRequestEvent) error {
	if !e.Record.Verified() {
		if err := r.postOnce(e.RequestEvent, e.Record, aboutVerify); err != nil {
			return err
		}
	}
	return e.NoContent(http.StatusNoContent)
}

// postReset writes the mail that PocketBase would send beside the request.
func (r *room) postReset(e *core.RecordRequestPasswordResetRequestEvent) error {
	if err := r.postOnce(e.RequestEvent, e.Record, aboutReset); err != nil {
		return err
	}
	return e.NoContent(http.StatusNoContent)
}

// postOnce writes a mail's job, at most every two minutes as PocketBase has it.
func (r *room) postOnce(e *core.RequestEvent, user *core.Record, about string) error {
	key := about + user.Id
	if r.requests.Take(key, r.Now()) > 0 {
		return nil
	}
	e.Set(posted, true)
	err := r.post(e.App, user, errand{About: about})
	if err != nil {
		r.requests.Forget(key)
	}
	return err
}

// postChange asks the new address for a confirmation and tells the old one.
func (r *room) postChange(e *core.RecordRequestEmailChangeRequestEvent) error {
	err := e.App.RunInTransaction(func(tx core.App) error {
		if err := r.post(tx, e.Record, errand{About: aboutChanging, NewEmail: e.NewEmail}); err != nil {
			return err
		}
		return r.post(tx, e.Record, errand{About: aboutChange, NewEmail: e.NewEmail})
	})
	if err != nil {
		return err
	}
	return e.NoContent(http.StatusNoContent)
}

// evenOut has a request for a mail do as much for an address without an account,
// or with one that gets no mail now, as for one that does: else the time of the
// answer would tell them apart.
func (r *room) evenOut(e *core.RequestEvent) error {
	err := e.Next()
	const collection = "POST /api/collections/{collection}/"
	if p := e.Request.Pattern; p != collection+"request-password-reset" && p != collection+"request-verification" {
		return err
	}
	c, findErr := e.App.FindCachedCollectionByNameOrId(e.Request.PathValue("collection"))
	if findErr != nil || c.Name != schema.Users || !e.Written() || e.Get(posted) != nil {
		return err
	}
	return errors.Join(err, undone(e.App, func(tx core.App) error {
		return r.post(tx, stranger(c), errand{About: aboutReset})
	}))
}

// evenOutOTP does so for one-time passwords, which are hashed at a cost.
func (r *room) evenOutOTP(e *core.RecordCreateOTPRequestEvent) error {
	if e.Record == nil {
		otp := core.NewOTP(e.App)
		otp.SetPassword(e.Password)
		if _, err := e.App.FindAllOTPsByRecord(stranger(e.Collection)); err != nil {
			return err
		}
		err := undone(e.App, func(tx core.App) error {
			return r.post(tx, stranger(e.Collection), errand{About: aboutOTP, OTP: core.GenerateDefaultRandomId()})
		})
		if err != nil {
			return err
		}
	}
	return e.Next()
}

// stranger is nobody's account.
func stranger(c *core.Collection) *core.Record {
	r := core.NewRecord(c)
	r.Id = core.GenerateDefaultRandomId()
	r.SetEmail(security.PseudorandomString(10) + "@invalid")
	return r
}

var errUndo = errors.New("undone on purpose")

// undone does f and leaves no trace of it.
func undone(app core.App, f func(tx core.App) error) error {
	err := app.RunInTransaction(func(tx core.App) error {
		if err := f(tx); err != nil {
			return err
		}
		return errUndo
	})
	if errors.Is(err, errUndo) {
		return nil
	}
	return err
}
