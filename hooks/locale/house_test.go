package locale

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tests"
	"github.com/pocketbase/pocketbase/tools/router"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// house is an app with this room in it, served over HTTP.
type house struct {
	*tests.TestApp
	guide *Guide
	url   string
}

func open(t testing.TB) *house {
	t.Helper()
	return openAt(t, time.Now)
}

// openAt is open with a clock.
func openAt(t testing.TB, now func() time.Time) *house {
	t.Helper()
	app := testapp.New(t)
	h := &house{TestApp: app, guide: Bind(app, Deps{Catalog: catalog(t), Now: now})}
	r, err := apis.NewRouter(app)
	if err != nil {
		t.Fatal(err)
	}
	h.serve(t, r)
	return h
}

func (h *house) serve(t testing.TB, r *router.Router[*core.RequestEvent]) {
	t.Helper()
	app := h.TestApp
	var mux http.Handler
	err := app.OnServe().Trigger(&core.ServeEvent{App: app, Router: r, Server: &http.Server{}}, func(e *core.ServeEvent) (err error) {
		e.Router.GET("/panic", func(*core.RequestEvent) error { panic("on purpose") })
		e.Router.GET("/auth", func(e *core.RequestEvent) error { return e.NoContent(204) }).Bind(apis.RequireAuth())
		mux, err = e.Router.BuildMux()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	h.url = server.URL
}

// answer is an answer of the API.
type answer struct {
	Status int
	Header http.Header
	Body   map[string]any
	raw    string
}

// at walks to a value in the body: at("data", "title", "code").
func (a answer) at(keys ...string) any {
	var v any = a.Body
	for _, key := range keys {
		switch x := v.(type) {
		case map[string]any:
			v = x[key]
		case []any:
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// ask sends a request; headers are pairs. A nil user is a guest.
func (h *house) ask(t testing.TB, user *core.Record, method, path, body string, headers ...string) answer {
	t.Helper()
	status, header, raw := h.send(t, user, method, path, body, headers...)
	a := answer{Status: status, Header: header, raw: raw}
	if raw != "" {
		if err := json.Unmarshal([]byte(raw), &a.Body); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, raw)
		}
	}
	return a
}

// send is ask that leaves the body as it is.
func (h *house) send(t testing.TB, user *core.Record, method, path, body string, headers ...string) (status int, header http.Header, raw string) {
	t.Helper()
	rq, err := http.NewRequest(method, h.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		rq.Header.Set("Content-Type", "application/json")
	}
	if user != nil {
		rq.Header.Set("Authorization", testapp.Token(t, user))
	}
	for i := 0; i < len(headers); i += 2 {
		rq.Header.Set(headers[i], headers[i+1])
	}
	rs, err := http.DefaultClient.Do(rq)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	b, err := io.ReadAll(rs.Body)
	if err != nil {
		t.Fatal(err)
	}
	return rs.StatusCode, rs.Header, string(b)
}

// events opens a realtime connection and returns its client id and its messages.
func (h *house) events(t *testing.T) (client string, messages <-chan map[string]any) {
	t.Helper()
	rq, err := http.NewRequestWithContext(t.Context(), "GET", h.url+"/api/realtime", nil)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := http.DefaultClient.Do(rq)
	if err != nil {
		t.Fatal(err)
	}
	all := make(chan map[string]any, 16)
	go func() {
		defer rs.Body.Close()
		defer close(all)
		lines := bufio.NewScanner(rs.Body)
		for lines.Scan() {
			data, ok := strings.CutPrefix(lines.Text(), "data:")
			if !ok {
				continue
			}
			m := map[string]any{}
			if json.Unmarshal([]byte(data), &m) == nil {
				all <- m
			}
		}
	}()
	client, _ = (<-all)["clientId"].(string)
	return client, all
}

func patron(t testing.TB, app core.App, name, language, timezone string) *core.Record {
	t.Helper()
	return testapp.User(t, app, name, schema.RoleCustomer, func(r *core.Record) {
		r.Set("language", language)
		r.Set("timezone", timezone)
	})
}

func setLibrary(t testing.TB, app core.App, field, value string) {
	t.Helper()
	r, err := app.FindRecordById(schema.Library, schema.LibraryID)
	if err != nil {
		t.Fatal(err)
	}
	r.Set(field, value)
	if err := app.Save(r); err != nil {
		t.Fatal(err)
	}
}
