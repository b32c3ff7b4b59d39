package audit

import (
	"errors"
	"net/http"
	"strings"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"onlibrary/internal/actor"
)

// accountKey is where a request keeps the account that somebody signs in to.
const accountKey = "onlibrary.audit.account"

func remember(e *core.RecordAuthWithPasswordRequestEvent) error {
	e.Set(accountKey, e.Record)
	return e.Next()
}

// login keeps a sign-in that is complete: a first factor alone, a renewed
// token or the one that a set-up ends with is none. Its answer leaves with the
// end of the request.
func (r *room) login(e *core.RecordAuthRequestEvent) error {
	if err := e.Next(); err != nil {
		return err
	}
	w := row{collection: e.Collection.Name, record: e.Record.Id}
	switch {
	case e.AuthMethod != "":
		w.Actor, w.action, w.note = actor.Of(e.RequestEvent).As(e.Record), Login, e.AuthMethod
	case e.Request.Pattern == "POST /api/collections/{collection}/impersonate/{id}":
		w.Actor, w.action = actor.Of(e.RequestEvent), Impersonate
	default:
		return nil
	}
	r.writeOrLog(e.App, w)
	return nil
}

// loginFailed keeps a sign-in that was refused, known account or not, with the
// account's id but not what was typed: it may be a password in the wrong field.
// One that was put off by a limit was not tried.
func (r *room) loginFailed(e *core.RequestEvent) error {
	method, ok := strings.CutPrefix(e.Request.Pattern, "POST /api/collections/{collection}/auth-with-")
	if !ok {
		return e.Next()
	}
	err := e.Next()
	if !refused(err) {
		return err
	}
	w := row{Actor: actor.Actor{Name: actor.Guest}, action: LoginFailed, collection: e.Request.PathValue("collection"), note: method}
	if c, err := e.App.FindCachedCollectionByNameOrId(w.collection); err == nil {
		w.collection = c.Name
	}
	from := actor.Of(e)
	w.IP, w.UserAgent = from.IP, from.UserAgent
	w.record = r.triedAccount(e, method)
	r.writeOrLog(e.App, w)
	return err
}

func (r *room) triedAccount(e *core.RequestEvent, method string) string {
	if account, _ := e.Get(accountKey).(*core.Record); account != nil {
		return account.Id
	}
	var body struct {
		OTP string `json:"otpId" form:"otpId"`
	}
	if method != "otp" || e.BindBody(&body) != nil {
		return ""
	}
	otp, err := e.App.FindOTPById(body.OTP)
	if err != nil {
		return ""
	}
	return otp.RecordRef()
}

func refused(err error) bool {
	var refusal *router.ApiError
	return errors.As(err, &refusal) && !errors.Is(err, apis.ErrMFA) &&
		(refusal.Status == http.StatusBadRequest || refusal.Status == http.StatusForbidden || refusal.Status == http.StatusUnauthorized)
}

// writeOrLog is for what has happened already.
func (r *room) writeOrLog(app core.App, w row) {
	if err := r.write(app, w); err != nil {
		app.Logger().Error("writing the audit", "action", w.action, "error", err)
	}
}
