package notices

import (
	"slices"
	"strconv"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/testapp"
)

func (h *house) alertNow(t testing.TB, who, doc *core.Record) testapp.Answer {
	t.Helper()
	return h.Do(t, who, "POST", "/api/library/documents/"+doc.Id+"/notify-expiration", nil)
}

func TestWhoSendsAnAlertByHand(t *testing.T) {
	h := open(t)
	for who, want := range map[string]int{"guest": 401, "patron": 200, "other": 404, "librarian": 200, "inactive": 404, "root": 200} {
		doc := h.expiring(t, "2099-11-24", 0)
		testapp.Share(t, h, doc, h.other) // who reads it
		if a := h.alertNow(t, h.people()[who], doc); a.Status != want {
			t.Errorf("%s: %d %s", who, a.Status, a.Raw)
		}
	}
	for _, id := range []string{"nothing00000000", "x", "%27%20OR%201", "a%2Fb"} {
		if a := h.Do(t, h.root, "POST", "/api/library/documents/"+id+"/notify-expiration", nil); a.Status != 404 {
			t.Errorf("%s: %d", id, a.Status)
		}
	}
}

func TestAlertByHandIsTheOwnersWhoeverSendsIt(t *testing.T) {
	h := open(t)
	doc := h.expiring(t, "2099-11-24", 0)
	if a := h.alertNow(t, h.librarian, doc); a.At("queued") != 1.0 {
		t.Errorf("%s", a.Raw)
	}
	list := h.alerts(t)
	if len(list) != 1 || list[0].GetString("user") != h.patron.Id || list[0].GetString("document") != doc.Id || list[0].GetString("webAction") != "/documents/"+doc.Id {
		t.Errorf("%v", list)
	}
}

func TestAlertByHandCountsWhoIsTold(t *testing.T) {
	h := openOut(t)
	doc := h.expiring(t, "2099-11-24", 0, "third@party.example", "fourth@party.example", "patron@example.org")
	h.change(t, doc, m{"alert": false})
	if a := h.alertNow(t, h.patron, doc); a.Status != 200 || a.At("queued") != 3.0 {
		t.Errorf("%d %s", a.Status, a.Raw)
	}
	if to := h.letters(t); !slices.Equal(to, []string{"fourth@party.example", "patron@example.org", "third@party.example"}) {
		t.Errorf("mails to %v", to)
	}
}

func TestAlertByHandWantsADate(t *testing.T) {
	h := open(t)
	refusedBy(t, h.alertNow(t, h.patron, h.expiring(t, "", 0)), "expiresOn", "expires_on_missing")
}

func TestAlertByHandWithinAnHourIsRefused(t *testing.T) {
	h := open(t)
	doc, another := h.expiring(t, "2099-11-24", 0), h.expiring(t, "2099-11-24", 0)
	h.setClock(instant(t, "2026-11-24T10:00:00Z"))
	for _, step := range []struct {
		at     string
		status int
		wait   int
	}{
		{"2026-11-24T10:00:00Z", 200, 0}, {"2026-11-24T10:00:00Z", 429, 3600}, {"2026-11-24T10:59:30Z", 429, 30}, {"2026-11-24T11:00:00Z", 200, 0},
		{"2026-11-24T10:59:00Z", 429, 3600}, // the clock was put back
		{"2026-11-23T11:00:00Z", 200, 0},
	} {
		h.setClock(instant(t, step.at))
		a := h.alertNow(t, h.patron, doc)
		wait, _ := strconv.Atoi(a.Header.Get("Retry-After"))
		if a.Status != step.status || wait != step.wait {
			t.Errorf("at %s: %d, Retry-After %d: %s", step.at, a.Status, wait, a.Raw)
		}
		if a.Status == 429 && a.At("data", "fault", "code") != "alerted_recently" {
			t.Errorf("%s", a.Raw)
		}
	}
	if a := h.alertNow(t, h.librarian, another); a.Status != 200 {
		t.Errorf("another document: %d", a.Status)
	}
	if n := len(h.alerts(t)); n != 4 {
		t.Errorf("%d alerts", n)
	}
}

func TestAlertByHandWithinAnHourOfTheDailyOneIsRefused(t *testing.T) {
	h := openIn(t, "UTC", "10:00")
	doc := h.expiring(t, "2026-11-24", 0)
	h.lookAt(t, "2026-11-24T10:00:00Z")
	if a := h.alertNow(t, h.patron, doc); a.Status != 429 {
		t.Errorf("%d", a.Status)
	}
}

func TestAlertByHandBeforeItsDayLeavesTheDailyOne(t *testing.T) {
	h := openIn(t, "America/Sao_Paulo", "10:00")
	doc := h.expiring(t, "2026-12-01", 7)
	h.setClock(instant(t, "2026-11-24T02:59:00Z")) // 23 November, 23:59
	if a := h.alertNow(t, h.patron, doc); a.Status != 200 {
		t.Fatal(a.Status)
	}
	h.sends(t, h.start(), "2026-11-24T12:00:00Z", "2026-11-25T14:00:00Z", "2026-11-24T13:00:00Z")
}

func TestAlertByHandOnItsDayIsTheDailyOne(t *testing.T) {
	h := openIn(t, "America/Sao_Paulo", "10:00")
	doc := h.expiring(t, "2026-12-01", 7)
	h.setClock(instant(t, "2026-11-24T03:00:00Z")) // 24 November, 00:00
	if a := h.alertNow(t, h.patron, doc); a.Status != 200 {
		t.Fatal(a.Status)
	}
	h.sends(t, h.start(), "2026-11-24T12:00:00Z", "2026-11-25T14:00:00Z")
}

func TestAlertByHandOfNobodyIsNoAlert(t *testing.T) {
	h := open(t)
	doc := h.expiring(t, "2026-11-24", 0)
	h.change(t, doc, m{"owner": ""})
	for range 2 {
		if a := h.alertNow(t, h.librarian, doc); a.Status != 200 || a.At("queued") != 0.0 {
			t.Errorf("%d %s", a.Status, a.Raw)
		}
	}
	if stored := h.fresh(t, doc); stored.GetString("alertedFor") != "" {
		t.Error("it counts as alerted")
	}
}

func TestAlertsByHandReachABoundedNumberOfStrangers(t *testing.T) {
	h := open(t)
	h.Settings().SMTP.Enabled = true
	h.setClock(instant(t, "2026-11-24T10:00:00Z"))
	for range strangersMost / 10 {
		if a := h.alertNow(t, h.patron, h.expiring(t, "2099-11-24", 0, ten(t)...)); a.Status != 200 || a.At("queued") != 11.0 {
			t.Fatalf("%d %s", a.Status, a.Raw)
		}
	}
	sent := len(h.queued(t, "mail"))
	h.setClock(instant(t, "2026-11-24T10:20:00Z"))
	doc := h.expiring(t, "2099-11-24", 0, "third@party.example")
	a := h.alertNow(t, h.patron, doc)
	if a.Status != 429 || a.At("data", "fault", "code") != "alerts_too_many" || a.Header.Get("Retry-After") != "2400" {
		t.Errorf("one more: %d, Retry-After %s: %s", a.Status, a.Header.Get("Retry-After"), a.Raw)
	}
	if !h.fresh(t, doc).GetDateTime("alertedAt").IsZero() || len(h.queued(t, "mail")) != sent || len(h.alerts(t)) != strangersMost/10 {
		t.Error("what was refused was done")
	}
	if a := h.alertNow(t, h.patron, h.expiring(t, "2099-11-24", 0)); a.Status != 200 {
		t.Errorf("of oneself alone: %d", a.Status)
	}
	for who, status := range map[string]int{"librarian": 200, "root": 200} {
		if a := h.alertNow(t, h.people()[who], h.expiring(t, "2099-11-24", 0, ten(t)...)); a.Status != status {
			t.Errorf("%s: %d", who, a.Status)
		}
	}
	h.setClock(instant(t, "2026-11-24T11:00:00Z"))
	if a := h.alertNow(t, h.patron, doc); a.Status != 200 {
		t.Errorf("an hour later: %d %s", a.Status, a.Raw)
	}
}

// ten are addresses that nobody has.
func ten(t testing.TB) (addresses []string) {
	t.Helper()
	for range 10 {
		addresses = append(addresses, core.GenerateDefaultRandomId()+"@party.example")
	}
	return addresses
}
