package accounts

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// Who may do what to the room's collections, and to its routes. An inactive
// user has a token that is alive all the same, as if it had outlived the state.
func TestAccess(t *testing.T) {
	h := open(t)
	who := []string{"guest", "visitor", "librarian", "manager", "admin", "inactive", "superuser"}
	as := map[string]*core.Record{
		"visitor":   h.user("visitor", schema.RoleVisitor),
		"librarian": h.user("librarian", schema.RoleLibrarian),
		"manager":   h.user("manager", h.role("Managers", schema.UsersManage, schema.LibraryManage).Id),
		"admin":     h.user("admin", schema.RoleAdmin),
		"inactive":  h.user("inactive", schema.RoleAdmin, func(r *core.Record) { r.Set("state", schema.StateInactive) }),
		"superuser": testapp.Superuser(t, h.TestApp),
	}
	other := h.user("other", schema.RoleVisitor)
	one := func(path string, r *core.Record) string { return path + "/" + r.Id }
	fresh := 0
	user := func() string { // a user to delete, or to make
		fresh++
		return fmt.Sprintf("fresh%d", fresh)
	}
	for _, test := range []struct {
		act, method string
		path        func() string
		body        func() any
		want        [7]int // by who
	}{
		{act: "list users", method: "GET", path: func() string { return users }, want: [7]int{200, 200, 200, 200, 200, 200, 200}},
		{act: "view a user", method: "GET", path: func() string { return one(users, other) }, want: [7]int{404, 200, 200, 200, 200, 404, 200}},
		{act: "make a user", method: "POST", path: func() string { return users },
			body: func() any { return signUpBody(m{"email": user() + "@example.org"}) }, want: [7]int{200, 200, 200, 200, 200, 200, 200}},
		{act: "make an active user", method: "POST", path: func() string { return users },
			body: func() any { return signUpBody(m{"email": user() + "@example.org", "state": "active"}) }, want: [7]int{400, 400, 400, 200, 200, 400, 200}},
		{act: "make a user without an address", method: "POST", path: func() string { return users },
			body: func() any { return signUpBody(m{"email": nil, "username": user()}) }, want: [7]int{400, 400, 400, 200, 200, 400, 200}},
		{act: "rename another", method: "PATCH", path: func() string { return one(users, other) },
			body: func() any { return m{"name": "Other"} }, want: [7]int{404, 404, 404, 200, 200, 404, 200}},
		{act: "deactivate another", method: "PATCH", path: func() string { return one(users, h.user(user(), schema.RoleVisitor)) },
			body: func() any { return m{"state": "inactive"} }, want: [7]int{404, 404, 404, 200, 200, 404, 200}},
		{act: "delete another", method: "DELETE", path: func() string { return one(users, h.user(user(), schema.RoleVisitor)) },
			want: [7]int{404, 404, 404, 204, 204, 404, 204}},
		{act: "list roles", method: "GET", path: func() string { return roles + "?filter=name='Admin'" }, want: [7]int{200, 200, 200, 200, 200, 200, 200}},
		{act: "view a role", method: "GET", path: func() string { return roles + "/" + schema.RoleAdmin }, want: [7]int{404, 200, 200, 200, 200, 404, 200}},
		{act: "make a role", method: "POST", path: func() string { return roles },
			body: func() any { return m{"name": user()} }, want: [7]int{400, 400, 400, 400, 200, 400, 200}},
		{act: "rename a role", method: "PATCH", path: func() string { return roles + "/" + schema.RoleCustomer },
			body: func() any { return m{"name": "Readers"} }, want: [7]int{404, 404, 404, 404, 200, 404, 200}},
		{act: "delete a role", method: "DELETE", path: func() string { return one(roles, h.role(user())) }, want: [7]int{404, 404, 404, 404, 204, 404, 204}},
		{act: "delete a used role", method: "DELETE", path: func() string { return roles + "/" + schema.RoleVisitor }, want: [7]int{404, 404, 404, 404, 400, 404, 400}},
		{act: "copy a role", method: "POST", path: func() string { return "/api/library/roles/" + schema.RoleCustomer + "/copy" },
			body: func() any { return m{} }, want: [7]int{401, 403, 403, 403, 200, 401, 200}},
		{act: "see the library", method: "GET", path: func() string { return "/api/collections/library/records/" + schema.LibraryID }, want: [7]int{200, 200, 200, 200, 200, 200, 200}},
		{act: "change the library", method: "PATCH", path: func() string { return "/api/collections/library/records/" + schema.LibraryID },
			body: func() any { return m{"description": "Quiet."} }, want: [7]int{404, 404, 404, 200, 200, 404, 200}},
		{act: "make a second library", method: "POST", path: func() string { return "/api/collections/library/records" },
			body: func() any {
				return m{"name": "B", "defaultLanguage": "en", "defaultTimezone": "UTC", "signup": "open", "activation": "none"}
			}, want: [7]int{403, 403, 403, 403, 403, 403, 400}},
		{act: "delete the library", method: "DELETE", path: func() string { return "/api/collections/library/records/" + schema.LibraryID }, want: [7]int{403, 403, 403, 403, 403, 403, 400}},
		{act: "see the settings", method: "GET", path: func() string { return "/api/collections/library_settings/records/" + schema.LibrarySettingsID }, want: [7]int{404, 404, 404, 200, 200, 404, 200}},
		{act: "change the settings", method: "PATCH", path: func() string { return "/api/collections/library_settings/records/" + schema.LibrarySettingsID },
			body: func() any { return m{"holdDays": 4} }, want: [7]int{404, 404, 404, 200, 200, 404, 200}},
		{act: "me", method: "GET", path: func() string { return "/api/library/me" }, want: [7]int{401, 200, 200, 200, 200, 401, 403}},
		{act: "permissions", method: "GET", path: func() string { return "/api/library/permissions" }, want: [7]int{401, 200, 200, 200, 200, 401, 200}},
		{act: "find a patron", method: "GET", path: func() string { return "/api/library/patrons?username=OTHER" }, want: [7]int{401, 200, 200, 200, 200, 401, 200}},
		{act: "set-up", method: "GET", path: func() string { return "/api/library/setup?token=x" }, want: [7]int{404, 404, 404, 404, 404, 404, 404}},
		{act: "set up", method: "POST", path: func() string { return "/api/library/setup" },
			body: func() any { return m{"token": "x"} }, want: [7]int{400, 400, 400, 400, 400, 400, 400}},
	} {
		for i, name := range who {
			var body any
			if test.body != nil {
				body = test.body()
			}
			if a := h.ask(as[name], test.method, test.path(), body); a.status != test.want[i] {
				t.Errorf("%s, %s: %d %s, want %d", test.act, name, a.status, a.raw, test.want[i])
			}
		}
	}
	// A list that may be asked for by all shows each no more than is theirs.
	for name, want := range map[string]int{"guest": 0, "visitor": 1, "librarian": 1, "inactive": 0} {
		if a := h.ask(as[name], "GET", users, nil); int(a.at("totalItems").(float64)) != want {
			t.Errorf("%s lists %v users, want %d", name, a.at("totalItems"), want)
		}
	}
	for name, want := range map[string]int{"guest": 0, "visitor": 1, "inactive": 0} {
		if a := h.ask(as[name], "GET", roles+"?filter=name='Admin'", nil); int(a.at("totalItems").(float64)) != want {
			t.Errorf("%s lists %v roles, want %d", name, a.at("totalItems"), want)
		}
	}
}

func TestMe(t *testing.T) {
	h := open(t)
	ann := h.user("ann", schema.RoleCustomer, func(r *core.Record) { r.Set("language", "fr"); r.Set("timezone", "Europe/Paris") })
	a := h.ask(ann, "GET", "/api/library/me", nil)
	if a.at("user", "email") != "ann@example.org" || a.at("user", "state") != "active" || a.at("user", "tokenKey") != nil || a.at("user", "usernameKey") != nil {
		t.Errorf("user: %s", a.raw)
	}
	if a.at("role", "name") != "Customer" || !equal(a.at("role", "permissions"), []any{schema.DocumentsCreate, schema.LoansBorrow}) ||
		!equal(a.at("role", "webActions"), []any{}) || !equal(a.at("role", "mobileActions"), []any{}) {
		t.Errorf("role: %s", a.raw)
	}
	if a.at("language") != "fr" || a.at("timezone") != "Europe/Paris" || a.at("unreadNotifications") != 0.0 {
		t.Errorf("the rest: %s", a.raw)
	}
	all, _ := h.ask(ann, "GET", "/api/library/permissions", nil).body.([]any)
	if len(all) != len(schema.Permissions()) {
		t.Fatalf("%d permissions: %v", len(all), all)
	}
	first := all[0].(m)
	if first["name"] != schema.UsersManage || !strings.HasPrefix(first["description"].(string), "Lister, créer") {
		t.Errorf("first permission: %v", first)
	}
}

func TestFindPatron(t *testing.T) {
	h := open(t)
	ann := h.user("ann", schema.RoleVisitor)
	h.user("Élise", schema.RoleAdmin)
	h.user("gone", schema.RoleVisitor, func(r *core.Record) { r.Set("state", schema.StateInactive) })
	h.user("waiting", schema.RoleVisitor, func(r *core.Record) { r.Set("state", schema.StatePending) })
	for _, username := range []string{"%C3%89LISE", "e%CC%81lise", "%EF%BC%A5%CC%81lise"} {
		a := h.ask(ann, "GET", "/api/library/patrons?username="+username, nil)
		if a.status != 200 || a.at("username") != "Élise" || len(a.body.(m)) != 4 {
			t.Errorf("%s: %d %s", username, a.status, a.raw)
		}
	}
	for _, username := range []string{"", "elise", "%25lise", "gone", "waiting", "%C3%89lise%40example.org", strings.Repeat("a", 5000)} {
		if a := h.ask(ann, "GET", "/api/library/patrons?username="+username, nil); a.status != 404 || a.code("fault") != "patron_unknown" {
			t.Errorf("%.20s: %d %s", username, a.status, a.raw)
		}
	}
	var last answer
	for range 60 {
		last = h.ask(ann, "GET", "/api/library/patrons?username=ann", nil)
	}
	if last.status != 429 || last.code("fault") != "too_many_tries" || last.header.Get("Retry-After") == "" {
		t.Errorf("after 70 tries: %d %s, Retry-After %q", last.status, last.raw, last.header.Get("Retry-After"))
	}
	h.now.Store(61)
	if a := h.ask(ann, "GET", "/api/library/patrons?username=ann", nil); a.status != 200 {
		t.Errorf("a minute later: %d %s", a.status, a.raw)
	}
}
