package accounts

import (
	"testing"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

func batch(method, url string, body m) m {
	return m{"requests": []m{{"method": method, "url": url, "body": body}}}
}

// openToStaff opens a library with a manager whose reach is bounded, and the
// batch API on.
func openToStaff(t *testing.T) *staff {
	t.Helper()
	h := open(t)
	h.Settings().Batch.Enabled, h.Settings().Batch.MaxRequests = true, 10
	managers := h.role("Managers", schema.UsersManage, schema.RolesManage, schema.DocumentsCreate)
	return &staff{house: h, managers: managers.Id}
}

type staff struct {
	*house
	managers string
}

func TestMultipartGrantsNoMore(t *testing.T) {
	h := openToStaff(t)
	mia, ann, root := h.user("mia", h.managers), h.user("ann", schema.RoleVisitor), h.user("root", schema.RoleAdmin)
	creators := h.role("Creators", schema.DocumentsCreate)
	for _, test := range []struct {
		name, method, path string
		form               *form
		status             int
		field, code        string
	}{
		{"a role", "PATCH", users + "/" + ann.Id, newForm("role", schema.RoleAdmin), 400, "role", "grant_beyond_own"},
		{"a role, +", "PATCH", users + "/" + ann.Id, newForm("role+", schema.RoleAdmin), 400, "role", "grant_beyond_own"},
		{"a role in JSON", "PATCH", users + "/" + ann.Id, newForm("@jsonPayload", `{"role":"`+schema.RoleAdmin+`"}`), 400, "role", "grant_beyond_own"},
		{"a role twice", "PATCH", users + "/" + ann.Id, newForm("role", schema.RoleVisitor, "role", schema.RoleAdmin), 400, "role", "grant_beyond_own"},
		{"a superior's state", "PATCH", users + "/" + root.Id, newForm("state", "inactive"), 403, "fault", "holds_more_than_you"},
		{"permissions", "PATCH", roles + "/" + creators.Id, newForm("permissions", schema.AuditRead), 400, "permissions", "grant_beyond_own"},
		{"permissions, +", "PATCH", roles + "/" + creators.Id, newForm("permissions+", schema.AuditRead), 400, "permissions", "grant_beyond_own"},
		{"permissions, put first", "PATCH", roles + "/" + creators.Id, newForm("+permissions", schema.AuditRead), 400, "permissions", "grant_beyond_own"},
		{"a superior's permissions, -", "PATCH", roles + "/" + schema.RoleLibrarian, newForm("permissions-", schema.AuditRead), 403, "fault", "holds_more_than_you"},
	} {
		before, role, chief := h.stored(ann), h.stored(creators), h.stored(root)
		if a := h.ask(mia, test.method, test.path, test.form); a.status != test.status || a.code(test.field) != test.code {
			t.Errorf("%s: %d %s", test.name, a.status, a.raw)
		}
		unchanged(t, test.name, before, h.stored(ann))
		unchanged(t, test.name, role, h.stored(creators))
		unchanged(t, test.name, chief, h.stored(root))
	}
}

func TestBatchGrantsNoMore(t *testing.T) {
	h := openToStaff(t)
	mia, ann, root := h.user("mia", h.managers), h.user("ann", schema.RoleVisitor), h.user("root", schema.RoleAdmin)
	creators := h.role("Creators", schema.DocumentsCreate)
	password := m{"password": "another-password", "passwordConfirm": "another-password"}
	for _, test := range []struct {
		name, method, url string
		body              m
	}{
		{"a role", "PATCH", users + "/" + ann.Id, m{"role": schema.RoleAdmin}},
		{"a role, +", "PATCH", users + "/" + ann.Id, m{"role+": schema.RoleAdmin}},
		{"a role by upsert", "PUT", users, m{"id": ann.Id, "role": schema.RoleAdmin}},
		{"a role for a new user", "POST", users, signUpBody(m{"role": schema.RoleLibrarian})},
		{"a role for a new user by upsert", "PUT", users, signUpBody(m{"role": schema.RoleLibrarian})},
		{"a superior's password", "PATCH", users + "/" + root.Id, password},
		{"a superior", "DELETE", users + "/" + root.Id, nil},
		{"a new role", "POST", roles, m{"name": "B", "permissions": []string{schema.AuditRead}}},
		{"permissions, +", "PATCH", roles + "/" + creators.Id, m{"permissions+": schema.AuditRead}},
		{"permissions by upsert", "PUT", roles, m{"id": creators.Id, "name": "Creators", "permissions": []string{schema.AuditRead}}},
	} {
		before, role, chief := h.stored(ann), h.stored(creators), h.stored(root)
		if a := h.ask(mia, "POST", "/api/batch", batch(test.method, test.url, test.body)); a.status != 400 {
			t.Errorf("%s: %d %s", test.name, a.status, a.raw)
		}
		unchanged(t, test.name, before, h.stored(ann))
		unchanged(t, test.name, role, h.stored(creators))
		unchanged(t, test.name, chief, h.stored(root))
	}
	if u, r := h.count(schema.Users), h.count(schema.Roles); u != 3 || r != 6 {
		t.Errorf("%d users, %d roles", u, r)
	}
}

// A step that is allowed does not open the next.
func TestBatchDoesNotClimbByItsOwnSteps(t *testing.T) {
	h := openToStaff(t)
	mia := h.user("mia", h.managers)
	a := h.ask(mia, "POST", "/api/batch", m{"requests": []m{
		{"method": "POST", "url": roles, "body": m{"id": "stepstepstep000", "name": "Step", "permissions": []string{schema.DocumentsCreate}}},
		{"method": "PATCH", "url": roles + "/stepstepstep000", "body": m{"permissions+": schema.AuditRead}},
		{"method": "PATCH", "url": users + "/" + mia.Id, "body": m{"role": "stepstepstep000"}},
	}})
	if a.status != 400 || h.stored(mia).GetString("role") != h.managers || h.count(schema.Roles) != 5 {
		t.Errorf("%d %s", a.status, a.raw)
	}
}

func TestGrantingIsJudgedByTheStateOfNow(t *testing.T) {
	h := openToStaff(t)
	h.user("root", schema.RoleAdmin)
	mia, ann := h.user("mia", h.managers), h.user("ann", schema.RoleVisitor)
	token := testapp.Token(t, mia)
	h.set(schema.Users, mia.Id, m{"role": schema.RoleVisitor})
	if a := h.with(token, "PATCH", users+"/"+ann.Id, `{"role":"`+schema.RoleCustomer+`"}`); a.status != 404 || h.stored(ann).GetString("role") != schema.RoleVisitor {
		t.Errorf("%d %s", a.status, a.raw)
	}
}

func TestCollectionsAreImportedBySuperusersOnly(t *testing.T) {
	h := open(t)
	root := h.user("root", schema.RoleAdmin)
	collections := m{"collections": []m{{"name": schema.Users, "type": "auth", "createRule": "", "updateRule": "", "fields": []m{}}}}
	for method, path := range map[string]string{"PUT": "/api/collections/import", "PATCH": "/api/collections/users", "POST": "/api/collections"} {
		if a := h.ask(root, method, path, collections); a.status != 403 {
			t.Errorf("%s %s: %d %s", method, path, a.status, a.raw)
		}
	}
	if a := h.ask(root, "POST", "/api/collections/users/impersonate/"+root.Id, m{}); a.status != 403 {
		t.Errorf("an impersonation: %d %s", a.status, a.raw)
	}
}

func TestStaffMakeLetInAndShutOut(t *testing.T) {
	h := open(t)
	root := h.user("root", schema.RoleAdmin)
	a := h.ask(root, "POST", users, m{
		"username": "pupil", "name": "A Pupil", "password": "a-good-password", "passwordConfirm": "a-good-password", "state": "pending", "role": schema.RoleCustomer,
	})
	id, _ := a.at("id").(string)
	if a.status != 200 || a.at("state") != "pending" || a.at("role") != schema.RoleCustomer || a.at("email") != "" || a.at("activation") != nil {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	signIn := func() int {
		return h.ask(nil, "POST", collection+"auth-with-password", m{"identity": "pupil", "password": "a-good-password"}).status
	}
	for _, step := range []struct {
		body m
		want int
	}{
		{nil, 403}, {m{"state": "active"}, 200}, {m{"name": "Pupil, A."}, 200}, {m{"state": "inactive"}, 403}, {m{"state": "active", "role": schema.RoleVisitor}, 200},
	} {
		if step.body != nil {
			if a := h.ask(root, "PATCH", users+"/"+id, step.body); a.status != 200 {
				t.Fatalf("%v: %d %s", step.body, a.status, a.raw)
			}
		}
		if got := signIn(); got != step.want {
			t.Errorf("after %v: %d", step.body, got)
		}
	}
}
