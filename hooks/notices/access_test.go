package notices

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

type m = map[string]any

func TestWhoReadsNotifications(t *testing.T) {
	h := open(t)
	mine, theirs := h.notice(t, h.patron, "Mine"), h.notice(t, h.other, "Theirs")
	h.notice(t, h.inactive, "Nobody's")
	for who, want := range map[string]string{
		"guest": "", "patron": "Mine", "other": "Theirs", "inactive": "", "librarian": "Mine Nobody's Theirs", "root": "Mine Nobody's Theirs",
	} {
		a := h.Do(t, h.people()[who], "GET", notifications, nil)
		var titles []string
		items, _ := a.At("items").([]any)
		for i := range items {
			titles = append(titles, fmt.Sprint(a.At("items", i, "title")))
		}
		slices.Sort(titles)
		if got := strings.Join(titles, " "); got != want || a.At("totalItems") != float64(len(titles)) {
			t.Errorf("%s lists %q, want %q", who, got, want)
		}
		for name, n := range (m{"Mine": mine.Id, "Theirs": theirs.Id}) {
			status := 404
			if strings.Contains(want, name) {
				status = 200
			}
			if a := h.Do(t, h.people()[who], "GET", notifications+"/"+fmt.Sprint(n), nil); a.Status != status {
				t.Errorf("%s views %s: %d", who, name, a.Status)
			}
		}
	}
}

func TestWhoWritesNotifications(t *testing.T) {
	h := open(t)
	for _, who := range h.names() {
		staff, own := who == "librarian" || who == "root", who == "patron"
		n := h.notice(t, h.patron, "Mine")
		for _, act := range []struct {
			method, path string
			body         any
			may          bool
			done, rest   int
		}{
			{"POST", "", m{"user": h.other.Id, "title": "New"}, staff, 200, 400},
			{"PATCH", "/" + n.Id, m{"title": "Changed"}, staff, 200, 404},
			{"PATCH", "/" + n.Id, m{"kind": "system"}, staff, 200, 404},
			{"PATCH", "/" + n.Id, m{"webAction": "/me"}, staff, 200, 404},
			{"PATCH", "/" + n.Id, m{"readAt": "2020-01-01 00:00:00Z"}, staff || own, 200, 404},
			{"PATCH", "/" + n.Id, m{"readAt": ""}, staff || own, 200, 404},
			{"DELETE", "/" + n.Id, nil, staff || own, 204, 404},
		} {
			want := act.rest
			if act.may {
				want = act.done
			}
			if a := h.Do(t, h.people()[who], act.method, notifications+act.path, act.body); a.Status != want {
				t.Errorf("%s %s %v: %d, want %d: %s", who, act.method, act.body, a.Status, want, a.Raw)
			}
		}
	}
}

func TestNotificationStaysWithItsRecipient(t *testing.T) {
	h := open(t)
	n := h.notice(t, h.patron, "Mine")
	for _, who := range []string{"librarian", "root"} {
		refusedBy(t, h.Do(t, h.people()[who], "PATCH", notifications+"/"+n.Id, m{"user": h.other.Id}), "user", "recipient_fixed")
	}
	if a := h.Do(t, h.patron, "PATCH", notifications+"/"+n.Id, m{"user": h.other.Id}); a.Status != 404 {
		t.Errorf("the recipient passes it on: %d", a.Status)
	}
}

func TestWhoReadsAndWritesDevices(t *testing.T) {
	h := open(t)
	for _, who := range h.names() {
		d := h.device(t, h.patron, "phone-of-"+who)
		own := who == "patron" || who == "root"
		a := h.Do(t, h.people()[who], "GET", devices+"?filter="+url.QueryEscape("id='"+d.Id+"'"), nil)
		if items, _ := a.At("items").([]any); len(items) > 0 != own {
			t.Errorf("%s lists %s", who, a.Raw)
		}
		for method, done := range map[string]int{"GET": 200, "PATCH": 200} {
			want := 404
			if own {
				want = done
			}
			if a := h.Do(t, h.people()[who], method, devices+"/"+d.Id, m{"label": "x"}); a.Status != want {
				t.Errorf("%s %s: %d %s", who, method, a.Status, a.Raw)
			}
		}
		want := 404
		if own {
			want = 204
		}
		if a := h.Do(t, h.people()[who], "DELETE", devices+"/"+d.Id, nil); a.Status != want {
			t.Errorf("%s deletes: %d", who, a.Status)
		}
		want = 400
		if who != "guest" && who != "inactive" {
			want = 200
		}
		if a := h.Do(t, h.people()[who], "POST", devices, m{"user": h.other.Id, "token": "new-" + who, "platform": "web"}); a.Status != want {
			t.Errorf("%s creates: %d %s", who, a.Status, a.Raw)
		}
	}
}

func TestWhoSends(t *testing.T) {
	h := furnish(t, testapp.New(t), nobody{})
	for _, who := range h.names() {
		want := 200
		switch who {
		case "guest", "inactive": // the room of accounts makes a guest of the latter
			want = 401
		case "patron", "other":
			want = 403
		}
		for path, body := range map[string]any{
			"push": m{"title": "T", "users": []string{h.other.Id}}, "broadcast": m{"topic": "news", "all": true, "message": 1},
		} {
			a := h.Do(t, h.people()[who], "POST", "/api/library/"+path, body)
			if a.Status != want && !(who == "inactive" && a.Status == 403) {
				t.Errorf("%s POST %s: %d %s", who, path, a.Status, a.Raw)
			}
		}
		want = 200
		if who == "guest" || who == "root" {
			want = 401
			if who == "root" {
				want = 403
			}
		}
		if a := h.Do(t, h.people()[who], "POST", "/api/library/notifications/read-all", nil); a.Status != want {
			t.Errorf("%s POST read-all: %d", who, a.Status)
		}
	}
}

// What is guessed right and what is guessed wrong answer alike.
func TestNotificationsTellNothingByFilterOrSort(t *testing.T) {
	h := open(t)
	h.notice(t, h.patron, "Mine")
	h.notice(t, h.other, "A secret")
	doc := testapp.Document(t, h, h.other, schema.VisibilityPrivate, func(r *core.Record) { r.Set("title", "Hidden") })
	n := h.notice(t, h.patron, "About a document")
	h.sql(t, "UPDATE notifications SET document = {:doc} WHERE id = {:id}", dbx.Params{"doc": doc.Id, "id": n.Id})
	h.device(t, h.other, "sesame")
	for _, guess := range [][2]string{
		{"title~'secret'", "title~'nothing'"},
		{"user.email~'other'", "user.email~'nothing'"},
		{"document.title~'Hidden'", "document.title~'Shown'"},
		{"user.devices_via_user.token~'sesame'", "user.devices_via_user.token~'nothing'"},
		{"user.notifications_via_user.title~'secret'", "user.notifications_via_user.title~'nothing'"},
	} {
		right := h.Do(t, h.patron, "GET", notifications+"?filter="+url.QueryEscape(guess[0]), nil)
		wrong := h.Do(t, h.patron, "GET", notifications+"?filter="+url.QueryEscape(guess[1]), nil)
		if right.Status != wrong.Status || string(right.Raw) != string(wrong.Raw) {
			t.Errorf("%s: %d %s\n%s: %d %s", guess[0], right.Status, right.Raw, guess[1], wrong.Status, wrong.Raw)
		}
	}
	for _, query := range []string{"filter=" + url.QueryEscape("user.tokenKey~'a'"), "sort=user.password", "sort=-user.tokenKey"} {
		if a := h.Do(t, h.patron, "GET", notifications+"?"+query, nil); a.Status != 400 {
			t.Errorf("%s: %d", query, a.Status)
		}
	}
	a := h.Do(t, h.patron, "GET", notifications+"?expand=document,user", nil)
	if strings.Contains(string(a.Raw), "Hidden") {
		t.Errorf("expand shows what may not be read: %s", a.Raw)
	}
}

func TestNotificationsAreHeardByWhoMayReadThem(t *testing.T) {
	h := open(t)
	ears := map[string]*testapp.Listener{}
	for _, who := range h.names() {
		ears[who] = h.Listen(t, h.people()[who], "notifications/*", `notifications/*?options={"query":{"filter":"title~'secret'"}}`, "devices/*", "users/*")
	}
	n := h.notice(t, h.patron, "A secret")
	h.change(t, n, m{"readAt": "2020-01-01 00:00:00Z"})
	h.device(t, h.patron, "phone")
	if err := h.Delete(h.fresh(t, n)); err != nil {
		t.Fatal(err)
	}
	for _, who := range h.names() { // whatever else comes has come by then
		if h.people()[who] != nil && who != "root" && who != "inactive" {
			last := h.notice(t, h.people()[who], "The end")
			ears[who].Await(t, func(e testapp.Event) bool { return record(e)["id"] == last.Id })
		}
	}
	for _, who := range h.names() {
		heard := map[string]bool{}
		for _, e := range ears[who].Heard() {
			if record(e)["id"] == n.Id {
				heard[fmt.Sprint(e.Data["action"])] = true
			}
			if record(e)["token"] == "phone" && who != "patron" && who != "root" {
				t.Errorf("%s hears of a device", who)
			}
		}
		want := who == "patron" || who == "librarian" || who == "root"
		for _, action := range []string{"create", "update", "delete"} {
			if heard[action] != want {
				t.Errorf("%s hears of the %s: %v", who, action, heard[action])
			}
		}
	}
}
