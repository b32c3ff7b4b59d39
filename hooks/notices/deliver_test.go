package notices

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/quiet"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

func TestNotificationGoesOutInTheRecipientsLanguageByEachChannel(t *testing.T) {
	h := openOut(t)
	h.device(t, h.patron, "phone")
	h.device(t, h.patron, "tablet")
	h.device(t, h.other, "another's")
	a := h.Do(t, h.librarian, "POST", notifications, m{
		"user": h.patron.Id, "title": "Hola\r\nBcc: all@example.org", "body": "Una línea\n\n<b>Otra</b>", "webAction": "/documents/abc", "mobileAction": "https://app.example.org/x",
	}, "Accept-Language", "en")
	if a.Status != 200 || a.At("kind") != schema.KindMessage {
		t.Fatalf("%d %s", a.Status, a.Raw)
	}
	tokens := map[string]bool{}
	for _, p := range h.fcm.Await(t, 2) {
		tokens[p.Token] = true
		if p.Data["notification"] != id(a) || p.Data["kind"] != "message" || p.Data["webAction"] != "/documents/abc" ||
			p.Data["mobileAction"] != "https://app.example.org/x" || p.Data["document"] != "" || p.Notification.Body != "Una línea\n\n<b>Otra</b>" {
			t.Errorf("push %+v", p)
		}
	}
	if !tokens["phone"] || !tokens["tablet"] {
		t.Errorf("pushed to %v", tokens)
	}
	mail := h.mail.Await(t, 1)[0]
	if mail.To != "patron@example.org" || mail.Subject != "Hola Bcc: all@example.org" {
		t.Errorf("mail to %q about %q", mail.To, mail.Subject)
	}
	for _, want := range []string{"Hola, patron:", "Una línea", "https://books.example.org/documents/abc"} {
		if !strings.Contains(mail.Text, want) {
			t.Errorf("the mail lacks %q:\n%s", want, mail.Text)
		}
	}
	if !strings.Contains(mail.HTML, "Abrir") || !strings.Contains(mail.HTML, `lang="es"`) || strings.Contains(mail.HTML, "<b>Otra") {
		t.Errorf("HTML:\n%s", mail.HTML)
	}
	h.awaitDone(t, pushKind)
	if n := len(h.fcm.Pushes()); n != 2 {
		t.Errorf("%d pushes", n)
	}
}

func TestOneDeadDeviceOfThreeIsDropped(t *testing.T) {
	h := openOut(t)
	kept, dead, kept2 := h.device(t, h.patron, "phone"), h.device(t, h.patron, "dead-tablet"), h.device(t, h.patron, "browser")
	h.notice(t, h.patron, "Hello")
	h.fcm.Await(t, 2)
	if failed := h.awaitDone(t, pushKind); failed != 0 {
		t.Errorf("%d jobs failed", failed)
	}
	if h.fresh(t, kept) == nil || h.fresh(t, kept2) == nil || h.fresh(t, dead) != nil {
		t.Error("the wrong devices are gone")
	}
}

func TestPushIsTriedAgainAfterAnOutage(t *testing.T) {
	h := openOut(t)
	h.device(t, h.patron, "phone")
	h.fcm.Away(true)
	h.notice(t, h.patron, "Hello")
	for end := time.Now().Add(15 * time.Second); h.fcm.Tries() == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it was not tried")
		}
	}
	h.fcm.Away(false)
	h.fcm.Await(t, 1)
	h.awaitDone(t, pushKind)
	if n := len(h.fcm.Pushes()); n != 1 {
		t.Errorf("arrived %d times", n)
	}
}

func TestRefusedMessageFailsForGood(t *testing.T) {
	h := openOut(t)
	d := h.device(t, h.patron, "message-phone")
	h.notice(t, h.patron, "Hello")
	if failed := h.awaitDone(t, pushKind); failed != 1 || h.fresh(t, d) == nil {
		t.Errorf("%d failed; the device is %v", failed, h.fresh(t, d))
	}
}

func TestChannelsAreKept(t *testing.T) {
	h := openOut(t)
	h.device(t, h.patron, "phone")
	for _, tc := range []struct {
		channels   []string
		push, mail int
	}{
		{[]string{}, 0, 0}, {[]string{"push"}, 1, 0}, {[]string{"mail"}, 1, 1}, {[]string{"push", "mail"}, 2, 2},
	} {
		h.change(t, h.patron, m{"channels": tc.channels})
		h.notice(t, h.patron, "Hello")
		if p, ml := len(h.queued(t, pushKind)), len(h.queued(t, "mail")); p != tc.push || ml != tc.mail {
			t.Errorf("%v: %d pushes and %d mails so far, want %d and %d", tc.channels, p, ml, tc.push, tc.mail)
		}
	}
}

func TestWhoIsNotActiveIsToldNothing(t *testing.T) {
	h := openOut(t)
	h.device(t, h.inactive, "phone")
	h.notice(t, h.inactive, "Hello")
	if p, ml := len(h.queued(t, pushKind)), len(h.queued(t, "mail")); p+ml != 0 {
		t.Errorf("%d pushes and %d mails", p, ml)
	}
}

func TestStrangersAddressesAreNotWrittenTo(t *testing.T) {
	h := openOut(t)
	h.change(t, h.patron, m{"verified": false})
	h.notice(t, h.patron, "Approved by staff")
	if n := len(h.queued(t, "mail")); n != 1 {
		t.Errorf("to whom staff let in: %d mails", n)
	}
	library, err := h.FindRecordById(schema.Library, schema.LibraryID)
	if err != nil {
		t.Fatal(err)
	}
	h.change(t, library, m{"activation": schema.ActivationNone})
	h.notice(t, h.patron, "Let in by nobody")
	if n := len(h.queued(t, "mail")); n != 1 {
		t.Errorf("to an address that nobody vouches for: %d mails", n-1)
	}
}

func TestQuietSavesTellNobody(t *testing.T) {
	h := openOut(t)
	h.device(t, h.patron, "phone")
	c, err := h.FindCollectionByNameOrId(schema.Notifications)
	if err != nil {
		t.Fatal(err)
	}
	n := core.NewRecord(c)
	n.Load(m{"user": h.patron.Id, "title": "Of long ago"})
	if err := h.SaveWithContext(quiet.With(context.Background()), n); err != nil {
		t.Fatal(err)
	}
	if p, ml := len(h.queued(t, pushKind)), len(h.queued(t, "mail")); p+ml != 0 {
		t.Errorf("%d pushes and %d mails", p, ml)
	}
}

func TestDeliveryIsPartOfItsCause(t *testing.T) {
	h := openOut(t)
	h.device(t, h.patron, "phone")
	err := h.RunInTransaction(func(tx core.App) error {
		c, err := tx.FindCollectionByNameOrId(schema.Notifications)
		if err != nil {
			return err
		}
		n := core.NewRecord(c)
		n.Load(m{"user": h.patron.Id, "title": "Undone"})
		if err := tx.Save(n); err != nil {
			return err
		}
		return errors.New("no")
	})
	if err == nil {
		t.Fatal("the transaction went through")
	}
	if p, ml := len(h.queued(t, pushKind)), len(h.queued(t, "mail")); p+ml != 0 {
		t.Errorf("%d pushes and %d mails of what was undone", p, ml)
	}
}

func TestWithoutCredentialsNothingIsQueued(t *testing.T) {
	h := open(t)
	h.device(t, h.patron, "phone")
	h.notice(t, h.patron, "Hello")
	if n := len(h.queued(t, pushKind)); n != 0 {
		t.Errorf("%d pushes", n)
	}
	a := h.Do(t, h.librarian, "POST", "/api/library/push", m{"title": "T", "users": []string{h.patron.Id}})
	if a.Status != 503 || a.At("data", "fault", "code") != "push_not_set_up" {
		t.Errorf("%d %s", a.Status, a.Raw)
	}
}

func TestQuietHoursPutOffPushAndMailButNotRealtime(t *testing.T) {
	h := openOut(t)
	h.device(t, h.patron, "phone")
	h.change(t, h.patron, m{"timezone": "America/Sao_Paulo", "quietHours": m{"from": "22:00", "to": "07:00"}})
	h.setClock(time.Date(2099, 3, 10, 4, 30, 0, 0, time.UTC)) // 01:30 in São Paulo
	ear := h.Listen(t, h.patron, "notifications/*")
	n := h.notice(t, h.patron, "By night")
	ear.Await(t, func(e testapp.Event) bool { return record(e)["id"] == n.Id })
	for _, kind := range []string{pushKind, "mail"} {
		jobs := h.queued(t, kind)
		if len(jobs) != 1 || jobs[0].GetString("runAt") != "2099-03-10 10:00:00.000Z" {
			t.Errorf("%s: %v", kind, jobs)
		}
	}
}
