package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

const signIn = api + "users/auth-with-password"

func TestSignInByAPI(t *testing.T) {
	l := furnished(t)
	for _, identity := range []string{"ann", "ann@example.org", "ANN@example.org"} {
		a := l.want(t, 200, nil, "POST", signIn+"?expand=role", m{"identity": identity, "password": testapp.Password})
		if a.At("token") == "" || a.At("record", "id") != l.ann.Id || a.At("record", "expand", "role", "name") != "Customer" {
			t.Errorf("%s", a.Raw)
		}
		for _, hidden := range []string{"password", "tokenKey", "legacyHash", "usernameKey"} {
			if a.At("record", hidden) != nil {
				t.Errorf("%s is shown: %s", hidden, a.Raw)
			}
		}
	}
	l.lists(t, l.admin, schema.AuditLogs, fmt.Sprintf(`actor = %q && action = "login"`, l.ann.Id), "actorName", "ann", "ann", "ann")
	if a := l.want(t, 200, l.ann, "GET", "/api/library/me", nil); a.At("user", "lastLogin") == "" {
		t.Errorf("no last sign-in: %s", a.Raw)
	}
	l.want(t, 400, nil, "POST", signIn, m{"identity": "ann", "password": "wrong"})
	l.want(t, 200, l.admin, "PATCH", api+"users/records/"+l.ben.Id, m{"state": "inactive"})
	if a := l.Do(t, nil, "POST", signIn, m{"identity": "ben", "password": testapp.Password}); a.Status < 400 || a.At("token") != nil {
		t.Errorf("an inactive patron: %d %s", a.Status, a.Raw)
	}
}

func TestSignUpByAPI(t *testing.T) {
	l := furnished(t)
	body := m{"name": "Carol", "email": "carol@example.org", "password": "a-good-password", "passwordConfirm": "a-good-password"}
	a := l.want(t, 200, nil, "POST", api+"users/records", body)
	if a.At("state") != "pending" || a.At("role") != schema.RoleVisitor || a.At("username") != "carol" || a.At("verified") == true {
		t.Errorf("%s", a.Raw)
	}
	body["email"] = "carol@elsewhere.example"
	if a := l.want(t, 200, nil, "POST", api+"users/records", body); a.At("username") == "carol" || a.At("username") == "" {
		t.Errorf("a free username is made: %s", a.Raw)
	}
	l.refuses(t, nil, "POST", api+"users/records", m{"email": "dan@example.org", "password": "short", "passwordConfirm": "short"}, "password", "validation_min_text_constraint")
	l.refuses(t, nil, "POST", api+"users/records", m{"email": "dan@example.org", "password": "a-good-password", "passwordConfirm": "another-password"}, "passwordConfirm", "validation_values_mismatch")
	l.refuses(t, nil, "POST", api+"users/records", m{"email": "nobody", "password": "a-good-password", "passwordConfirm": "a-good-password"}, "email", "validation_is_email")
}

func TestProfileByAPI(t *testing.T) {
	l := furnished(t)
	me := api + "users/records/" + l.ann.Id
	t.Run("read", func(t *testing.T) {
		l.make(t, l.librarian, schema.Notifications, m{"user": l.ann.Id, "title": "Hello"})
		a := l.want(t, 200, l.ann, "GET", "/api/library/me", nil)
		if a.At("user", "username") != "ann" || a.At("role", "name") != "Customer" || a.At("unreadNotifications") != 1.0 {
			t.Errorf("%s", a.Raw)
		}
		l.want(t, 401, nil, "GET", "/api/library/me", nil)
	})
	t.Run("edit", func(t *testing.T) {
		if a := l.want(t, 200, l.ann, "PATCH", me, m{"name": "Ann B.", "username": "annb", "language": "pt-BR", "timezone": "America/Sao_Paulo"}); a.At("name") != "Ann B." || a.At("username") != "annb" {
			t.Errorf("%s", a.Raw)
		}
		l.refuses(t, l.ann, "PATCH", me, m{"username": "BEN"}, "username", "validation_not_unique")
	})
	t.Run("password", func(t *testing.T) {
		next := m{"password": "a-new-password", "passwordConfirm": "a-new-password"}
		l.refuses(t, l.ann, "PATCH", me, next, "oldPassword", "validation_required")
		next["oldPassword"] = "wrong"
		l.refuses(t, l.ann, "PATCH", me, next, "oldPassword", "validation_invalid_old_password")
		next["oldPassword"], next["passwordConfirm"] = testapp.Password, "another-password"
		l.refuses(t, l.ann, "PATCH", me, next, "passwordConfirm", "validation_values_mismatch")
		next["passwordConfirm"] = "a-new-password"
		old := testapp.Token(t, l.ann)
		l.want(t, 200, l.ann, "PATCH", me, next)
		if a := l.Do(t, nil, "GET", "/api/library/me", nil, "Authorization", old); a.Status != 401 {
			t.Errorf("the old token after another password: %d", a.Status)
		}
		l.want(t, 200, nil, "POST", signIn, m{"identity": "annb", "password": "a-new-password"})
	})
}

func TestPictureByAPI(t *testing.T) {
	l := furnished(t)
	me := api + "users/records/" + l.ann.Id
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 300, 200))); err != nil {
		t.Fatal(err)
	}
	picture := testapp.File{Name: "me.png", Content: b.Bytes()}
	url := func(name any) string {
		return "/api/files/users/" + l.ann.Id + "/" + fmt.Sprint(name) + "?token=" + testapp.FileToken(t, l.ann)
	}
	first := l.want(t, 200, l.ann, "PATCH", me, testapp.Form{"avatar": picture}).At("avatar")
	if a := l.want(t, 200, nil, "GET", url(first), nil); !bytes.Equal(a.Raw, b.Bytes()) {
		t.Errorf("%d bytes come back", len(a.Raw))
	}
	// A text is no picture, whatever it is called, and leaves the old one.
	l.refuses(t, l.ann, "PATCH", me, testapp.Form{"avatar": testapp.File{Name: "me.png", Content: []byte("a text")}}, "avatar", "validation_invalid_mime_type")
	l.want(t, 200, nil, "GET", url(first), nil)
	second := l.want(t, 200, l.ann, "PATCH", me, testapp.Form{"avatar": picture}).At("avatar")
	l.want(t, 404, nil, "GET", url(first), nil)
	l.want(t, 200, nil, "GET", url(second), nil)
	if a := l.want(t, 200, l.ann, "PATCH", me, m{"avatar": ""}); a.At("avatar") != "" {
		t.Errorf("a picture can be taken away: %s", a.Raw)
	}
	l.want(t, 404, nil, "GET", url(second), nil)
	l.want(t, 404, l.ben, "PATCH", me, testapp.Form{"avatar": picture})
}

func TestPatronsByAPI(t *testing.T) {
	l := furnished(t)
	pupil, id := l.make(t, l.admin, schema.Users, m{
		"name": "A pupil", "username": "pupil", "role": schema.RoleCustomer, "state": "inactive", "password": "a-good-password", "passwordConfirm": "a-good-password",
	})
	t.Run("list", func(t *testing.T) {
		l.lists(t, l.admin, schema.Users, "", "username", "admin", "librarian", "ann", "ben", "pupil")
		l.lists(t, l.admin, schema.Users, `role.name = "Customer" && state = "active"`, "username", "ann", "ben")
		l.lists(t, l.ann, schema.Users, "", "username", "ann") // oneself alone
	})
	t.Run("create", func(t *testing.T) {
		with := func(field string, value any) m {
			body := m{"username": "other", "password": "a-good-password", "passwordConfirm": "a-good-password", "state": "active"}
			body[field] = value
			return body
		}
		l.refuses(t, l.admin, "POST", api+"users/records", with("username", "Pupil"), "username", "validation_not_unique")
		l.refuses(t, l.admin, "POST", api+"users/records", with("email", "ANN@example.org"), "email", "validation_not_unique")
		l.refuses(t, l.admin, "POST", api+"users/records", with("username", "a@example.org"), "username", "validation_invalid_format")
		l.refuses(t, l.admin, "POST", api+"users/records", with("role", "neverthere00000"), "role", "validation_missing_rel_records")
		l.want(t, 400, l.ann, "POST", api+"users/records", with("name", "N"))
	})
	t.Run("view", func(t *testing.T) {
		if a := l.want(t, 200, l.admin, "GET", pupil+"?expand=role", nil); a.At("state") != "inactive" || a.At("expand", "role", "name") != "Customer" {
			t.Errorf("%s", a.Raw)
		}
		if a := l.want(t, 200, l.ann, "GET", pupil, nil); a.At("username") != "pupil" || a.At("state") != nil || a.At("email") != nil || a.At("lastLogin") != nil {
			t.Errorf("another's profile shows more than a name: %s", a.Raw)
		}
	})
	t.Run("edit", func(t *testing.T) {
		if a := l.want(t, 200, l.admin, "PATCH", pupil, m{"name": "The pupil", "email": "pupil@example.org", "password": "another-password", "passwordConfirm": "another-password"}); a.At("name") != "The pupil" {
			t.Errorf("%s", a.Raw)
		}
		l.refuses(t, l.admin, "PATCH", pupil, m{"username": "ann"}, "username", "validation_not_unique")
		l.want(t, 404, l.ann, "PATCH", pupil, m{"name": "Mine"})
	})
	t.Run("state", func(t *testing.T) {
		in := m{"identity": "pupil", "password": "another-password"}
		if a := l.Do(t, nil, "POST", signIn, in); a.Status < 400 {
			t.Errorf("inactive, yet signed in: %s", a.Raw)
		}
		l.want(t, 200, l.admin, "PATCH", pupil, m{"state": "active"})
		token := fmt.Sprint(l.want(t, 200, nil, "POST", signIn, in).At("token"))
		l.want(t, 200, l.admin, "PATCH", pupil, m{"state": "inactive"})
		if a := l.Do(t, nil, "GET", "/api/library/me", nil, "Authorization", token); a.Status != 401 {
			t.Errorf("the token of who was shut out: %d", a.Status)
		}
		l.want(t, 404, l.ann, "PATCH", pupil, m{"state": "active"})
	})
	t.Run("role", func(t *testing.T) {
		if a := l.want(t, 200, l.admin, "PATCH", pupil, m{"role": schema.RoleLibrarian}); a.At("role") != schema.RoleLibrarian {
			t.Errorf("%s", a.Raw)
		}
		l.refuses(t, l.admin, "PATCH", pupil, m{"role": "neverthere00000"}, "role", "validation_missing_rel_records")
		if a := l.Do(t, l.ann, "PATCH", api+"users/records/"+l.ann.Id, m{"role": schema.RoleAdmin}); a.Status == 200 && a.At("role") == schema.RoleAdmin {
			t.Errorf("a role that one gives oneself: %s", a.Raw)
		}
	})
	t.Run("delete", func(t *testing.T) {
		l.want(t, 404, l.ann, "DELETE", pupil, nil)
		l.make(t, l.librarian, schema.Notifications, m{"user": id, "title": "Hello"})
		l.want(t, 204, l.admin, "DELETE", pupil, nil) // who has a history, too
		l.gone(t, l.admin, pupil)
	})
}

func TestDevicesByAPI(t *testing.T) {
	l := furnished(t)
	device, id := l.make(t, l.ann, schema.Devices, m{"token": "phone-of-ann", "platform": "android"})
	l.make(t, l.ann, schema.Devices, m{"token": "tablet-of-ann", "platform": "ios"}) // several a patron
	l.lists(t, l.ann, schema.Devices, "", "token", "phone-of-ann", "tablet-of-ann")
	// Nobody sets another's, staff neither.
	for who, caller := range map[string]*core.Record{"ben": l.ben, "admin": l.admin} {
		l.lists(t, caller, schema.Devices, "", "token")
		l.want(t, 404, caller, "PATCH", device, m{"token": "taken"})
		if a := l.Do(t, caller, "POST", api+"devices/records", m{"user": l.ann.Id, "token": "planted-by-" + who, "platform": "web"}); a.Status == 200 && a.At("user") == l.ann.Id {
			t.Errorf("%s: %s", who, a.Raw)
		}
	}
	l.lists(t, l.ann, schema.Devices, `token ~ "planted"`, "token")
	l.want(t, 204, l.ann, "DELETE", device, nil)
	l.lists(t, l.ann, schema.Devices, fmt.Sprintf("id = %q", id), "id")
	l.refuses(t, l.ann, "POST", api+"devices/records", m{"platform": "web"}, "token", "validation_required")
	l.refuses(t, l.ann, "POST", api+"devices/records", m{"token": strings.Repeat("x", 5000), "platform": "web"}, "token", "validation_max_text_constraint")
}
