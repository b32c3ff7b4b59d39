package accounts

import (
	"context"
	"database/sql"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

func TestSignInByUsername(t *testing.T) {
	h := open(t)
	for _, name := range []string{"ann", "Élise", "Straße", "李雷_7", "İpek"} {
		h.user(name, schema.RoleVisitor, func(r *core.Record) { r.SetEmail("") })
	}
	h.user("mail", schema.RoleVisitor)
	for _, test := range []struct {
		identity, field string
		status          int
	}{
		{"ann", "", 200}, {"ANN", "", 200}, {"ＡＮＮ", "", 200}, {"ａnn", "username", 200},
		{"élise", "", 200}, {"E\u0301LISE", "", 200}, {"STRASSE", "", 200}, {"strasse", "username", 200}, {"李雷_7", "", 200}, {"i\u0307pek", "", 200},
		{"mail@example.org", "", 200}, {"MAIL@EXAMPLE.ORG", "email", 200}, {"mail", "", 200},
		{"аnn", "", 400}, {"ann ", "", 400}, {"elise", "", 400}, {"ann@example.org", "", 400}, {"mail", "email", 400}, {"ANN", "usernameKey", 400}, {"'", "", 400},
	} {
		a := h.ask(nil, "POST", "/api/collections/users/auth-with-password", m{"identity": test.identity, "password": testapp.Password, "identityField": test.field})
		if a.status != test.status {
			t.Errorf("%q by %q: %d %s", test.identity, test.field, a.status, a.raw)
		}
		if test.status == 200 && (a.at("record", "role") != schema.RoleVisitor || a.at("record", "usernameKey") != nil) {
			t.Errorf("%q: %s", test.identity, a.raw)
		}
	}
	if a := h.ask(nil, "POST", "/api/collections/users/auth-with-password", m{"identity": "ＡＮＮ", "password": "wrong"}); a.status != 400 {
		t.Errorf("a wrong password: %d %s", a.status, a.raw)
	}
}

func TestUsernamesThatLookAlike(t *testing.T) {
	h := open(t)
	admin := h.user("root", schema.RoleAdmin)
	for _, pair := range [][2]string{{"Élise", "e\u0301lise"}, {"strasse", "STRAßE"}, {"ann", "Ａnn"}, {"file", "ﬁle"}, {"x²y", "X2y"}} {
		for i, username := range pair {
			a := h.ask(admin, "POST", users, signUpBody(m{"email": nil, "username": username}))
			if want := []int{200, 400}[i]; a.status != want || i == 1 && a.code("username") != "validation_not_unique" {
				t.Errorf("%q: %d %s", username, a.status, a.raw)
			}
		}
	}
	ann := h.ask(admin, "GET", users+"?filter=username='ann'", nil).at("items").([]any)[0].(m)["id"].(string)
	if a := h.ask(admin, "PATCH", users+"/"+ann, m{"username": "ÉLISE"}); a.status != 400 || a.code("username") != "validation_not_unique" || a.code("usernameKey") != nil {
		t.Errorf("renamed to a taken one: %d %s", a.status, a.raw)
	}
	if a := h.ask(admin, "PATCH", users+"/"+ann, m{"username": "ANN"}); a.status != 200 {
		t.Errorf("one's own in capitals: %d %s", a.status, a.raw)
	}
}

func TestMadeUsernames(t *testing.T) {
	h := open(t)
	for _, test := range []struct{ email, name, want string }{
		{"ana.maria@example.org", "", "ana.maria"},
		{"Ana.Maria@other.example", "", "ana.maria2"},
		{"ana.maria@third.example", "", "ana.maria3"},
		{"joe+books@example.org", "", "joe"},
		{"jo@example.org", "José da Silva", "josé.da.silva"},
		{"", "!!", "reader"},
		{"", "", "reader2"},
		{strings.Repeat("x", 64) + "@example.org", "", strings.Repeat("x", 54)},
	} {
		u, err := newUser(h.TestApp)
		if err != nil {
			t.Fatal(err)
		}
		u.SetEmail(test.email)
		u.Set("name", test.name)
		u.SetPassword(testapp.Password)
		if err := h.Save(u); err != nil || u.GetString("username") != test.want || u.GetString("role") != schema.RoleVisitor || u.GetString("state") != schema.StateActive {
			t.Errorf("%s, %s: %q (%v), want %q", test.email, test.name, u.GetString("username"), err, test.want)
		}
	}
}

func TestClosedSignIn(t *testing.T) {
	h := open(t)
	for state, code := range map[string]string{schema.StatePending: "account_pending", schema.StateInactive: "account_inactive"} {
		h.user(state, schema.RoleVisitor, func(r *core.Record) { r.Set("state", state) })
		if a := h.ask(nil, "POST", "/api/collections/users/auth-with-password", m{"identity": state, "password": testapp.Password}); a.status != 403 || a.code("fault") != code {
			t.Errorf("%s: %d %s", state, a.status, a.raw)
		}
		if a := h.ask(nil, "POST", "/api/collections/users/auth-with-password", m{"identity": state, "password": "wrong"}); a.status != 400 || strings.Contains(a.raw, code) {
			t.Errorf("%s with a wrong password: %d %s", state, a.status, a.raw)
		}
	}
}

func TestLastLogin(t *testing.T) {
	h := open(t)
	ann := h.user("ann", schema.RoleVisitor)
	updated := h.stored(ann).GetString("updated")
	if a := h.ask(ann, "POST", "/api/collections/users/auth-refresh", nil); a.status != 200 || !h.stored(ann).GetDateTime("lastLogin").IsZero() {
		t.Errorf("a renewed token counts as a sign-in: %d", a.status)
	}
	h.ask(nil, "POST", "/api/collections/users/auth-with-password", m{"identity": "ann", "password": testapp.Password})
	got := h.stored(ann)
	if got.GetDateTime("lastLogin").IsZero() || got.GetString("updated") != updated {
		t.Errorf("lastLogin %s, updated %s, was %s", got.GetString("lastLogin"), got.GetString("updated"), updated)
	}
}

func TestNoMailIsPromisedWithoutAServer(t *testing.T) {
	h := open(t)
	ann := h.user("ann", schema.RoleVisitor)
	for path, who := range map[string]*core.Record{"request-password-reset": nil, "request-verification": nil, "request-email-change": ann} {
		for _, email := range []string{"ann@example.org", "nobody@example.org"} {
			a := h.ask(who, "POST", "/api/collections/users/"+path, m{"email": email, "newEmail": "new." + email})
			if a.status != 503 || a.code("fault") != "mail_not_set_up" {
				t.Errorf("%s for %s: %d %s", path, email, a.status, a.raw)
			}
		}
	}
}

func TestEmailChange(t *testing.T) {
	h := open(t)
	h.smtp()
	ann := h.user("ann", schema.RoleVisitor)
	h.set(schema.LibrarySettings, schema.LibrarySettingsID, m{"allowedEmailDomains": []string{"example.org"}})
	const path = "/api/collections/users/request-email-change"
	if a := h.ask(ann, "POST", path, m{"newEmail": "ann@elsewhere.example"}); a.status != 400 || a.code("newEmail") != "email_domain_not_allowed" {
		t.Errorf("another domain: %d %s", a.status, a.raw)
	}
	if a := h.ask(ann, "POST", path, m{"newEmail": "new.ann@example.org"}); a.status != 204 {
		t.Errorf("%d %s", a.status, a.raw)
	}
	token, err := ann.NewEmailChangeToken("new.ann@example.org")
	if err != nil {
		t.Fatal(err)
	}
	if a := h.ask(nil, "POST", "/api/collections/users/confirm-email-change", m{"token": token, "password": testapp.Password}); a.status != 204 || h.stored(ann).Email() != "new.ann@example.org" {
		t.Errorf("%d %s", a.status, a.raw)
	}
}

// The database is asked as often for whom it knows as for whom it does not.
func TestWrongPasswordCostsTheSameForStrangers(t *testing.T) {
	h := open(t)
	for _, state := range []string{schema.StateActive, schema.StatePending, schema.StateInactive} {
		h.user(state, schema.RoleVisitor, func(r *core.Record) { r.Set("state", state) })
	}
	var queries atomic.Int32
	for _, db := range []dbx.Builder{h.ConcurrentDB(), h.NonconcurrentDB()} {
		db.(*dbx.DB).QueryLogFunc = func(_ context.Context, _ time.Duration, query string, _ *sql.Rows, _ error) {
			if strings.Contains(query, "users") {
				queries.Add(1)
			}
		}
	}
	asked := func(identity string) int32 {
		queries.Store(0)
		if a := h.ask(nil, "POST", collection+"auth-with-password", m{"identity": identity, "password": "wrong"}); a.status != 400 {
			t.Errorf("%s: %d %s", identity, a.status, a.raw)
		}
		return queries.Load()
	}
	for _, suffix := range []string{"", "@example.org"} {
		want := asked("nobody" + suffix)
		for _, name := range []string{schema.StateActive, schema.StatePending, schema.StateInactive} {
			if got := asked(name + suffix); got != want || want < 3 {
				t.Errorf("%s: %d queries, a stranger's are %d", name+suffix, got, want)
			}
		}
	}
}
