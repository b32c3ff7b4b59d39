package notices

import (
	"fmt"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

func TestDeviceIsTheCallers(t *testing.T) {
	h := open(t)
	a := h.Do(t, h.patron, "POST", devices, m{"user": h.other.Id, "token": "phone", "platform": "ios", "label": "My phone", "lastSeen": "2000-01-01 00:00:00Z"})
	if a.Status != 200 || a.At("user") != h.patron.Id || a.At("lastSeen") == "2000-01-01 00:00:00.000Z" || a.At("lastSeen") == "" {
		t.Errorf("%d %s", a.Status, a.Raw)
	}
	refusedBy(t, h.Do(t, h.patron, "PATCH", devices+"/"+id(a), m{"user": h.other.Id}), "user", "device_fixed")
}

func TestKnownTokenMovesToTheCaller(t *testing.T) {
	h := openOut(t)
	old := h.device(t, h.patron, "phone")
	h.setClock(time.Date(2099, 1, 1, 1, 0, 0, 0, time.UTC))
	h.change(t, h.patron, m{"timezone": "UTC", "quietHours": m{"from": "00:00", "to": "07:00"}})
	h.notice(t, h.patron, "On its way")
	a := h.Do(t, h.other, "POST", devices, m{"token": "phone", "platform": "android"})
	if a.Status != 200 || a.At("user") != h.other.Id || h.fresh(t, old) != nil {
		t.Fatalf("%d %s; the old row: %v", a.Status, a.Raw, h.fresh(t, old))
	}
	// What was for the one that had it does not reach who has it now.
	j := h.queued(t, pushKind)[0]
	j.Set("runAt", time.Now())
	if err := h.Save(j); err != nil {
		t.Fatal(err)
	}
	h.setClock(time.Time{})
	h.notice(t, h.other, "For the new one")
	h.fcm.Await(t, 1)
	h.awaitDone(t, pushKind)
	if p := h.fcm.Pushes(); len(p) != 1 || p[0].Notification.Title != "For the new one" {
		t.Errorf("pushed %+v", p)
	}
}

func TestDevicePostedAgainIsTheSame(t *testing.T) {
	h := open(t)
	first := h.Do(t, h.patron, "POST", devices, m{"token": "phone", "platform": "android"})
	h.sql(t, "UPDATE devices SET lastSeen = '2000-01-01 00:00:00.000Z'", nil)
	again := h.Do(t, h.patron, "POST", devices, m{"token": "phone", "platform": "android", "label": "Renamed"})
	if again.Status != 200 || id(again) != id(first) || again.At("label") != "Renamed" || again.At("lastSeen") == "2000-01-01 00:00:00.000Z" {
		t.Errorf("%s\n%d %s", first.Raw, again.Status, again.Raw)
	}
	if n, err := h.CountRecords(schema.Devices); err != nil || n != 1 {
		t.Errorf("%d devices: %v", n, err)
	}
}

func TestReplacedTokenTakesAnotherDevicesPlace(t *testing.T) {
	h := open(t)
	mine, theirs := h.device(t, h.patron, "old"), h.device(t, h.other, "new")
	if a := h.Do(t, h.patron, "PATCH", devices+"/"+mine.Id, m{"token": "new"}); a.Status != 200 || a.At("token") != "new" {
		t.Errorf("%d %s", a.Status, a.Raw)
	}
	if h.fresh(t, theirs) != nil {
		t.Error("two devices have one token")
	}
}

func TestTheDeviceLongestUnseenGivesWay(t *testing.T) {
	h := open(t)
	for i := range devicesMost {
		d := h.device(t, h.patron, fmt.Sprint("phone", i))
		h.change(t, d, m{"lastSeen": time.Now().Add(-time.Hour * time.Duration((i+7)%devicesMost+1))})
	}
	oldest, err := h.FindFirstRecordByFilter(schema.Devices, "token = 'phone12'") // (12+7) % 20 is the most
	if err != nil {
		t.Fatal(err)
	}
	if a := h.Do(t, h.patron, "POST", devices, m{"token": "one-more", "platform": "web"}); a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Raw)
	}
	if n, err := h.CountRecords(schema.Devices); err != nil || n != devicesMost || h.fresh(t, oldest) != nil {
		t.Errorf("%d devices, the oldest among them: %v: %v", n, h.fresh(t, oldest), err)
	}
}

func TestDevicesGoWhenTheAccountIsPutInactive(t *testing.T) {
	h := open(t)
	mine, theirs := h.device(t, h.patron, "phone"), h.device(t, h.other, "another")
	h.change(t, h.patron, m{"name": "New name"})
	if h.fresh(t, mine) == nil {
		t.Fatal("a new name ends devices")
	}
	h.change(t, h.patron, m{"state": schema.StateInactive})
	if h.fresh(t, mine) != nil || h.fresh(t, theirs) == nil {
		t.Error("the wrong devices are gone")
	}
}

func TestDevicesGoWithTheSessionsThatEnd(t *testing.T) {
	h := open(t)
	for what, change := range map[string]func(*core.Record){
		"ended by hand": (*core.Record).RefreshTokenKey,
		"a password":    func(r *core.Record) { r.SetPassword("another-good-one") },
		"an address":    func(r *core.Record) { r.SetEmail("moved@example.org") },
	} {
		d := h.device(t, h.patron, "phone")
		patron := h.fresh(t, h.patron)
		change(patron)
		if err := h.Save(patron); err != nil {
			t.Fatal(err)
		}
		if h.fresh(t, d) != nil {
			t.Errorf("%s: the device is told on", what)
		}
	}
}

func TestDevicesAndNotificationsGoWithTheirUser(t *testing.T) {
	h := open(t)
	d, n := h.device(t, h.patron, "phone"), h.notice(t, h.patron, "Hello")
	if err := h.Delete(h.fresh(t, h.patron)); err != nil {
		t.Fatal(err)
	}
	if h.fresh(t, d) != nil || h.fresh(t, n) != nil {
		t.Error("they outlive their user")
	}
}

func TestShareIsToldInTheRecipientsLanguage(t *testing.T) {
	h := openOut(t)
	h.device(t, h.patron, "phone")
	doc := testapp.Document(t, h, h.other, schema.VisibilityPrivate, func(r *core.Record) { r.Set("title", "El Quijote") })
	const shares = "/api/collections/document_shares/records"
	a := h.Do(t, h.other, "POST", shares, m{"document": doc.Id, "user": h.patron.Id}, "Accept-Language", "en")
	if a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Raw)
	}
	list := h.Do(t, h.patron, "GET", notifications, nil)
	for field, want := range map[string]any{
		"title": "other ha compartido un documento contigo", "body": "Ahora puedes leer «El Quijote».", "kind": "share",
		"document": doc.Id, "webAction": "/documents/" + doc.Id, "readAt": "",
	} {
		if got := list.At("items", 0, field); got != want {
			t.Errorf("%s is %v, want %v", field, got, want)
		}
	}
	if p := h.fcm.Await(t, 1)[0]; p.Data["document"] != doc.Id || p.Data["kind"] != "share" {
		t.Errorf("pushed %+v", p)
	}
	if mail := h.mail.Await(t, 1)[0]; mail.Subject != "other ha compartido un documento contigo" {
		t.Errorf("mailed %+v", mail)
	}
	// Again, while that waits to be read, and once it is read.
	again := func() float64 {
		t.Helper()
		share, err := h.FindFirstRecordByData(schema.DocumentShares, "document", doc.Id)
		if err != nil {
			t.Fatal(err)
		}
		if a := h.Do(t, h.other, "DELETE", shares+"/"+share.Id, nil); a.Status != 204 {
			t.Fatal(a.Status)
		}
		if a := h.Do(t, h.other, "POST", shares, m{"document": doc.Id, "user": h.patron.Id}); a.Status != 200 {
			t.Fatal(a.Status, string(a.Raw))
		}
		total, _ := h.Do(t, h.patron, "GET", notifications, nil).At("totalItems").(float64)
		return total
	}
	if n := again(); n != 1 {
		t.Errorf("%v notices, one of which waits to be read", n)
	}
	h.Do(t, h.patron, "POST", "/api/library/notifications/read-all", nil)
	if n := again(); n != 2 {
		t.Errorf("%v notices after the first was read", n)
	}
}

func TestShareByTheLibraryNamesNoOwner(t *testing.T) {
	h := open(t)
	doc := testapp.Document(t, h, nil, schema.VisibilityPrivate)
	testapp.Share(t, h, doc, h.patron)
	if a := h.Do(t, h.patron, "GET", notifications, nil); a.At("items", 0, "title") != "Se ha compartido un documento contigo" {
		t.Errorf("%s", a.Raw)
	}
}
