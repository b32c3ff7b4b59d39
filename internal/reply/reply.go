// Package reply turns a refusal into PocketBase's error shape. It is the only
// place that chooses an HTTP status for one. Texts are codes here; the locale
// room puts words to them on the way out.
package reply

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/tools/router"

	"onlibrary/internal/fault"
)

// FaultKey is the key in an error's data under which a refusal stands that is
// about no field.
const FaultKey = "fault"

// Error returns err as a router.ApiError when it is, or wraps, a fault.Error,
// and err itself otherwise. Use it in request hooks and routes.
func Error(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	var data error = refusal(f)
	if f.Err != nil {
		data = errors.Join(data, f.Err) // which only the log is told
	}
	return router.NewApiError(status(f.Kind), f.Code, data)
}

// Later refuses by code what may be tried again after wait, and says so in the
// header Retry-After, in whole seconds (RFC 9110, 10.2.3).
func Later(h http.Header, wait time.Duration, code string) error {
	return later(h, wait, fault.TooMany, code)
}

// Full is Later for what nobody gets now, whoever asks.
func Full(h http.Header, wait time.Duration, code string) error {
	return later(h, wait, fault.Unavailable, code)
}

func later(h http.Header, wait time.Duration, kind fault.Kind, code string) error {
	seconds := max(1, int(math.Ceil(wait.Seconds())))
	h.Set("Retry-After", strconv.Itoa(seconds))
	return Error(&fault.Error{Kind: kind, Code: code, Params: map[string]any{"seconds": seconds}})
}

// WrongMethod refuses a method that a path does not have, and says which it has in
// the header Allow (RFC 9110, 10.2.1).
func WrongMethod(h http.Header, allowed []string) error {
	h.Set("Allow", strings.Join(allowed, ", "))
	return Error(fault.New(fault.WrongMethod, "method_not_allowed"))
}

// Validation returns err as validation.Errors when it is, or wraps, a
// fault.Error, and err itself otherwise. Use it in record hooks, whose refusals
// reach the client as a 400 that names the field.
func Validation(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	return refusal(f)
}

func refusal(f *fault.Error) validation.Errors {
	key := f.Field
	if key == "" {
		key = FaultKey
	}
	return validation.Errors{key: validation.NewError(f.Code, f.Code).SetParams(f.Params)}
}

func status(k fault.Kind) int {
	switch k {
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.TooMany:
		return http.StatusTooManyRequests
	case fault.WrongMethod:
		return http.StatusMethodNotAllowed
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusBadRequest
	}
}
