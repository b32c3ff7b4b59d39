package limits

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"onlibrary/internal/reply"
)

// outcome is how a try of a secret ended.
type outcome int

const (
	neither outcome = iota // the secret was not looked at, or did not decide
	passed
	failed
)

// hold refuses a try of a secret when too many under one of keys have failed of
// late, and else makes it and counts how it ended. The tries of one account,
// which keys[0] names, take turns: else a thousand at once would all begin before
// the first has failed.
func (r *room) hold(e *core.RequestEvent, keys []string, try func() error, judge func(error) outcome) error {
	// A batch holds the only writer, for which whoever has the turn may wait;
	// and there is one batch at a time.
	if !e.App.IsTransactional() {
		leave, err := r.turns.enter(e.Request.Context(), keys[0])
		if err != nil {
			return err
		}
		defer leave()
	}
	var wait time.Duration
	for _, key := range keys {
		wait = max(wait, r.failures.Wait(key, r.Now()))
	}
	if wait > 0 {
		return reply.Later(e.Response.Header(), wait, "too_many_tries")
	}
	err := try()
	switch judge(err) {
	case passed:
		for _, key := range keys {
			r.failures.Forget(key)
		}
	case failed:
		for _, key := range slices.Compact(keys) {
			r.failures.Note(key, r.Now())
		}
	case neither:
	}
	return err
}

// refused tells whether err is a 400.
func refused(err error) bool {
	var refusal *router.ApiError
	return errors.As(err, &refusal) && refusal.Status == http.StatusBadRequest
}

// refusedFor returns the code for which field is refused, empty if it is not.
func refusedFor(err error, field string) string {
	var refusal *router.ApiError
	if !errors.As(err, &refusal) {
		return ""
	}
	data, _ := refusal.Data[field].(map[string]any)
	code, _ := data["code"].(string)
	return code
}
