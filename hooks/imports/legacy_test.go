package imports

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

func TestOldPasswordsSignInAndAreReplaced(t *testing.T) {
	t.Parallel()
	h, _ := moveIn(t, small().write(t))
	for username, password := range map[string]string{
		"ana": "ana-password", "bia": "bia-password", "curta": "abc", "longa": long(), // shorter and longer than today's may be
	} {
		if !strings.Contains(h.user(t, username).GetString(legacyHash), "$") {
			t.Errorf("%s came without a hash", username)
		}
		for _, wrong := range []string{password + "x"[:min(1, 72-min(len(password), 72))], "no", password[:1]} {
			if wrong != password && h.signIn(t, username, wrong) != 400 {
				t.Errorf("%s signs in with %q", username, wrong)
			}
		}
		for i := range 2 {
			if status := h.signIn(t, username, password); status != 200 {
				t.Errorf("sign-in %d of %s: %d", i+1, username, status)
			}
		}
		user := h.user(t, username)
		if user.GetString(legacyHash) != "" || !user.ValidatePassword(password) {
			t.Errorf("%s has kept the old hash, or not got a new one", username)
		}
		if got := values(user, "updated"); got != "2024-03-01 13:14:15.000Z" {
			t.Errorf("a sign-in of %s counts as a change: %s", username, got)
		}
	}
	if status := h.signIn(t, "ANA@example.org", "ana-password"); status != 200 {
		t.Errorf("by e-mail: %d", status)
	}
}

func TestOldPasswordsLetInNobodyWhoIsOut(t *testing.T) {
	t.Parallel()
	h, _ := moveIn(t, small().write(t))
	for username, want := range map[string]int{"fora": 403, "nova": 403, "velha": 400} {
		if status := h.signIn(t, username, username+"-password"); status != want {
			t.Errorf("%s: %d", username, status)
		}
	}
}

func TestANewPasswordEndsTheOldOne(t *testing.T) {
	t.Parallel()
	h, _ := moveIn(t, small().write(t))
	bia := h.user(t, "bia")
	bia.SetPassword("a-new-password")
	if err := h.Save(bia); err != nil {
		t.Fatal(err)
	}
	if got := h.signIn(t, "bia", "bia-password"); got != 400 {
		t.Errorf("the old password: %d", got)
	}
	if got := h.signIn(t, "bia", "a-new-password"); got != 200 {
		t.Errorf("the new password: %d", got)
	}
}

func TestOtherChangesLeaveTheOldPassword(t *testing.T) {
	t.Parallel()
	h, _ := moveIn(t, small().write(t))
	bia := h.user(t, "bia")
	bia.Set("name", "Bia")
	if err := h.Save(bia); err != nil {
		t.Fatal(err)
	}
	if got := h.signIn(t, "bia", "bia-password"); got != 200 {
		t.Errorf("the old password: %d", got)
	}
}

func TestWrongOldPasswordsCountAsFailures(t *testing.T) {
	t.Parallel()
	h, _ := moveIn(t, small().write(t))
	for range 10 {
		if got := h.signIn(t, "bia", "wrong-password"); got != 400 {
			t.Errorf("a wrong password: %d", got)
		}
	}
	if got := h.signIn(t, "bia", "bia-password"); got != 429 {
		t.Errorf("after ten failures: %d", got)
	}
}

func TestTwoFirstSignInsAtOnceBothSucceed(t *testing.T) {
	t.Parallel()
	h, _ := moveIn(t, small().write(t))
	answers := make(chan int, 4)
	for range cap(answers) {
		go func() { answers <- h.signIn(t, "bia", "bia-password") }()
	}
	for range cap(answers) {
		if got := <-answers; got != 200 {
			t.Errorf("answered %d", got)
		}
	}
}

func TestTheOldHashIsShownToNobody(t *testing.T) {
	t.Parallel()
	h, _ := moveIn(t, small().write(t))
	ana, bia := h.user(t, "ana"), h.user(t, "bia")
	for _, path := range []string{"", "/" + bia.Id, "/" + ana.Id, "?filter=" + "legacyHash!=''", "?sort=legacyHash"} {
		a := h.Do(t, ana, "GET", "/api/collections/users/records"+path, nil)
		if strings.Contains(string(a.Raw), legacyHash) || strings.Contains(string(a.Raw), "scrypt") {
			t.Errorf("%s: %s", path, a.Raw)
		}
		if strings.Contains(path, "?") && a.Status != 400 {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
	a := h.Do(t, ana, "PATCH", "/api/collections/users/records/"+bia.Id, cells{legacyHash: hashed("mine"), "name": "B"})
	if a.Status != 200 || h.user(t, "bia").GetString(legacyHash) != bia.GetString(legacyHash) {
		t.Errorf("who manages users writes it: %d", a.Status)
	}
}

// PocketBase shows superusers whatever is hidden, and its dashboard sends back
// what it was shown.
func TestTheOldHashIsShownToNoSuperuser(t *testing.T) {
	t.Parallel()
	h, _ := moveIn(t, small().write(t))
	root, bia := testapp.Superuser(t, h.TestApp), h.user(t, "bia")
	old := bia.GetString(legacyHash)
	if old == "" {
		t.Fatal("there is no old hash")
	}
	events := h.Listen(t, root, "users/*", "users/"+bia.Id, "documents/*?options="+url.QueryEscape(`{"query":{"expand":"owner"}}`))
	doc := testapp.Document(t, h.TestApp, bia, schema.VisibilityPrivate)
	one := "/api/collections/users/records/" + bia.Id
	for _, ask := range []struct {
		method, path string
		body         any
	}{
		{"GET", "/api/collections/users/records", nil},
		{"GET", one, nil},
		{"GET", one + "?fields=*,legacyHash,id", nil},
		{"GET", "/api/collections/documents/records?expand=owner", nil},
		{"GET", "/api/collections/documents/records/" + doc.Id + "?expand=owner", nil},
		{"PATCH", one, cells{"name": "Bia", legacyHash: ""}},
		{"PATCH", one, cells{"name": "Bia S.", legacyHash: hashed("mine")}},
		{"PATCH", "/api/collections/documents/records/" + doc.Id + "?expand=owner", cells{"title": "Another"}},
	} {
		a := h.Do(t, root, ask.method, ask.path, ask.body)
		if a.Status != 200 || !strings.Contains(string(a.Raw), bia.Id) {
			t.Errorf("%s %s: %d %s", ask.method, ask.path, a.Status, a.Raw)
		}
		if strings.Contains(string(a.Raw), legacyHash) || strings.Contains(string(a.Raw), old) {
			t.Errorf("%s %s shows it: %s", ask.method, ask.path, a.Raw)
		}
	}
	made := h.Do(t, root, "POST", "/api/collections/users/records", cells{"username": "made", "password": "made-password", "passwordConfirm": "made-password", legacyHash: hashed("mine")})
	if made.Status != 200 || h.user(t, "made").GetString(legacyHash) != "" {
		t.Errorf("a superuser makes one with a hash: %d %s", made.Status, made.Raw)
	}
	for _, told := range []string{"users/*", "users/" + bia.Id, "documents/*"} {
		events.Await(t, func(e testapp.Event) bool {
			return strings.HasPrefix(e.Topic, told) && strings.Contains(fmt.Sprint(e.Data), bia.Id)
		})
	}
	for _, e := range events.Heard() {
		if raw := fmt.Sprint(e.Data); strings.Contains(raw, legacyHash) || strings.Contains(raw, old) {
			t.Errorf("an event of %s shows it: %s", e.Topic, raw)
		}
	}
	if h.user(t, "bia").GetString(legacyHash) != old || h.signIn(t, "bia", "bia-password") != 200 {
		t.Error("the old password is lost")
	}
}

// A refusal waits for the check of an old hash whether there is one or not.
func TestRefusalsTakeAsLongForAnyName(t *testing.T) {
	t.Parallel()
	h := open(t)
	r := &room{turns: make(chan struct{}, 1)}
	r.turns <- struct{}{}
	h.OnRecordAuthWithPasswordRequest(schema.Users).Unbind("onlibrary.imports.signIn")
	h.OnRecordAuthWithPasswordRequest(schema.Users).BindFunc(r.signIn)
	if got := h.signIn(t, "nobody", "wrong-password"); got != 400 {
		t.Errorf("without old hashes a refusal waits: %d", got)
	}
	if out, err := h.move(t, small().write(t)); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"nobody", "somebody", "bia", "velha"} {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL+"/api/collections/users/auth-with-password",
			strings.NewReader(`{"identity":"`+name+`","password":"wrong-password"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
			t.Errorf("%s is refused without a look at a hash: %d", name, response.StatusCode)
		}
	}
}
