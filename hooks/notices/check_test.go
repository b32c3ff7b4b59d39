package notices

import (
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

func TestActionsLeadNowhereElse(t *testing.T) {
	h := open(t)
	for _, field := range []string{"webAction", "mobileAction"} {
		for _, action := range []string{
			"javascript:alert(1)", "JAVASCRIPT:alert(1)", "//evil.example", `/\evil.example`, `\\evil.example`, "https:evil.example", "http://evil.example",
			"data:text/html,x", "/\t/evil.example", " //evil.example", "evil", "/a\x00", "/\x01//evil.example", "/\v/evil.example", "/\u0085", "/a\u2028b", "https://example.org/\x1b[0m",
			"/" + strings.Repeat("x", 512),
		} {
			a := h.Do(t, h.librarian, "POST", notifications, m{"user": h.patron.Id, "title": "T", field: action})
			code := "validation_invalid_format"
			if len(action) > 512 {
				code = "validation_max_text_constraint"
			}
			refusedBy(t, a, field, code)
		}
		for _, action := range []string{"", "/", "/documents/abc?x=1#y", "https://example.org/x"} {
			if a := h.Do(t, h.librarian, "POST", notifications, m{"user": h.patron.Id, "title": "T", field: action}); a.Status != 200 {
				t.Errorf("%s %q: %d %s", field, action, a.Status, a.Raw)
			}
		}
	}
}

func TestReadAtIsNotInTheFuture(t *testing.T) {
	h := open(t)
	n := h.notice(t, h.patron, "Hello")
	refusedBy(t, h.Do(t, h.patron, "PATCH", notifications+"/"+n.Id, m{"readAt": time.Now().Add(time.Hour)}), "readAt", "read_in_future")
	if h.fresh(t, n).GetString("readAt") != "" {
		t.Error("it was marked all the same")
	}
	// A client's clock may be ahead a little.
	if a := h.Do(t, h.patron, "PATCH", notifications+"/"+n.Id, m{"readAt": time.Now().Add(20 * time.Second)}); a.Status != 200 {
		t.Errorf("%d %s", a.Status, a.Raw)
	}
	if at := h.fresh(t, n).GetDateTime("readAt").Time(); at.After(time.Now()) {
		t.Errorf("stored as %v", at)
	}
}

func TestNotificationIsMarkedReadAndUnread(t *testing.T) {
	h := open(t)
	n := h.notice(t, h.patron, "Hello")
	for _, at := range []string{"2020-05-01 10:00:00.000Z", ""} {
		if a := h.Do(t, h.patron, "PATCH", notifications+"/"+n.Id, m{"readAt": at}); a.Status != 200 || a.At("readAt") != at {
			t.Errorf("%q: %d %s", at, a.Status, a.Raw)
		}
	}
}

func TestNotificationNamesOnlyWhatItsRecipientMayRead(t *testing.T) {
	h := open(t)
	hidden := testapp.Document(t, h, h.other, schema.VisibilityPrivate)
	shown := testapp.Document(t, h, h.other, schema.VisibilityMembers)
	for _, doc := range []string{hidden.Id, "aaaaaaaaaaaaaaa"} {
		refusedBy(t, h.Do(t, h.librarian, "POST", notifications, m{"user": h.patron.Id, "title": "T", "document": doc}), "document", "document_unreadable")
	}
	if a := h.Do(t, h.librarian, "POST", notifications, m{"user": h.patron.Id, "title": "T", "document": shown.Id}); a.Status != 200 {
		t.Errorf("%d %s", a.Status, a.Raw)
	}
}

func TestNotificationIsText(t *testing.T) {
	h := open(t)
	for _, field := range []string{"title", "body"} {
		form := testapp.Form{"user": h.patron.Id, "title": "T"}
		form[field] = "a\xffb"
		refusedBy(t, h.Do(t, h.librarian, "POST", notifications, form), field, "text_invalid")
	}
	refusedBy(t, h.Do(t, h.librarian, "POST", notifications, m{"user": h.patron.Id, "title": strings.Repeat("x", 201)}), "title", "validation_max_text_constraint")
}

func TestNewUsersHaveBothChannelsUnlessTheyAreSent(t *testing.T) {
	h := open(t)
	const users = "/api/collections/users/records"
	for name, tc := range map[string]struct {
		sent any
		want string
	}{"default": {nil, "push mail"}, "none": {[]string{}, ""}, "one": {[]string{"mail"}, "mail"}} {
		body := m{"username": name, "password": testapp.Password, "passwordConfirm": testapp.Password, "role": schema.RoleVisitor, "state": "active", "usernameKey": name}
		if tc.sent != nil {
			body["channels"] = tc.sent
		}
		a := h.Do(t, h.root, "POST", users, body)
		if a.Status != 200 {
			t.Fatalf("%s: %d %s", name, a.Status, a.Raw)
		}
		u, err := h.FindRecordById(schema.Users, id(a))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(u.GetStringSlice("channels"), " "); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
	refusedBy(t, h.Do(t, h.root, "PATCH", users+"/"+h.patron.Id, m{"channels": []string{"fax"}}), "channels", "validation_invalid_value")
	if got := h.fresh(t, testapp.User(t, h, "coded", schema.RoleVisitor, func(*core.Record) {})).GetStringSlice("channels"); len(got) != 2 {
		t.Errorf("made by code: %v", got)
	}
}

func TestReadAllMarksTheCallersOwn(t *testing.T) {
	h := open(t)
	for range 3 {
		h.notice(t, h.patron, "Mine")
	}
	old := h.notice(t, h.patron, "Read before")
	h.change(t, old, m{"readAt": "2020-01-01 00:00:00.000Z"})
	theirs := h.notice(t, h.other, "Theirs")
	ear := h.Listen(t, h.patron, "notifications/*")
	a := h.Do(t, h.patron, "POST", "/api/library/notifications/read-all", nil)
	if a.Status != 200 || a.At("count") != 3.0 {
		t.Errorf("%d %s", a.Status, a.Raw)
	}
	ear.Await(t, func(e testapp.Event) bool { return record(e)["readAt"] != "" })
	if h.fresh(t, theirs).GetString("readAt") != "" || h.fresh(t, old).GetString("readAt") != "2020-01-01 00:00:00.000Z" {
		t.Error("others were marked")
	}
	if a := h.Do(t, h.patron, "POST", "/api/library/notifications/read-all", nil); a.At("count") != 0.0 {
		t.Errorf("again: %s", a.Raw)
	}
}

func TestReadAllTakesMoreThanOneTransaction(t *testing.T) {
	h := open(t)
	h.sql(t, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 450)
		INSERT INTO notifications (id, user, title, kind, created, updated)
		SELECT printf('n%014d', i), '`+h.patron.Id+`', 'T', 'message', '2020-01-01 00:00:00.000Z', '2020-01-01 00:00:00.000Z' FROM n`, nil)
	if a := h.Do(t, h.patron, "POST", "/api/library/notifications/read-all", nil); a.At("count") != 450.0 {
		t.Errorf("%d %s", a.Status, a.Raw)
	}
}
