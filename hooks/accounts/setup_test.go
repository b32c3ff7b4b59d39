package accounts

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

func (h *house) setupToken() string {
	h.t.Helper()
	path, err := SetupPath(h.TestApp, time.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	token, ok := strings.CutPrefix(path, "/setup?token=")
	if !ok || len(token) < 43 {
		h.t.Fatalf("path %q", path)
	}
	return token
}

func setupBody(token string, more m) m {
	body := m{
		"token": token, "libraryName": "Biblioteca", "language": "pt-BR", "timezone": "America/Sao_Paulo",
		"email": "Chief@example.org", "name": "The Chief", "password": "a-good-password",
	}
	for k, v := range more {
		body[k] = v
	}
	return body
}

func (h *house) count(collection string) int64 {
	h.t.Helper()
	n, err := h.CountRecords(collection)
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

func TestSetup(t *testing.T) {
	const path = "/api/library/setup"
	h := open(t)
	if a := h.ask(nil, "GET", path+"?token=", nil); a.status != 404 || a.code("fault") != "setup_token_invalid" {
		t.Errorf("before there is a token: %d %s", a.status, a.raw)
	}
	old := h.setupToken()
	token := h.setupToken()
	if a := h.ask(nil, "GET", path+"?token="+token, nil); a.status != 200 || a.at("valid") != true || a.at("libraryName") != "OnLibrary" || a.at("language") != "en" {
		t.Errorf("%d %s", a.status, a.raw)
	}
	for name, wrong := range map[string]string{"an earlier token": old, "no token": "", "another": strings.Repeat("x", 43)} {
		if a := h.ask(nil, "GET", path+"?token="+wrong, nil); a.status != 404 || a.code("fault") != "setup_token_invalid" {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
		if a := h.ask(nil, "POST", path, setupBody(wrong, nil)); a.status != 400 || a.code("fault") != "setup_token_invalid" {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	h.now.Store(30 * 60)
	if a := h.ask(nil, "POST", path, setupBody(token, nil)); a.status != 400 || a.code("fault") != "setup_token_invalid" {
		t.Errorf("half an hour later: %d %s", a.status, a.raw)
	}
	h.now.Store(0)
	for field, body := range map[string]m{
		"password":    setupBody(token, m{"password": "short"}),
		"email":       setupBody(token, m{"email": "nobody"}),
		"libraryName": setupBody(token, m{"libraryName": ""}),
		"language":    setupBody(token, m{"language": strings.Repeat("x", 50)}),
		"timezone":    setupBody(token, m{"timezone": strings.Repeat("x", 80)}),
		"name":        setupBody(token, m{"name": strings.Repeat("x", 200)}),
	} {
		if a := h.ask(nil, "POST", path, body); a.status != 400 || a.code(field) == nil {
			t.Errorf("%s: %d %s", field, a.status, a.raw)
		}
	}
	if h.count(schema.Users) != 0 || h.count(core.CollectionNameSuperusers) != 0 {
		t.Error("a refused set-up left an account")
	}
	if r, err := h.FindRecordById(schema.Library, schema.LibraryID); err != nil || r.GetString("name") != "OnLibrary" {
		t.Errorf("a refused set-up named the library %q (%v)", r.GetString("name"), err)
	}

	// Of many at once, one wins.
	answers := make([]answer, 6)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = h.ask(nil, "POST", path, setupBody(token, nil)) })
	}
	all.Wait()
	var won answer
	for _, a := range answers {
		switch {
		case a.status == 200 && won.status == 0:
			won = a
		case a.status != 400 || a.code("fault") != "setup_done" && a.code("fault") != "setup_token_invalid":
			t.Errorf("%d %s", a.status, a.raw)
		}
	}
	if won.at("record", "role") != schema.RoleAdmin || won.at("record", "state") != "active" || won.at("record", "verified") != true ||
		won.at("record", "email") != "Chief@example.org" || won.at("record", "language") != "pt-BR" || len(won.at("record", "channels").([]any)) != 2 {
		t.Fatalf("%d %s", won.status, won.raw)
	}
	if h.count(schema.Users) != 1 || h.count(core.CollectionNameSuperusers) != 1 {
		t.Errorf("%d users, %d superusers", h.count(schema.Users), h.count(core.CollectionNameSuperusers))
	}
	if a := h.with(won.at("token").(string), "GET", "/api/library/me", ""); a.status != 200 || a.at("role", "name") != "Admin" {
		t.Errorf("me: %d %s", a.status, a.raw)
	}
	for _, collection := range []string{schema.Users, core.CollectionNameSuperusers} {
		if a := h.ask(nil, "POST", "/api/collections/"+collection+"/auth-with-password", m{"identity": "chief@example.org", "password": "a-good-password"}); a.status != 200 && collection == schema.Users {
			t.Errorf("%s: %d %s", collection, a.status, a.raw)
		}
	}
	r, err := h.FindRecordById(schema.Library, schema.LibraryID)
	if err != nil || r.GetString("name") != "Biblioteca" || r.GetString("defaultLanguage") != "pt-BR" || r.GetString("defaultTimezone") != "America/Sao_Paulo" {
		t.Errorf("library: %v (%v)", r.FieldsData(), err)
	}
	if a := h.ask(nil, "POST", path, setupBody(token, nil)); a.status != 400 || a.code("fault") != "setup_done" {
		t.Errorf("once more: %d %s", a.status, a.raw)
	}
	if again, err := SetupPath(h.TestApp, time.Now()); err != nil || again != "" {
		t.Errorf("a link after all is set up: %q (%v)", again, err)
	}
}

func TestEnsureSuperuser(t *testing.T) {
	h := open(t)
	squatter := h.user("squatter", schema.RoleVisitor, func(r *core.Record) { r.SetEmail("chief@example.org"); r.Set("state", schema.StatePending) })
	if err := EnsureSuperuser(h.TestApp, "chief@example.org", "short"); err == nil || h.count(core.CollectionNameSuperusers) != 0 {
		t.Errorf("a short password: %v", err)
	}
	if err := EnsureSuperuser(h.TestApp, "chief@example.org", "a-good-password"); err != nil {
		t.Fatal(err)
	}
	got := h.stored(squatter)
	if got.GetString("role") != schema.RoleAdmin || got.GetString("state") != schema.StateActive || got.ValidatePassword(testapp.Password) || !got.ValidatePassword("a-good-password") {
		t.Errorf("the account of the address: %v", got.FieldsData())
	}
	if err := EnsureSuperuser(h.TestApp, "second@example.org", "a-good-password"); err != nil || h.count(core.CollectionNameSuperusers) != 1 {
		t.Errorf("a second superuser: %v", err)
	}
}
