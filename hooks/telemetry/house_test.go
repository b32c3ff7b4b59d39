package telemetry

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tests"

	"onlibrary/internal/jobs"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// receiver stands in for Sentry: it takes envelopes and shows them.
type receiver struct {
	*httptest.Server
	mu  sync.Mutex
	got []string
}

func receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, rq *http.Request) {
		raw, err := io.ReadAll(rq.Body)
		if err != nil || rq.Method != "POST" || rq.URL.Path != "/api/42/envelope/" || !strings.Contains(rq.Header.Get("X-Sentry-Auth"), "sentry_key=public") {
			t.Errorf("%s %s: %v", rq.Method, rq.URL, err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, string(raw))
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) dsn() string {
	return strings.Replace(r.URL, "http://", "http://public@", 1) + "/42"
}

func (r *receiver) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.got...)
}

// await waits for the envelope that contains a text.
func (r *receiver) await(t *testing.T, text string) string {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		for _, envelope := range r.all() {
			if strings.Contains(envelope, text) {
				return envelope
			}
		}
	}
	t.Fatalf("nothing came with %q; only %q", text, r.all())
	return ""
}

// event is the payload of an envelope's first item.
func event(t *testing.T, envelope string) (e struct {
	Release, Transaction, Type string
	ServerName                 string `json:"server_name"`
	User, Request              any
	Tags                       map[string]string
	Exception                  []struct {
		Type, Value string
		Stacktrace  struct{ Frames []struct{ Function string } }
	}
},
) {
	t.Helper()
	lines := bytes.SplitN([]byte(envelope), []byte("\n"), 4)
	if len(lines) < 3 {
		t.Fatalf("no envelope: %q", envelope)
	}
	if err := json.Unmarshal(lines[2], &e); err != nil {
		t.Fatalf("%v: %q", err, envelope)
	}
	return e
}

type house struct {
	*tests.TestApp
	*testapp.Server
	queue *jobs.Queue
	ann   *core.Record
}

// open serves an app with this room in it and the routes given.
func open(t *testing.T, dsn string, traces float64, routes map[string]func(*core.RequestEvent) error) *house {
	t.Helper()
	h := &house{TestApp: testapp.New(t)}
	h.queue = jobs.New(h.TestApp)
	Bind(h.TestApp, Deps{DSN: dsn, Traces: traces, Version: "1.2.3", Queue: h.queue, Now: time.Now})
	h.OnServe().BindFunc(func(e *core.ServeEvent) error {
		for path, act := range routes {
			e.Router.Any(path, act)
		}
		return e.Next()
	})
	h.ann = testapp.User(t, h.TestApp, "annika77", schema.RoleVisitor, func(r *core.Record) { r.Set("name", "Annika Sörensen") })
	h.Server = testapp.Serve(t, h.TestApp)
	return h
}

// end stops the app as the program does, which flushes.
func (h *house) end(t *testing.T) {
	t.Helper()
	err := h.OnTerminate().Trigger(&core.TerminateEvent{App: h.TestApp})
	if err != nil {
		t.Fatal(err)
	}
}

// clean fails if anything that was planted is in what was sent.
func (r *receiver) clean(t *testing.T, planted ...string) {
	t.Helper()
	sent := strings.ToLower(strings.Join(r.all(), "\n"))
	if sent == "" {
		t.Error("nothing was sent")
	}
	for _, secret := range planted {
		if strings.Contains(sent, strings.ToLower(secret)) {
			t.Errorf("%q was sent: %s", secret, sent)
		}
	}
}
