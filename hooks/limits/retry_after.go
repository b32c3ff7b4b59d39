package limits

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"
)

const (
	retryAfter = "Retry-After"
	// unknownWait is how many seconds a 429 asks for that does not tell its rule:
	// that of one-time passwords is PocketBase's only one.
	unknownWait = 180
)

// sayWhen gives PocketBase's own 429s the header Retry-After (RFC 9110, 10.2.3):
// the length of the rule's window, since when it began is not known.
func sayWhen(e *core.RequestEvent) error {
	err := e.Next()
	var refusal *router.ApiError
	if errors.As(err, &refusal) && refusal.Status == http.StatusTooManyRequests && e.Response.Header().Get(retryAfter) == "" {
		e.Response.Header().Set(retryAfter, strconv.FormatInt(window(refusal), 10))
	}
	return err
}

// window reads the seconds of the rule that PocketBase names in the error for
// its log: "triggered rate limit rule: {…}".
func window(refusal *router.ApiError) int64 {
	cause, ok := refusal.RawData().(error)
	if !ok {
		return unknownWait
	}
	var rule core.RateLimitRule
	_, text, _ := strings.Cut(cause.Error(), ": ")
	if json.Unmarshal([]byte(text), &rule) != nil || rule.Duration <= 0 {
		return unknownWait
	}
	return rule.Duration
}
