package accounts

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// stream is an open realtime connection.
type stream struct {
	id     string
	events chan string // closed with the connection
}

func (h *house) connect(token string, topics ...string) stream {
	h.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	h.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", h.url+"/api/realtime", nil)
	if err != nil {
		h.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	s := stream{events: make(chan string, 100)}
	h.t.Cleanup(func() { _ = res.Body.Close() })
	go func() {
		defer close(s.events)
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			if data, ok := strings.CutPrefix(lines.Text(), "data:"); ok {
				s.events <- data
			}
		}
	}()
	var hello struct{ ClientID string }
	if err := json.Unmarshal([]byte(<-s.events), &hello); err != nil {
		h.t.Fatal(err)
	}
	s.id = hello.ClientID
	if a := h.subscribe(s, token, topics...); a.status != 204 {
		h.t.Fatalf("subscribing: %d %s", a.status, a.raw)
	}
	return s
}

func (h *house) subscribe(s stream, token string, topics ...string) answer {
	h.t.Helper()
	body, err := json.Marshal(m{"clientId": s.id, "subscriptions": topics})
	if err != nil {
		h.t.Fatal(err)
	}
	return h.with(token, "POST", "/api/realtime", string(body))
}

// with asks with a token as it is, which may be dead.
func (h *house) with(token, method, path, body string) answer {
	h.t.Helper()
	req, err := http.NewRequest(method, h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", token)
	return h.send(req)
}

func (s stream) closes(t *testing.T, what string) {
	t.Helper()
	deadline := time.After(5 * time.Second)
	for {
		select {
		case _, open := <-s.events:
			if !open {
				return
			}
		case <-deadline:
			t.Errorf("%s: the connection stays open", what)
			return
		}
	}
}

func (s stream) hears(t *testing.T, what string) string {
	t.Helper()
	select {
	case event, open := <-s.events:
		if open {
			return event
		}
		t.Errorf("%s: the connection was closed", what)
	case <-time.After(5 * time.Second):
		t.Errorf("%s: nothing was heard", what)
	}
	return ""
}

func TestTokensDie(t *testing.T) {
	h := open(t)
	root := h.user("root", schema.RoleAdmin)
	for name, end := range map[string]func(u *core.Record){
		"deactivated by staff": func(u *core.Record) { h.ask(root, "PATCH", users+"/"+u.Id, m{"state": "inactive"}) },
		"put back to pending":  func(u *core.Record) { h.ask(root, "PATCH", users+"/"+u.Id, m{"state": "pending"}) },
		"deactivated by the code that made it": func(u *core.Record) {
			u.Set("state", schema.StateInactive)
			if err := h.Save(u); err != nil {
				t.Error(err)
			}
		},
		"deactivated past the hooks": func(u *core.Record) {
			if _, err := h.DB().Update(schema.Users, dbx.Params{"state": "inactive"}, dbx.HashExp{"id": u.Id}).Execute(); err != nil {
				t.Error(err)
			}
		},
		"a new password by staff": func(u *core.Record) {
			h.ask(root, "PATCH", users+"/"+u.Id, m{"password": "another-good-one", "passwordConfirm": "another-good-one"})
		},
		"a new address by staff": func(u *core.Record) { h.ask(root, "PATCH", users+"/"+u.Id, m{"email": "x" + u.Email()}) },
		"deleted":                func(u *core.Record) { h.ask(root, "DELETE", users+"/"+u.Id, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			u := h.user("u"+core.GenerateDefaultRandomId(), schema.RoleCustomer)
			private := testapp.Document(t, h.TestApp, u, schema.VisibilityPrivate)
			public := testapp.Document(t, h.TestApp, u, schema.VisibilityPublic)
			token := testapp.Token(t, u)
			files, _ := h.with(token, "POST", "/api/files/token", "").at("token").(string)
			file := "/api/files/documents/" + private.Id + "/" + private.GetString("file") + "?token=" + files
			if a := h.with(token, "GET", file, ""); a.status != 200 {
				t.Fatalf("the file before: %d %s", a.status, a.raw)
			}
			s := h.connect(token, "documents/*", "users/"+u.Id)
			end(u)
			s.closes(t, name)
			for path, want := range map[string]int{
				"/api/library/me": 401,
				"/api/collections/documents/records/" + private.Id: 404,
				"/api/collections/documents/records/" + public.Id:  200,
				users + "/" + root.Id:                              404,
				file:                                               404,
			} {
				if a := h.with(token, "GET", path, ""); a.status != want {
					t.Errorf("%s: %d %s, want %d", path, a.status, a.raw, want)
				}
			}
			if name != "deleted" && name != "deactivated past the hooks" {
				h.set(schema.Users, u.Id, m{"state": schema.StateActive})
				if a := h.with(token, "GET", "/api/library/me", ""); a.status != 401 {
					t.Errorf("let in again, the old token lives: %d %s", a.status, a.raw)
				}
			}
			for _, path := range []string{"/api/files/token", "/api/collections/users/auth-refresh"} {
				if a := h.with(token, "POST", path, ""); a.status != 401 {
					t.Errorf("%s: %d %s", path, a.status, a.raw)
				}
			}
		})
	}
}

// A smaller role keeps the token, but what is heard goes by the database.
func TestRoleDropped(t *testing.T) {
	h := open(t)
	h.user("root", schema.RoleAdmin)
	lib, ann := h.user("lib", schema.RoleLibrarian), h.user("ann", schema.RoleCustomer)
	private := testapp.Document(t, h.TestApp, ann, schema.VisibilityPrivate)
	public := testapp.Document(t, h.TestApp, ann, schema.VisibilityPublic)
	token := testapp.Token(t, lib)
	s := h.connect(token, "documents/*")
	touch := func(doc *core.Record, title string) {
		doc = h.stored(doc)
		doc.Set("title", title)
		if err := h.Save(doc); err != nil {
			t.Fatal(err)
		}
	}
	touch(private, "first")
	if got := s.hears(t, "a private document as librarian"); !strings.Contains(got, "first") {
		t.Errorf("heard %s", got)
	}
	lib = h.stored(lib)
	lib.Set("role", schema.RoleVisitor)
	if err := h.Save(lib); err != nil {
		t.Fatal(err)
	}
	touch(private, "second")
	touch(public, "third")
	if got := s.hears(t, "a public document as visitor"); !strings.Contains(got, "third") {
		t.Errorf("heard %s", got)
	}
	if a := h.with(token, "GET", "/api/library/me", ""); a.status != 200 || a.at("role", "name") != "Visitor" {
		t.Errorf("me: %d %s", a.status, a.raw)
	}
}

// A change that comes between a request's reading and its writing is kept.
func TestDeactivationIsNotUndone(t *testing.T) {
	h := open(t)
	ann := h.user("ann", schema.RoleCustomer)
	token := testapp.Token(t, ann)
	h.OnRecordUpdateRequest(schema.Users).BindFunc(func(e *core.RecordRequestEvent) error {
		fresh := h.stored(ann)
		fresh.Set("state", schema.StateInactive)
		if err := h.Save(fresh); err != nil {
			return err
		}
		return e.Next()
	})
	h.with(token, "PATCH", users+"/"+ann.Id, `{"name":"Still here"}`)
	if got := h.stored(ann); got.GetString("state") != schema.StateInactive || got.GetString("name") != "Still here" {
		t.Errorf("state %s, name %s", got.GetString("state"), got.GetString("name"))
	}
	if a := h.with(token, "GET", "/api/library/me", ""); a.status != 401 {
		t.Errorf("the token lives: %d", a.status)
	}
}

func TestRealtimeFilters(t *testing.T) {
	h := open(t)
	ann, bob, root := h.user("ann", schema.RoleCustomer), h.user("bob", schema.RoleCustomer), h.user("root", schema.RoleAdmin)
	filter := `?options=` + `%7B%22query%22%3A%7B%22filter%22%3A%22state='active'%22%7D%7D`
	for _, topic := range []string{"users/" + ann.Id, "users/*", "users", "_pb_users_auth_/" + ann.Id, "_pb_users_auth_/*"} {
		s := h.connect(testapp.Token(t, bob))
		if a := h.subscribe(s, testapp.Token(t, bob), topic+filter); a.status != 400 || a.code("fault") != "realtime_filter_forbidden" {
			t.Errorf("%s: %d %s", topic, a.status, a.raw)
		}
	}
	s := h.connect(testapp.Token(t, root), "users/"+ann.Id+filter)
	other := h.connect(testapp.Token(t, bob), "users/"+ann.Id)
	fresh := h.stored(ann)
	fresh.Set("name", "Ann Other")
	if err := h.Save(fresh); err != nil {
		t.Fatal(err)
	}
	if got := s.hears(t, "staff"); !strings.Contains(got, "ann@example.org") {
		t.Errorf("staff hear %s", got)
	}
	got := other.hears(t, "another patron")
	if !strings.Contains(got, "Ann Other") || strings.Contains(got, "ann@example.org") || strings.Contains(got, `"state"`) || strings.Contains(got, `"role"`) {
		t.Errorf("another patron hears %s", got)
	}
}
