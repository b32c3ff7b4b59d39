package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/fault"
	"onlibrary/internal/jobs"
	"onlibrary/internal/reply"
	"onlibrary/internal/testapp"
)

// A request with a secret in each of its parts.
const (
	path      = "/fail/{id}"
	body      = `{"title": "My secret diary", "email": "bob@example.com", "note": "Quiet Evening"}`
	userAgent = "PlantedBrowser/9.9"
)

// planted are the secrets of ask, and of the errors in these tests.
func planted(t *testing.T, h *house) []string {
	t.Helper()
	hostname, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	return []string{
		testapp.Token(t, h.ann)[:30], h.ann.Id, "annika", "sörensen", "annika77", "@example", "bob", "203.0.113.9", "127.0.0.1:5", "2001:db8",
		"diary", "quiet evening", "queryvalue", "cookievalue", "plantedbrowser", "hunter22", "4711", "x-forwarded", `"` + hostname + `"`,
	}
}

func (h *house) ask(t *testing.T) testapp.Answer {
	t.Helper()
	return h.Do(t, h.ann, "POST", "/fail/"+h.ann.Id+"?token=queryvalue1&q=queryvalue2", body,
		"Cookie", "session=cookievalue", "X-Forwarded-For", "203.0.113.9", "User-Agent", userAgent)
}

// personally is an error that tells all it knows.
func personally(t *testing.T, h *house) error {
	t.Helper()
	return fmt.Errorf("saving My secret diary of Annika Sörensen (annika77, Annika77@example.org, %s) from 203.0.113.9 and [2001:db8::7]:443 with %s and QueryValue2, https://bob:hunter22@example.com/x?y: %w",
		h.ann.Id, testapp.Token(t, h.ann), errors.New(`bind "Quiet Evening": disk gone: INSERT INTO documents VALUES (4711)`))
}

func TestErrorArrivesWithItsCauseAndNobody(t *testing.T) {
	sentry := receive(t)
	var h *house
	h = open(t, sentry.dsn(), 0, map[string]func(*core.RequestEvent) error{
		path: func(e *core.RequestEvent) error {
			if _, err := io.ReadAll(e.Request.Body); err != nil {
				return err
			}
			return e.InternalServerError("", personally(t, h))
		},
	})
	if a := h.ask(t); a.Status != 500 {
		t.Fatalf("%d %s", a.Status, a.Raw)
	}
	e := event(t, sentry.await(t, "disk gone"))
	if e.Release != "onlibrary@1.2.3" || e.Transaction != path || e.Tags["error"] != "*errors.errorString" || len(e.Exception) != 1 || e.Exception[0].Type != "500" {
		t.Errorf("%+v", e)
	}
	if !strings.HasPrefix(e.Exception[0].Value, "saving ") || e.ServerName != "" {
		t.Errorf("%+v", e)
	}
	sentry.clean(t, planted(t, h)...)
}

func TestFaultArrivesByItsCode(t *testing.T) {
	sentry := receive(t)
	h := open(t, sentry.dsn(), 0, map[string]func(*core.RequestEvent) error{
		"/full": func(*core.RequestEvent) error {
			return reply.Error(&fault.Error{Kind: fault.Unavailable, Code: "storage_full", Err: errors.New("no room")})
		},
	})
	h.Do(t, nil, "GET", "/full", nil)
	e := event(t, sentry.await(t, "no room"))
	if e.Exception[0].Type != "503 storage_full" {
		t.Errorf("%+v", e)
	}
}

func TestPanicArrivesOnceWithItsStack(t *testing.T) {
	sentry := receive(t)
	var h *house
	h = open(t, sentry.dsn(), 0, map[string]func(*core.RequestEvent) error{path: func(e *core.RequestEvent) error { return deep(40, personally(t, h).Error()) }})
	if a := h.ask(t); a.Status != 500 || strings.Contains(string(a.Raw), "deep") {
		t.Fatalf("%d %s", a.Status, a.Raw)
	}
	h.end(t)
	if n := len(sentry.all()); n != 1 {
		t.Fatalf("%d envelopes: %q", n, sentry.all())
	}
	e := event(t, sentry.all()[0])
	calls := 0
	for _, f := range e.Exception[0].Stacktrace.Frames {
		if f.Function == "deep" {
			calls++
		}
	}
	if calls != 41 || e.Exception[0].Type != "panic: string" || e.Transaction != path {
		t.Errorf("%d calls in %+v", calls, e)
	}
	sentry.clean(t, planted(t, h)...)
}

//go:noinline
func deep(n int, text string) error {
	if n == 0 {
		panic(text)
	}
	return fmt.Errorf("%w", deep(n-1, text))
}

func TestAbortedAnswerIsNoPanic(t *testing.T) {
	sentry := receive(t)
	h := open(t, sentry.dsn(), 0, map[string]func(*core.RequestEvent) error{"/abort": func(*core.RequestEvent) error { panic(http.ErrAbortHandler) }})
	if response, err := http.Get(h.URL + "/abort"); err == nil {
		response.Body.Close()
		t.Errorf("answered %d", response.StatusCode)
	}
	h.end(t)
	if got := sentry.all(); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

func TestRefusalsAreNotReported(t *testing.T) {
	sentry := receive(t)
	h := open(t, sentry.dsn(), 0, map[string]func(*core.RequestEvent) error{
		"/unset": func(*core.RequestEvent) error { return reply.Error(fault.New(fault.Unavailable, "push_not_set_up")) },
	})
	h.Do(t, nil, "GET", "/unset", nil)
	h.Do(t, nil, "GET", "/api/collections/documents/records?filter=(((", nil)
	h.Do(t, nil, "GET", "/api/settings", nil)
	h.Do(t, nil, "GET", "/nothing", nil)
	h.end(t)
	if got := sentry.all(); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

// PocketBase answers 400 whatever becomes of a save.
func TestWriteThatTheDatabaseFailsArrives(t *testing.T) {
	sentry := receive(t)
	h := open(t, sentry.dsn(), 0, nil)
	root := testapp.Superuser(t, h.TestApp)
	make := func(code string) testapp.Answer {
		return h.Do(t, root, "POST", "/api/collections/categories/records", map[string]any{"code": code, "name": "My secret diary"})
	}
	if a := make("A"); a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Raw)
	}
	for name, a := range map[string]testapp.Answer{
		"twice": make("A"), "empty": make(""), "a bad filter": h.Do(t, root, "GET", "/api/collections/categories/records?filter=name~~1", nil),
		"no JSON": h.Do(t, root, "POST", "/api/collections/categories/records", "{"),
	} {
		if a.Status != 400 {
			t.Errorf("%s: %d %s", name, a.Status, a.Raw)
		}
	}
	if _, err := h.NonconcurrentDB().NewQuery("ALTER TABLE categories RENAME COLUMN description TO gone").Execute(); err != nil {
		t.Fatal(err)
	}
	if a := make("B"); a.Status != 400 || strings.Contains(string(a.Raw), "column") {
		t.Fatalf("%d %s", a.Status, a.Raw)
	}
	e := event(t, sentry.await(t, "column"))
	if e.Exception[0].Type != "400" || e.Tags["error"] != "*sqlite.Error" || e.Transaction != "POST /api/collections/{collection}/records" {
		t.Errorf("%+v", e)
	}
	h.end(t)
	if n := len(sentry.all()); n != 1 {
		t.Errorf("%d envelopes: %q", n, sentry.all())
	}
	sentry.clean(t, "diary")
}

// broken is a worker whose jobs die.
type broken struct{}

func (broken) Do(context.Context, *jobs.Job) error {
	return errors.New("550 no mailbox of Annika Sörensen <annika@example.org> at mx.example.org (203.0.113.9:25)")
}
func (broken) GiveUp(context.Context, *jobs.Job, error) error { return nil }

func TestDeadJobArrivesAndNobody(t *testing.T) {
	sentry := receive(t)
	h := open(t, sentry.dsn(), 0, nil)
	h.queue.Register("mail", 1, jobs.Policy{}, broken{})
	if err := h.queue.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.queue.Stop)
	if err := jobs.Enqueue(h.TestApp, "mail", "key-of-job", map[string]any{"to": map[string]string{"name": "Annika Sörensen"}, "body": "My secret diary"}); err != nil {
		t.Fatal(err)
	}
	e := event(t, sentry.await(t, "550 no mailbox of"))
	if e.Exception[0].Type != "job failed: mail" || e.Tags["kind"] != "mail" || e.Tags["attempts"] != "1" {
		t.Errorf("%+v", e)
	}
	sentry.clean(t, append(planted(t, h), "key-of-job")...)
}

func TestErrorInTheLogArrives(t *testing.T) {
	sentry := receive(t)
	h := open(t, sentry.dsn(), 0, nil)
	for message, data := range map[string]map[string]any{
		"expire audit":   {"error": "table of bob@example.com is gone", "user": "Annika"},
		"GET /api/x":     {"type": "request", "error": "a request"},
		jobs.Failed:      {"error": "a job"},
		"only a warning": {"level": 4},
	} {
		row := &core.Log{Message: message, Level: 8, Data: data}
		if data["level"] != nil {
			row.Level = 4
		}
		row.MarkAsNew()
		row.Id = core.GenerateDefaultRandomId()
		if err := h.AuxSave(row); err != nil {
			t.Fatal(err)
		}
	}
	h.end(t)
	got := sentry.all()
	if len(got) != 1 || !strings.Contains(got[0], "expire audit") || !strings.Contains(got[0], "is gone") {
		t.Errorf("%q", got)
	}
	sentry.clean(t, "bob", "annika")
}

func TestTraceArrivesWhenOn(t *testing.T) {
	sentry := receive(t)
	h := open(t, sentry.dsn(), 1, nil)
	h.Do(t, h.ann, "GET", "/api/collections/users/records/"+h.ann.Id+"?fields=queryvalue", nil, "X-Forwarded-For", "203.0.113.9", "User-Agent", userAgent)
	e := event(t, sentry.await(t, "http.server"))
	if e.Type != "transaction" || e.Transaction != "GET /api/collections/{collection}/records/{id}" || e.ServerName != "" {
		t.Errorf("%+v", e)
	}
	sentry.clean(t, planted(t, h)...)
}

func TestNoTraceWhenOff(t *testing.T) {
	sentry := receive(t)
	h := open(t, sentry.dsn(), 0, nil)
	// A caller cannot switch it on.
	h.Do(t, h.ann, "GET", "/api/health", nil, "Sentry-Trace", "d49d9bf66f13450b81f65bc51cf49c03-1cc4b26ab9094ef0-1", "Baggage", "sentry-sample_rate=1")
	h.end(t)
	if got := sentry.all(); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

func TestNothingIsSentWithoutDSN(t *testing.T) {
	sentry := receive(t)
	t.Setenv("SENTRY_DSN", sentry.dsn()) // is not ours
	h := open(t, "", 1, map[string]func(*core.RequestEvent) error{path: func(*core.RequestEvent) error { panic("on purpose") }})
	h.ask(t)
	h.end(t)
	if got := sentry.all(); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

// A Sentry that takes connections and never answers holds nobody up.
func TestSilentSentryHoldsNobodyUp(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	h := open(t, "http://public@"+listener.Addr().String()+"/42", 0, map[string]func(*core.RequestEvent) error{
		"/fail": func(e *core.RequestEvent) error { return e.InternalServerError("", errors.New("on purpose")) },
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 200 {
			h.Do(t, nil, "GET", "/fail", nil)
		}
		h.end(t)
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second): // a send lasts 30 s
		t.Error("requests or the end waited for Sentry")
	}
}

func TestFloodIsBounded(t *testing.T) {
	sentry := receive(t)
	h := open(t, sentry.dsn(), 0, map[string]func(*core.RequestEvent) error{
		"/fail": func(e *core.RequestEvent) error { return e.InternalServerError("", errors.New("on purpose")) },
	})
	for range mostEvents + 40 {
		h.Do(t, nil, "GET", "/fail", nil)
	}
	h.end(t)
	if n := len(sentry.all()); n != mostEvents {
		t.Errorf("%d events, want %d", n, mostEvents)
	}
}
