package accounts

import (
	"fmt"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

// activationInForce is the library's activation, save that without SMTP no mail
// can be asked for.
func activationInForce(app core.App, library *core.Record) string {
	activation := library.GetString("activation")
	if activation == schema.ActivationEmail && !app.Settings().SMTP.Enabled {
		return schema.ActivationApproval
	}
	return activation
}

// proveAddress makes a pending account active if that is all it waits for: its
// owner has shown to have the address. Nothing else lifts a state, and nothing
// lifts inactive. It does not save.
func proveAddress(app core.App, user *core.Record) error {
	if user.GetString("state") != schema.StatePending {
		return nil
	}
	library, err := app.FindRecordById(schema.Library, schema.LibraryID)
	if err != nil {
		return fmt.Errorf("reading the library: %w", err)
	}
	if activationInForce(app, library) == schema.ActivationEmail {
		user.Set("state", schema.StateActive)
	}
	return nil
}

// activate acts on the link of a verification mail.
func activate(e *core.RecordConfirmVerificationRequestEvent) error {
	return proving(&e.App, e.Record, func() error {
		if e.Record.Verified() && changed(e.Record, "state") { // PocketBase saves only a new proof
			if err := e.App.Save(e.Record); err != nil {
				return err
			}
		}
		return e.Next()
	})
}

// activateByReset acts on the link of a password mail, which proves as much.
func activateByReset(e *core.RecordConfirmPasswordResetRequestEvent) error {
	return proving(&e.App, e.Record, e.Next)
}

// proving does what a proof of address leads to, and save, in one transaction:
// who was put inactive meanwhile stays so.
func proving(app *core.App, user *core.Record, save func() error) error {
	outer := *app
	defer func() { *app = outer }()
	return outer.RunInTransaction(func(tx core.App) error {
		*app = tx
		fresh, err := tx.FindRecordById(user.Collection(), user.Id)
		if err != nil {
			return err
		}
		user.IgnoreUnchangedFields(true)
		if fresh.GetString("state") == user.GetString("state") {
			if err := proveAddress(tx, user); err != nil {
				return err
			}
		}
		return save()
	})
}

// signInByMail has a one-time password that went to the address prove it.
func (r *room) signInByMail(e *core.RecordAuthWithOTPRequestEvent) error {
	if e.Record.GetString("state") == schema.StateInactive {
		return reply.Error(fault.New(fault.Forbidden, "account_inactive")) // before anything changes
	}
	e.Record.IgnoreUnchangedFields(true)
	if !e.Record.Verified() && e.OTP.SentTo() != "" && e.OTP.SentTo() == e.Record.Email() {
		if err := proveAddress(e.App, e.Record); err != nil {
			return err
		}
	}
	err := r.provenBy(e.Record, e.Next)
	return sayWhy(e.Record, err)
}
