package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
)

func TestNotificationsByAPI(t *testing.T) {
	l := furnished(t)
	path, id := l.make(t, l.librarian, schema.Notifications, m{"user": l.ann.Id, "title": "Hello", "body": "There", "webAction": "/documents"})
	_, second := l.make(t, l.librarian, schema.Notifications, m{"user": l.ann.Id, "title": "Again"})
	bens, third := l.make(t, l.librarian, schema.Notifications, m{"user": l.ben.Id, "title": "Hello Ben"})
	unread := func(t *testing.T, want float64) {
		t.Helper()
		if got := l.want(t, 200, l.ann, "GET", "/api/library/me", nil).At("unreadNotifications"); got != want {
			t.Errorf("%v unread, want %v", got, want)
		}
	}
	t.Run("list", func(t *testing.T) {
		l.lists(t, l.librarian, schema.Notifications, "", "id", id, second, third)
		l.lists(t, nil, schema.Notifications, "", "id")
	})
	t.Run("own", func(t *testing.T) {
		l.lists(t, l.ann, schema.Notifications, "", "id", id, second)
		l.lists(t, l.ann, schema.Notifications, `user.username = "ann" && title = "Again"`, "id", second) // through its relation
	})
	t.Run("create", func(t *testing.T) {
		l.refuses(t, l.librarian, "POST", api+"notifications/records", m{"user": "neverthere00000", "title": "T"}, "user", "validation_missing_rel_records")
		l.refuses(t, l.librarian, "POST", api+"notifications/records", m{"user": l.ann.Id}, "title", "validation_required")
		l.want(t, 400, l.ann, "POST", api+"notifications/records", m{"user": l.ben.Id, "title": "T"})
		// What is no field is left out, and is no fault of the server's.
		l.want(t, 400, l.ann, "POST", api+"notifications/records", m{"user": l.ben.Id, "title": "T", "__class__": 1})
	})
	t.Run("view", func(t *testing.T) {
		if a := l.want(t, 200, l.ann, "GET", path, nil); a.At("title") != "Hello" || a.At("webAction") != "/documents" || a.At("kind") != "message" {
			t.Errorf("%s", a.Raw)
		}
		l.want(t, 404, l.ben, "GET", path, nil)
	})
	t.Run("edit", func(t *testing.T) {
		if a := l.want(t, 200, l.librarian, "PATCH", path, m{"title": "Good day", "webAction": ""}); a.At("title") != "Good day" || a.At("webAction") != "" || a.At("body") != "There" {
			t.Errorf("%s", a.Raw)
		}
		l.want(t, 404, l.ann, "PATCH", path, m{"title": "Mine"})
	})
	t.Run("read", func(t *testing.T) {
		unread(t, 2)
		if a := l.want(t, 200, l.ann, "PATCH", path, m{"readAt": time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)}); a.At("readAt") == "" {
			t.Errorf("%s", a.Raw)
		}
		unread(t, 1)
		l.want(t, 400, l.ann, "PATCH", path, m{"readAt": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)})
		l.want(t, 404, l.ben, "PATCH", path, m{"readAt": ""})
		l.want(t, 200, l.ann, "PATCH", path, m{"readAt": ""})
		unread(t, 2)
	})
	t.Run("read all", func(t *testing.T) {
		if a := l.want(t, 200, l.ann, "POST", "/api/library/notifications/read-all", nil); a.At("count") != 2.0 {
			t.Errorf("%s", a.Raw)
		}
		unread(t, 0)
		if a := l.want(t, 200, l.ben, "GET", bens, nil); a.At("readAt") != "" {
			t.Errorf("another's: %s", a.Raw)
		}
	})
	t.Run("delete by staff", func(t *testing.T) {
		l.want(t, 204, l.librarian, "DELETE", bens, nil)
		l.gone(t, l.ben, bens)
	})
	t.Run("delete one's own", func(t *testing.T) {
		l.want(t, 404, l.ben, "DELETE", path, nil)
		l.want(t, 204, l.ann, "DELETE", path, nil)
		l.gone(t, l.ann, path)
	})
}

func TestAuditByAPI(t *testing.T) {
	l := furnished(t)
	forget(t, l.App)
	path, id := l.make(t, l.librarian, schema.AuditLogs, m{"action": "note", "note": "Looked in", "collection": schema.Users, "record": l.ann.Id})
	t.Run("list", func(t *testing.T) {
		l.lists(t, l.librarian, schema.AuditLogs, fmt.Sprintf("record = %q", l.ann.Id), "id", id)
		for _, who := range []*core.Record{l.ann, l.ben, nil} {
			l.lists(t, who, schema.AuditLogs, "", "id")
		}
	})
	t.Run("view", func(t *testing.T) {
		if a := l.want(t, 200, l.librarian, "GET", path, nil); a.At("note") != "Looked in" || a.At("actorName") != "librarian" || a.At("ip") != "127.0.0.1" {
			t.Errorf("%s", a.Raw)
		}
		l.want(t, 404, l.ann, "GET", path, nil)
	})
	t.Run("create", func(t *testing.T) {
		l.want(t, 400, l.ann, "POST", api+"audit_logs/records", m{"action": "note", "note": "Mine"})
		l.want(t, 400, l.librarian, "POST", api+"audit_logs/records", m{"action": "login", "note": "Forged"})
	})
	t.Run("outlives whom it is of", func(t *testing.T) {
		l.want(t, 204, l.admin, "DELETE", api+"users/records/"+l.ann.Id, nil)
		if a := l.want(t, 200, l.librarian, "GET", path, nil); a.At("record") != l.ann.Id {
			t.Errorf("%s", a.Raw)
		}
	})
	t.Run("delete", func(t *testing.T) {
		l.want(t, 403, l.admin, "DELETE", path, nil)
		l.want(t, 200, l.admin, "GET", path, nil)
	})
}
