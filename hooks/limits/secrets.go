package limits

import (
	"path"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/reply"
)

// holdOldPassword counts a wrong old password as a failed sign-in of the account:
// who finds a session open must not guess on.
func (r *room) holdOldPassword(e *core.RecordRequestEvent) error {
	info, err := e.RequestInfo()
	if err != nil {
		return err
	}
	if _, sent := info.Body["oldPassword"]; !sent || !e.Collection.IsAuth() || e.HasSuperuserAuth() {
		return e.Next()
	}
	changes := e.Record.GetString(core.FieldNamePassword) != "" // else success tells nothing of the old one
	return r.hold(e.RequestEvent, []string{accountKey(e.Record)}, e.Next, func(err error) outcome {
		switch {
		case refusedFor(err, "oldPassword") == "validation_invalid_old_password":
			return failed
		case err == nil && changes:
			return passed
		}
		return neither
	})
}

// holdRoutes holds what PocketBase does before it has any event: it checks the
// password of who confirms a new address, and one-time passwords. The tokens of
// confirmations are signed with 256 bits, beyond guessing; who counted forged
// ones for the account that they name would let anybody shut its owner out.
func (r *room) holdRoutes(e *core.RequestEvent) error {
	const collection = "POST /api/collections/{collection}/"
	switch e.Request.Pattern {
	case collection + "confirm-email-change":
		return r.holdNewAddress(e)
	case collection + "auth-with-otp":
		return r.holdOTP(e)
	case collection + "request-otp", collection + "request-password-reset", collection + "request-verification":
		return r.holdLetters(e)
	case collection + "request-email-change":
		return r.holdLettersElsewhere(e)
	}
	return e.Next()
}

func (r *room) holdNewAddress(e *core.RequestEvent) error {
	var body struct {
		Token string `json:"token" form:"token"`
	}
	if err := read(e, &body); err != nil {
		return err
	}
	account, err := e.App.FindAuthRecordByToken(body.Token, core.TokenTypeEmailChange)
	if err != nil {
		return e.Next() // which refuses it
	}
	return r.hold(e, []string{accountKey(account)}, e.Next, func(err error) outcome {
		switch {
		case err == nil:
			return passed
		case refusedFor(err, "password") == "validation_invalid_password" && refusedFor(err, "token") == "":
			return failed
		}
		return neither
	})
}

// holdOTP counts by itself: with two factors, the password that one knows must
// not buy tries of the other.
func (r *room) holdOTP(e *core.RequestEvent) error {
	var body struct {
		ID string `json:"otpId" form:"otpId"`
	}
	if err := read(e, &body); err != nil {
		return err
	}
	otp, err := e.App.FindOTPById(body.ID)
	if err != nil {
		return e.Next() // which refuses it
	}
	return r.hold(e, []string{otp.CollectionRef() + "/otp/" + otp.RecordRef()}, e.Next, func(err error) outcome {
		switch {
		case err == nil:
			return passed
		case refused(err):
			return failed
		}
		return neither
	})
}

// holdLetters bounds how often one may have a letter sent to an address, whether
// it has an account or not.
func (r *room) holdLetters(e *core.RequestEvent) error {
	var body struct {
		Email string `json:"email" form:"email"`
	}
	if err := read(e, &body); err != nil {
		return err
	}
	c, err := e.App.FindCachedCollectionByNameOrId(e.Request.PathValue("collection"))
	if err != nil || len(body.Email) > addressMost {
		return e.Next() // which refuses it
	}
	return r.boundLetters(e, nameKey(c, body.Email))
}

// holdLettersElsewhere bounds how often an account may have a letter sent to an
// address that it says is its own.
func (r *room) holdLettersElsewhere(e *core.RequestEvent) error {
	if e.Auth == nil {
		return e.Next() // which refuses it
	}
	return r.boundLetters(e, accountKey(e.Auth))
}

func (r *room) boundLetters(e *core.RequestEvent, key string) error {
	if wait := r.letters.Take(path.Base(e.Request.Pattern)+"/"+key, r.Now()); wait > 0 {
		return reply.Later(e.Response.Header(), wait, "too_many_tries")
	}
	return e.Next()
}

// read reads the body as PocketBase will. What it cannot read it must not leave
// to be read from where it stopped.
func read(e *core.RequestEvent, body any) error {
	if err := e.BindBody(body); err != nil {
		return e.BadRequestError("An error occurred while loading the submitted data.", err)
	}
	return nil
}
