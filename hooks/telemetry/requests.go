package telemetry

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"

	"github.com/getsentry/sentry-go"
	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"onlibrary/internal/logs"
	"onlibrary/internal/reply"
)

// reported marks a request whose panic has been reported.
const reported = "onlibrary.telemetry.reported"

// reportAnswer reports an answer of 5xx and what it comes from, and one of 400 to
// a write that failed by no fault of the client's: PocketBase answers so whatever
// becomes of a save.
func (r *room) reportAnswer(e *core.RequestEvent) error {
	err := e.Next()
	status := e.Status()
	var refusal *router.ApiError
	if err != nil && !e.Written() {
		refusal = router.ToApiError(err)
		status = refusal.Status
	}
	if status < http.StatusInternalServerError && !ours(e.Request.Method, refusal) || e.Get(reported) != nil || e.Request.Context().Err() != nil { // the last: nobody heard it
		return err
	}
	h := happening{title: strconv.Itoa(status), where: e.Request.Pattern, words: caller(e), tags: tags(e)}
	if err != nil {
		h.text = err.Error()
	}
	if refusal != nil {
		if fault, ok := refusal.Data[reply.FaultKey].(map[string]any); ok {
			h.title = fmt.Sprintf("%d %v", status, fault["code"])
			if _, alone := refusal.RawData().(validation.Errors); alone {
				return err // a refusal without a cause, such as of push that is not set up
			}
		}
		if cause, ok := refusal.RawData().(error); ok {
			h.text = cause.Error()
			h.tags["error"] = fmt.Sprintf("%T", innermost(cause))
		}
	}
	r.report(h)
	return err
}

// tags tell one request from another, as the log at home does.
func tags(e *core.RequestEvent) map[string]string {
	return map[string]string{"method": e.Request.Method, "request": logs.RequestID(e)}
}

// ours tells whether the refusal of a write comes from our database or disk.
// Constraints are what the client ran against, and the SQL of a read may be bad
// by a client's filter.
func ours(method string, refusal *router.ApiError) bool {
	if refusal == nil || refusal.Status != http.StatusBadRequest || method == http.MethodGet || method == http.MethodHead {
		return false
	}
	cause, _ := refusal.RawData().(error)
	var database *sqlite.Error
	var file *fs.PathError
	if errors.As(cause, &database) {
		return database.Code()&0xff != sqlite3.SQLITE_CONSTRAINT
	}
	return errors.As(cause, &file) || errors.Is(cause, sql.ErrTxDone) || errors.Is(cause, sql.ErrConnDone)
}

// innermost is the first error of a chain, which says most of its kind.
func innermost(err error) error {
	for {
		if joined, ok := err.(interface{ Unwrap() []error }); ok && len(joined.Unwrap()) > 0 {
			err = joined.Unwrap()[len(joined.Unwrap())-1] // reply puts the cause last
			continue
		}
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// reportPanic reports a panic with its whole stack and lets it go on to
// PocketBase, which answers 500.
func (r *room) reportPanic(e *core.RequestEvent) error {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if err, ok := cause.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			r.report(happening{
				title: fmt.Sprintf("panic: %T", cause), text: fmt.Sprint(cause), where: e.Request.Pattern, words: caller(e),
				tags: tags(e), stack: sentry.NewStacktrace(),
			})
			e.Set(reported, true)
		}
		panic(cause)
	}()
	return e.Next()
}

// trace measures a request. What the client says of traces is not believed.
func (r *room) trace(e *core.RequestEvent) error {
	if e.Request.Pattern == "GET /api/realtime" {
		return e.Next() // lasts as long as the client stays
	}
	ctx := sentry.SetHubOnContext(e.Request.Context(), sentry.NewHub(r.client, sentry.NewScope()))
	span := sentry.StartTransaction(ctx, e.Request.Pattern, sentry.WithOpName("http.server"), sentry.WithTransactionSource(sentry.SourceRoute))
	defer span.Finish()
	err := e.Next()
	status := e.Status()
	if err != nil && !e.Written() {
		status = router.ToApiError(err).Status
	}
	span.Status = sentry.HTTPtoSpanStatus(status)
	span.SetData("http.response.status_code", status)
	return err
}
