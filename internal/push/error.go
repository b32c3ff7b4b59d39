package push

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"firebase.google.com/go/v4/errorutils"
	"firebase.google.com/go/v4/messaging"
	"golang.org/x/oauth2"
)

// Codes of an Error. They are part of the API and never change.
const (
	Unregistered = "unregistered" // the app was removed, or its token replaced
	Mismatch     = "mismatch"     // the token is another project's
	Invalid      = "invalid"      // no token, as FCM sees it
	Quota        = "quota"        // too many messages, for now
	Unavailable  = "unavailable"  // nobody answered, or FCM has a fault
	Denied       = "denied"       // the credentials do not suffice
	Refused      = "refused"      // the message is at fault
)

// Error is why a message was not sent.
type Error struct {
	Code string
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("push %s: %v", e.Code, e.Err) }

func (e *Error) Unwrap() error { return e.Err }

// Dead tells whether the token will never work again.
func (e *Error) Dead() bool {
	return e.Code == Unregistered || e.Code == Mismatch || e.Code == Invalid
}

// Later tells whether the same message may be sent later. What the credentials
// do not allow may: who keeps the library can mend that.
func (e *Error) Later() bool {
	return e.Code == Quota || e.Code == Unavailable || e.Code == Denied
}

// judge sorts the SDK's error. The codes are those of FCM's HTTP v1 API.
func judge(err error) *Error {
	code := Refused
	var signIn *oauth2.RetrieveError
	response := errorutils.HTTPResponse(err) //nolint:bodyclose // the SDK has read it and hands out a copy
	switch {
	case messaging.IsUnregistered(err):
		code = Unregistered
	case messaging.IsSenderIDMismatch(err):
		code = Mismatch
	case messaging.IsInvalidArgument(err) && blamesToken(err, response):
		code = Invalid
	case messaging.IsQuotaExceeded(err):
		code = Quota
	case errors.As(err, &signIn):
		code = Denied
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		code = Unavailable
	case response != nil:
		code = codeOf(response.StatusCode)
	}
	return &Error{Code: code, Err: err}
}

func codeOf(status int) string {
	switch {
	case status == http.StatusTooManyRequests:
		return Quota
	case status >= 500:
		return Unavailable
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound:
		return Denied // a 404 without a reason is a project's that is not there
	}
	return Refused
}

// blamesToken tells an invalid token from an invalid message, for which FCM has
// one code.
func blamesToken(err error, response *http.Response) bool {
	if strings.Contains(err.Error(), "registration token") {
		return true
	}
	var refusal struct {
		Error struct {
			Details []struct {
				FieldViolations []struct{ Field string }
			}
		}
	}
	if response == nil || json.NewDecoder(response.Body).Decode(&refusal) != nil {
		return false
	}
	for _, d := range refusal.Error.Details {
		for _, v := range d.FieldViolations {
			if v.Field == "message.token" {
				return true
			}
		}
	}
	return false
}
