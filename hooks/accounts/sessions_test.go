package accounts

import (
	"testing"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

func end(id string) string { return "/api/library/users/" + id + "/end-sessions" }

func TestPatronEndsTheirSessions(t *testing.T) {
	h := open(t)
	ann := h.user("ann", schema.RoleVisitor)
	token := testapp.Token(t, ann)
	files, _ := h.with(token, "POST", "/api/files/token", "").at("token").(string)
	s := h.connect(token, "users/"+ann.Id)
	if a := h.with(token, "POST", end(ann.Id), ""); a.status != 204 || a.raw != "" {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	s.closes(t, "ended")
	for name, dead := range map[string]string{"auth": token, "files": files} {
		if a := h.with(dead, "GET", "/api/library/me", ""); a.status != 401 {
			t.Errorf("the token of %s lives: %d %s", name, a.status, a.raw)
		}
	}
	if a := h.ask(nil, "POST", collection+"auth-with-password", m{"identity": "ann", "password": testapp.Password}); a.status != 200 {
		t.Errorf("signing in again: %d %s", a.status, a.raw)
	}
}

func TestStaffEndSessionsWithinTheirReach(t *testing.T) {
	h := open(t)
	managers := h.role("Managers", schema.UsersManage)
	mia, rob := h.user("mia", managers.Id), h.user("rob", managers.Id)
	ann, root := h.user("ann", schema.RoleVisitor), h.user("root", schema.RoleAdmin)
	for _, test := range []struct {
		name, id string
		status   int
		code     any
	}{
		{"a visitor's", ann.Id, 204, nil},
		{"an equal's", rob.Id, 204, nil},
		{"a superior's", root.Id, 403, "holds_more_than_you"},
		{"nobody's", "nothing00000000", 404, nil},
	} {
		if a := h.ask(mia, "POST", end(test.id), nil); a.status != test.status || a.code("fault") != test.code {
			t.Errorf("%s: %d %s", test.name, a.status, a.raw)
		}
	}
	if a := h.ask(testapp.Superuser(t, h), "POST", end(root.Id), nil); a.status != 204 {
		t.Errorf("by a superuser: %d %s", a.status, a.raw)
	}
}

func TestNobodyElseEndsSessions(t *testing.T) {
	h := open(t)
	root := h.user("root", schema.RoleAdmin)
	token := testapp.Token(t, root)
	if a := h.ask(h.user("lib", schema.RoleLibrarian), "POST", end(root.Id), nil); a.status != 404 {
		t.Errorf("a librarian: %d %s", a.status, a.raw)
	}
	if a := h.ask(nil, "POST", end(root.Id), nil); a.status != 401 {
		t.Errorf("a guest: %d %s", a.status, a.raw)
	}
	if a := h.with(token, "GET", "/api/library/me", ""); a.status != 200 {
		t.Errorf("the session is gone: %d", a.status)
	}
}
