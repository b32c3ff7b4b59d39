package accounts

import (
	"sync"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// Nobody gets further than they are by their own account, through any door.
func TestNoWayUp(t *testing.T) {
	h := open(t)
	h.Settings().Batch.Enabled, h.Settings().Batch.MaxRequests = true, 10
	ann := h.user("ann", schema.RoleCustomer)
	own := users + "/" + ann.Id
	batch := func(method, url string, body m) m {
		return m{"requests": []m{{"method": method, "url": url, "body": body}}}
	}
	for _, test := range []struct {
		name, method, path string
		body               any
		field              string // refused; "" where the body is ignored
	}{
		{"role", "PATCH", own, m{"role": schema.RoleAdmin}, "role"},
		{"role+", "PATCH", own, m{"role+": schema.RoleAdmin}, "role"},
		{"role-", "PATCH", own, m{"role-": schema.RoleCustomer}, "role"},
		{"no role", "PATCH", own, m{"role": ""}, "role"},
		{"role by the collection's id", "PATCH", "/api/collections/_pb_users_auth_/records/" + ann.Id, m{"role": schema.RoleAdmin}, "role"},
		{"role by form", "PATCH", own, newForm("role", schema.RoleAdmin), "role"},
		{"role+ by form", "PATCH", own, newForm("role+", schema.RoleAdmin), "role"},
		{"role by @jsonPayload", "PATCH", own, newForm("@jsonPayload", `{"role":"`+schema.RoleAdmin+`"}`), "role"},
		{"state", "PATCH", own, m{"state": "pending"}, "state"},
		{"verified", "PATCH", own, m{"verified": false}, "verified"},
		{"e-mail", "PATCH", own, m{"email": "other@example.org"}, "email"},
		{"e-mail, without", "PATCH", own, m{"email": ""}, "email"},
		{"lastLogin", "PATCH", own, m{"lastLogin": "2020-01-01 00:00:00.000Z"}, "lastLogin"},
		{"password without the old", "PATCH", own, m{"password": "a-new-password", "passwordConfirm": "a-new-password"}, "oldPassword"},
		{"password with a wrong old", "PATCH", own, m{"password": "a-new-password", "passwordConfirm": "a-new-password", "oldPassword": "wrong"}, "oldPassword"},
		{"tokenKey", "PATCH", own, m{"tokenKey": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "tokenKey:autogenerate": ""}, ""},
		{"usernameKey", "PATCH", own, m{"usernameKey": "root"}, ""},
		{"emailVisibility", "PATCH", own, m{"emailVisibility": true}, ""},
	} {
		before := h.stored(ann)
		a := h.ask(ann, test.method, test.path, test.body)
		if test.field != "" && (a.status != 400 || a.code(test.field) == nil) || test.field == "" && a.status != 200 {
			t.Errorf("%s: %d %s", test.name, a.status, a.raw)
		}
		unchanged(t, test.name, before, h.stored(ann))
	}
	for field, body := range map[string]m{"role": {"role": schema.RoleAdmin}, "state": {"state": "pending"}} {
		before := h.stored(ann)
		if a := h.ask(ann, "POST", "/api/batch", batch("PATCH", own, body)); a.status != 400 {
			t.Errorf("batch %s: %d %s", field, a.status, a.raw)
		}
		unchanged(t, "batch "+field, before, h.stored(ann))
	}
}

func unchanged(t *testing.T, what string, before, after *core.Record) {
	t.Helper()
	for _, field := range before.Collection().Fields.FieldNames() {
		if field != "updated" && !equal(before.GetString(field), after.GetString(field)) || before.GetString("password:hash") != after.GetString("password:hash") {
			t.Errorf("%s changed %s from %v to %v", what, field, before.Get(field), after.Get(field))
		}
	}
}

func TestOwnProfile(t *testing.T) {
	h := open(t)
	for _, u := range []*core.Record{h.user("ann", schema.RoleVisitor), h.user("root", schema.RoleAdmin)} {
		own := users + "/" + u.Id
		a := h.ask(u, "PATCH", own, m{
			"name": "A. N. Other", "username": u.GetString("username") + "_2", "language": "fr", "timezone": "Europe/Paris",
			"channels": []string{"mail"}, "quietHours": m{"from": "22:00", "to": "06:30"},
		})
		if a.status != 200 || h.stored(u).GetString("usernameKey") != u.GetString("username")+"_2" {
			t.Errorf("profile: %d %s", a.status, a.raw)
		}
		if a := h.ask(u, "PATCH", own, m{"quietHours": nil}); a.status != 200 || a.at("quietHours") != nil {
			t.Errorf("no quiet hours: %d %s", a.status, a.raw)
		}
		if a := h.ask(u, "PATCH", own, m{"email": "else@example.org"}); a.status != 400 || a.code("email") != "email_by_confirmation" {
			t.Errorf("e-mail: %d %s", a.status, a.raw)
		}
		if a := h.ask(u, "PATCH", own, m{"password": "a-new-password", "passwordConfirm": "a-new-password"}); a.status != 400 || a.code("oldPassword") != "validation_required" {
			t.Errorf("password without the old: %d %s", a.status, a.raw)
		}
		if a := h.ask(u, "PATCH", own, m{"password": "a-new-password", "passwordConfirm": "a-new-password", "oldPassword": "wrong"}); a.status != 400 || a.code("oldPassword") != "validation_invalid_old_password" {
			t.Errorf("password with a wrong old: %d %s", a.status, a.raw)
		}
		if a := h.ask(u, "PATCH", own, m{"password": "a-new-password", "passwordConfirm": "a-new-password", "oldPassword": testapp.Password}); a.status != 200 || !h.stored(u).ValidatePassword("a-new-password") {
			t.Errorf("password with the old: %d %s", a.status, a.raw)
		}
	}
}

// Staff act below those who hold more than they do, and grant what they hold.
func TestStaffCeilings(t *testing.T) {
	h := open(t)
	managers := h.role("Managers", schema.UsersManage, schema.RolesManage, schema.DocumentsCreate)
	mia, rob := h.user("mia", managers.Id), h.user("rob", managers.Id)
	root, ann := h.user("root", schema.RoleAdmin), h.user("ann", schema.RoleVisitor)
	idle := h.user("idle", schema.RoleAdmin, func(r *core.Record) { r.Set("state", schema.StateInactive) })
	creators := h.role("Creators", schema.DocumentsCreate)
	password := m{"password": "a-new-password", "passwordConfirm": "a-new-password"}
	for _, test := range []struct {
		name, method, path string
		body               m
		status             int
		field, code        string
	}{
		{"an equal's state", "PATCH", users + "/" + rob.Id, m{"state": "inactive"}, 200, "", ""},
		{"a visitor's password", "PATCH", users + "/" + ann.Id, password, 200, "", ""},
		{"a visitor's e-mail", "PATCH", users + "/" + ann.Id, m{"email": "ann@elsewhere.example", "verified": false}, 200, "", ""},
		{"a role within", "PATCH", users + "/" + ann.Id, m{"role": creators.Id}, 200, "", ""},
		{"a role beyond", "PATCH", users + "/" + ann.Id, m{"role": schema.RoleCustomer}, 400, "role", "grant_beyond_own"},
		{"a role beyond, own", "PATCH", users + "/" + mia.Id, m{"role": schema.RoleAdmin}, 400, "role", "grant_beyond_own"},
		{"no such role", "PATCH", users + "/" + ann.Id, m{"role": "nothing00000000"}, 400, "role", "validation_missing_rel_records"},
		{"a user with a role beyond", "POST", users, signUpBody(m{"role": schema.RoleLibrarian}), 400, "role", "grant_beyond_own"},
		{"a user with a role within", "POST", users, signUpBody(m{"role": creators.Id}), 200, "", ""},
		{"no state", "PATCH", users + "/" + ann.Id, m{"state": ""}, 400, "state", "validation_required"},
		{"a superior's name", "PATCH", users + "/" + root.Id, m{"name": "Root"}, 200, "", ""},
		{"a superior's role", "PATCH", users + "/" + root.Id, m{"role": schema.RoleVisitor}, 403, "fault", "holds_more_than_you"},
		{"a superior's state", "PATCH", users + "/" + root.Id, m{"state": "inactive"}, 403, "fault", "holds_more_than_you"},
		{"a superior's e-mail", "PATCH", users + "/" + root.Id, m{"email": "mine@example.org"}, 403, "fault", "holds_more_than_you"},
		{"a superior's verified", "PATCH", users + "/" + root.Id, m{"verified": false}, 403, "fault", "holds_more_than_you"},
		{"a superior's password", "PATCH", users + "/" + root.Id, password, 403, "fault", "holds_more_than_you"},
		{"a superior", "DELETE", users + "/" + root.Id, nil, 403, "fault", "holds_more_than_you"},
		{"an idle superior's state", "PATCH", users + "/" + idle.Id, m{"state": "active"}, 403, "fault", "holds_more_than_you"},
		{"an idle superior's password", "PATCH", users + "/" + idle.Id, password, 403, "fault", "holds_more_than_you"},
		{"a new role within", "POST", roles, m{"name": "A", "permissions": []string{schema.DocumentsCreate}}, 200, "", ""},
		{"a new role beyond", "POST", roles, m{"name": "B", "permissions": []string{schema.DocumentsCreate, schema.AuditRead}}, 400, "permissions", "grant_beyond_own"},
		{"a permission that is none", "POST", roles, m{"name": "B", "permissions": []string{"everything"}}, 400, "permissions", "validation_invalid_value"},
		{"more for a role", "PATCH", roles + "/" + creators.Id, m{"permissions": []string{schema.AuditRead}}, 400, "permissions", "grant_beyond_own"},
		{"more for a role, +", "PATCH", roles + "/" + creators.Id, m{"permissions+": schema.AuditRead}, 400, "permissions", "grant_beyond_own"},
		{"more for one's own role", "PATCH", roles + "/" + managers.Id, m{"permissions+": schema.AuditRead}, 400, "permissions", "grant_beyond_own"},
		{"less for a role that holds more", "PATCH", roles + "/" + schema.RoleAdmin, m{"permissions": []string{}}, 403, "fault", "holds_more_than_you"},
		{"a name for a role that holds more", "PATCH", roles + "/" + schema.RoleLibrarian, m{"name": "Staff"}, 403, "fault", "holds_more_than_you"},
		{"a role that holds more", "DELETE", roles + "/" + schema.RoleLibrarian, nil, 403, "fault", "holds_more_than_you"},
		{"a copy of a role that holds more", "POST", "/api/library/roles/" + schema.RoleLibrarian + "/copy", m{}, 403, "fault", "holds_more_than_you"},
		{"a copy", "POST", "/api/library/roles/" + creators.Id + "/copy", m{}, 200, "", ""},
		{"a copy of nothing", "POST", "/api/library/roles/nothing00000000/copy", m{}, 404, "", ""},
		{"a copy of a taken name", "POST", "/api/library/roles/" + creators.Id + "/copy", m{"name": "creators"}, 400, "name", "validation_not_unique"},
		{"actions", "PATCH", roles + "/" + creators.Id, m{"webActions": []string{"upload"}, "mobileActions": nil}, 200, "", ""},
		{"actions that are no list", "PATCH", roles + "/" + creators.Id, m{"webActions": m{"a": 1}}, 400, "webActions", "actions_invalid"},
		{"actions that are no strings", "PATCH", roles + "/" + creators.Id, m{"mobileActions": []any{1, "b"}}, 400, "mobileActions", "actions_invalid"},
		{"a role in use", "DELETE", roles + "/" + managers.Id, nil, 400, "fault", "role_in_use"},
	} {
		a := h.ask(mia, test.method, test.path, test.body)
		if a.status != test.status || test.field != "" && a.code(test.field) != test.code {
			t.Errorf("%s: %d %s", test.name, a.status, a.raw)
		}
	}
	if got := h.stored(creators); !equal(got.GetStringSlice("permissions"), []string{schema.DocumentsCreate}) || got.GetString("webActions") != `["upload"]` || got.GetString("mobileActions") != "[]" {
		t.Errorf("role after all: %v", got.FieldsData())
	}
	if a := h.ask(mia, "GET", roles+"?filter=name='Creators%20(2)'", nil); a.at("totalItems") != 1.0 {
		t.Errorf("the copy: %s", a.raw)
	}
	// Less in the database counts at once, whatever the token was given for.
	managers = h.stored(managers)
	managers.Set("permissions", []string{schema.RolesManage})
	if err := h.Save(managers); err != nil {
		t.Fatal(err)
	}
	if a := h.ask(mia, "PATCH", users+"/"+ann.Id, m{"name": "x"}); a.status != 404 {
		t.Errorf("after losing users.manage: %d %s", a.status, a.raw)
	}
}

func TestDeletedPatron(t *testing.T) {
	h := open(t)
	root, ann, bob := h.user("root", schema.RoleAdmin), h.user("ann", schema.RoleCustomer), h.user("bob", schema.RoleCustomer)
	doc := testapp.Document(t, h.TestApp, ann, schema.VisibilityPrivate)
	testapp.Share(t, h.TestApp, doc, bob)
	for _, u := range []*core.Record{bob, ann} {
		if a := h.ask(root, "DELETE", users+"/"+u.Id, nil); a.status != 204 {
			t.Fatalf("%d %s", a.status, a.raw)
		}
	}
	if owner := h.stored(doc).GetString("owner"); owner != "" || h.count(schema.DocumentShares) != 0 {
		t.Errorf("owner %q, %d shares", owner, h.count(schema.DocumentShares))
	}
	for who, as := range map[string]*core.Record{"guest": nil, "customer": h.user("eve", schema.RoleCustomer)} {
		if a := h.ask(as, "GET", "/api/collections/documents/records/"+doc.Id, nil); a.status != 404 {
			t.Errorf("%s sees what nobody owns: %d %s", who, a.status, a.raw)
		}
	}
}

func TestLastHolder(t *testing.T) {
	h := open(t)
	root := h.user("root", schema.RoleAdmin)
	idle := h.user("idle", schema.RoleAdmin, func(r *core.Record) { r.Set("state", schema.StateInactive) })
	chiefs := h.role("Chiefs", schema.Permissions()...)
	own := users + "/" + root.Id
	for name, a := range map[string]answer{
		"role":        h.ask(root, "PATCH", own, m{"role": schema.RoleVisitor}),
		"state":       h.ask(root, "PATCH", own, m{"state": "inactive"}),
		"deletion":    h.ask(root, "DELETE", own, nil),
		"permissions": h.ask(root, "PATCH", roles+"/"+schema.RoleAdmin, m{"permissions-": schema.RolesManage}),
	} {
		if a.status != 400 || a.code("fault") != "last_roles_manager" {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	if got := h.stored(root); got.GetString("role") != schema.RoleAdmin || got.GetString("state") != schema.StateActive {
		t.Errorf("a refused change was kept: %v", got.FieldsData())
	}
	if a := h.ask(root, "PATCH", own, m{"role": chiefs.Id, "name": "Chief"}); a.status != 200 {
		t.Errorf("another role that may: %d %s", a.status, a.raw)
	}
	if a := h.ask(root, "DELETE", users+"/"+idle.Id, nil); a.status != 204 {
		t.Errorf("deletion of an idle one: %d %s", a.status, a.raw)
	}
	// Code that asks nobody is bound, too.
	fresh := h.stored(root)
	fresh.Set("state", schema.StateInactive)
	if err := h.Save(fresh); err == nil {
		t.Error("code deactivated the last holder")
	}
	if a := h.ask(testapp.Superuser(t, h.TestApp), "PATCH", own, m{"role": schema.RoleVisitor}); a.status != 200 {
		t.Errorf("a superuser: %d %s", a.status, a.raw)
	}
}

// Of two who demote each other at once, one stays.
func TestLastHolderRace(t *testing.T) {
	for range 5 {
		h := open(t)
		a, b := h.user("ann", schema.RoleAdmin), h.user("bob", schema.RoleAdmin)
		c := h.role("Lesser", schema.UsersManage)
		var both sync.WaitGroup
		for _, pair := range [][2]*core.Record{{a, a}, {b, b}, {a, b}, {b, a}} {
			both.Go(func() { h.ask(pair[0], "PATCH", users+"/"+pair[1].Id, m{"role": c.Id}) })
		}
		both.Wait()
		if has, err := hasHolder(h.TestApp); err != nil || !has {
			t.Fatalf("nobody is left who may manage roles (%v)", err)
		}
		if h.stored(a).GetString("role") != c.Id && h.stored(b).GetString("role") != c.Id {
			t.Error("none of four demotions went through")
		}
	}
}
