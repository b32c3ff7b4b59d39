package metrics

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"onlibrary/internal/logs"
)

const (
	realtime = "GET /api/realtime" // lasts as long as the client stays
	signIn   = "POST /api/collections/{collection}/auth-with-"
	mostPath = 512 // bytes of a path that is logged

	// gone is what nginx logs of a client that hung up before it was answered.
	gone = 499
)

// watch names a request, and logs and counts it once it is answered. It is
// outermost, and so writes the answer of an error itself, as PocketBase would.
func (r *room) watch(e *core.RequestEvent) (err error) {
	began := time.Now()
	logs.Name(e, r.Trusts)
	if e.Request.URL.Path == scrapePath {
		e.Set(directKey, direct(e)) // before a header that says otherwise goes
	}
	w, ok := e.Response.(*router.ResponseWriter)
	if !ok {
		w = &router.ResponseWriter{ResponseWriter: e.Response}
		e.Response = w
	}
	sent := &counter{ResponseWriter: w.ResponseWriter}
	w.ResponseWriter = sent
	if e.Request.Pattern != realtime {
		r.meter.inFlight.Inc()
		defer r.meter.inFlight.Dec()
	}
	var hungUp bool
	defer func() { // also where a handler aborts the answer by a panic
		r.note(e, answer{status: status(w, hungUp), bytes: sent.n, took: time.Since(began), err: err})
		err = nil
	}()
	err = e.Next()
	hungUp = !w.Written() && e.Request.Context().Err() != nil
	if err != nil {
		router.ErrorHandler(w, e.Request, err)
	}
	return err
}

func status(w *router.ResponseWriter, hungUp bool) int {
	switch {
	case hungUp:
		return gone
	case w.Status() == 0:
		return http.StatusOK // what net/http says where nobody says anything
	}
	return w.Status()
}

// answer is how a request was answered.
type answer struct {
	status int
	bytes  int64
	took   time.Duration
	err    error
}

func (r *room) note(e *core.RequestEvent, a answer) {
	method, route := label(e.Request)
	r.meter.requests.WithLabelValues(route, method, strconv.Itoa(a.status/100)+"xx").Inc()
	r.meter.bytes.Add(float64(a.bytes))
	if e.Request.Pattern != realtime {
		r.meter.seconds.WithLabelValues(route, method).Observe(a.took.Seconds())
	}
	if factor, ok := strings.CutPrefix(e.Request.Pattern, signIn); ok && factor != "" {
		r.meter.signIns.WithLabelValues(collection(e), outcome(a)).Inc()
	}
	ctx, level := context.Background(), level(e.Request.URL.Path, a.status)
	if !r.Log.Enabled(ctx, level) {
		return
	}
	path := e.Request.URL.EscapedPath() // never the query, in which secrets are sent
	attrs := append(make([]slog.Attr, 0, 9),
		slog.String("method", cut(e.Request.Method, 32)),
		slog.String("path", cut(path, mostPath)),
		slog.Int("status", a.status),
		slog.Float64("ms", math.Round(a.took.Seconds()*1e6)/1e3),
		slog.Int64("bytes", a.bytes),
		slog.String("request", logs.RequestID(e)),
		slog.String("address", e.RealIP()),
	)
	if e.Auth != nil {
		attrs = append(attrs, slog.String("user", e.Auth.Id))
	}
	if a.status >= http.StatusInternalServerError && a.err != nil {
		attrs = append(attrs, slog.String("error", cause(a.err)))
	}
	r.Log.LogAttrs(ctx, level, "request", attrs...)
}

// level keeps the questions that machines ask every few seconds out of the log;
// that the library is not ready is logged where it turns so.
func level(path string, status int) slog.Level {
	asked := slices.Contains([]string{"/livez", "/readyz", scrapePath, "/api/health"}, path)
	switch {
	case asked && (status < http.StatusBadRequest || status == http.StatusServiceUnavailable):
		return slog.LevelDebug
	case status >= http.StatusInternalServerError:
		return slog.LevelError
	}
	return slog.LevelInfo
}

// label is a request's method and the path of its route's pattern: a few words,
// whatever is asked for.
func label(r *http.Request) (method, route string) {
	method, route = r.Method, r.Pattern
	if _, path, ok := strings.Cut(route, " "); ok {
		route = path
	}
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method, route
	}
	return "other", route
}

// collection is the name of the collection that is signed in to.
func collection(e *core.RequestEvent) string {
	c, err := e.App.FindCachedCollectionByNameOrId(e.Request.PathValue("collection"))
	if err != nil || !c.IsAuth() {
		return "other"
	}
	return c.Name
}

func outcome(a answer) string {
	switch {
	case errors.Is(a.err, apis.ErrMFA):
		return "factor"
	case a.status == http.StatusTooManyRequests:
		return "limited"
	case a.status < http.StatusBadRequest:
		return ok
	case a.status < http.StatusInternalServerError && a.status != gone:
		return failed
	}
	return "error"
}

// cause is what an error says, and what it comes from.
func cause(err error) string {
	var refusal *router.ApiError
	if errors.As(err, &refusal) {
		if raw, ok := refusal.RawData().(error); ok {
			return raw.Error()
		}
	}
	return err.Error()
}

func cut(text string, most int) string {
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}

// counter counts the bytes of an answer's body.
type counter struct {
	http.ResponseWriter
	n int64
}

// Unwrap is for http.ResponseController.
func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.n += int64(n)
	return n, err
}

// ReadFrom keeps net/http's way of sending a file without copying it.
func (c *counter) ReadFrom(r io.Reader) (int64, error) {
	n, err := io.Copy(c.ResponseWriter, r)
	c.n += n
	return n, err
}
