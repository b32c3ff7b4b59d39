package notices

import (
	"context"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
)

// lookAt sets the clock and looks as after a start.
func (h *house) lookAt(t testing.TB, at string) {
	t.Helper()
	h.setClock(instant(t, at))
	if _, err := h.start().look(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func (h *house) setLanguage(t testing.TB, language string) {
	t.Helper()
	library, err := h.FindRecordById(schema.Library, schema.LibraryID)
	if err != nil {
		t.Fatal(err)
	}
	h.change(t, library, m{"defaultLanguage": language, "name": "Biblioteca"})
}

// letters are the addresses that mails have been queued for.
func (h *house) letters(t testing.TB) []string {
	t.Helper()
	to := []string{}
	for _, j := range h.queued(t, "mail") {
		for _, address := range []string{"patron@example.org", "third@party.example", "fourth@party.example", "Patron@Example.org"} {
			if strings.Contains(j.GetString("payload"), `"`+address+`"`) {
				to = append(to, address)
			}
		}
	}
	slices.Sort(to)
	return to
}

// The owner reads es, the library pt-BR, and who sends it by hand en.
func TestAlertIsReadInTheOwnersAndTheLibrarysLanguage(t *testing.T) {
	h := openOut(t)
	h.setLanguage(t, "pt-BR")
	h.setZone(t, "America/Sao_Paulo")
	h.device(t, h.patron, "phone")
	doc := h.expiring(t, "2099-11-01", 7, "third@party.example")
	h.sql(t, "UPDATE documents SET code = 'K7QF2' WHERE id = '"+doc.Id+"'", nil)
	a := h.Do(t, h.librarian, "POST", "/api/library/documents/"+doc.Id+"/notify-expiration", nil, "Accept-Language", "en")
	if a.Status != 200 || a.At("queued") != 2.0 {
		t.Fatalf("%d %s", a.Status, a.Raw)
	}
	mail := h.mail.AwaitTo(t, "patron@example.org", "vence")
	if mail.Subject != "«El contrato» vence el 1 de noviembre de 2099" {
		t.Errorf("the owner reads %q", mail.Subject)
	}
	for _, want := range []string{"Hola, patron:", "vale hasta el 1 de noviembre de 2099", "(K7QF2)", "https://books.example.org/documents/" + doc.Id, "dice tu perfil"} {
		if !strings.Contains(strings.Join(strings.Fields(mail.Text), " "), want) {
			t.Errorf("the owner's mail lacks %q:\n%s", want, mail.Text)
		}
	}
	mail = h.mail.AwaitTo(t, "third@party.example", "vence")
	if mail.Subject != "“El contrato” vence em 1º de novembro de 2099" {
		t.Errorf("the address reads %q", mail.Subject)
	}
	for _, want := range []string{"Olá,", "vale até 1º de novembro de 2099", "https://books.example.org/documents/" + doc.Id, "está na lista de alertas deste documento em Biblioteca"} {
		if !strings.Contains(strings.Join(strings.Fields(mail.Text), " "), want) {
			t.Errorf("the address's mail lacks %q:\n%s", want, mail.Text)
		}
	}
	if !strings.Contains(mail.HTML, `lang="pt-BR"`) || !strings.Contains(mail.HTML, "Abrir") {
		t.Errorf("HTML:\n%s", mail.HTML)
	}
	push := h.fcm.Await(t, 1)[0]
	if push.Notification.Title != "«El contrato» vence el 1 de noviembre de 2099" || push.Data["webAction"] != "/documents/"+doc.Id || push.Data["kind"] != "expiry" {
		t.Errorf("push %+v", push)
	}
}

func TestDateIsWrittenInEveryLanguage(t *testing.T) {
	h := open(t)
	r := newRoom(h.deps)
	for language, want := range map[string][2]string{
		"en": {"1 March 2026", "24 November 2026"}, "pt-BR": {"1º de março de 2026", "24 de novembro de 2026"},
		"es": {"1 de marzo de 2026", "24 de noviembre de 2026"}, "fr": {"1er mars 2026", "24 novembre 2026"},
		"ar": {"1 مارس 2026", "24 نوفمبر 2026"},
	} {
		if got := [2]string{r.date(language, "2026-03-01"), r.date(language, "2026-11-24")}; got != want {
			t.Errorf("%s: %q, want %q", language, got, want)
		}
	}
}

func TestOwnerOfAlertEmailIsNotWrittenToTwice(t *testing.T) {
	h := openOut(t)
	h.expiring(t, "2026-11-24", 0, "Patron@Example.org", "third@party.example", "THIRD@party.example")
	h.lookAt(t, "2026-11-24T13:00:00Z")
	if to := h.letters(t); !slices.Equal(to, []string{"patron@example.org", "third@party.example"}) {
		t.Errorf("mails to %v", to)
	}
}

func TestOwnerWithoutMailIsWrittenToAsAlertEmail(t *testing.T) {
	h := openOut(t)
	h.change(t, h.patron, m{"channels": []string{"push"}})
	h.expiring(t, "2026-11-24", 0, "Patron@Example.org")
	h.lookAt(t, "2026-11-24T13:00:00Z")
	if to := h.letters(t); !slices.Equal(to, []string{"Patron@Example.org"}) || len(h.alerts(t)) != 1 {
		t.Errorf("mails to %v", to)
	}
}

func TestOwnersQuietHoursPutOffTheOwnersAlertOnly(t *testing.T) {
	h := openOut(t)
	h.setZone(t, "America/Sao_Paulo")
	h.change(t, h.patron, m{"timezone": "Asia/Tokyo", "quietHours": m{"from": "22:00", "to": "07:00"}})
	h.expiring(t, "2098-11-24", 0, "third@party.example")
	h.lookAt(t, "2098-11-24T13:00:00Z") // 22:00 in Tokyo
	due := map[string]bool{}
	for _, j := range h.queued(t, "mail") {
		due[j.GetString("runAt")] = true
	}
	if !due["2098-11-24 13:00:00.000Z"] || !due["2098-11-24 22:00:00.000Z"] || len(due) != 2 {
		t.Errorf("mails are due at %v", due)
	}
}

func TestOwnerlessDocumentAlertsItsAddressesOnly(t *testing.T) {
	h := openOut(t)
	doc := h.expiring(t, "2026-11-24", 0, "third@party.example")
	h.change(t, doc, m{"owner": ""})
	for range 2 {
		h.lookAt(t, "2026-11-24T13:00:00Z")
	}
	if to := h.letters(t); !slices.Equal(to, []string{"third@party.example"}) || len(h.alerts(t)) != 0 {
		t.Errorf("mails to %v, notices %d", to, len(h.alerts(t)))
	}
}

func TestInactiveOwnerIsNotAlerted(t *testing.T) {
	h := openOut(t)
	doc := h.expiring(t, "2026-11-24", 0, "third@party.example")
	h.change(t, doc, m{"owner": h.inactive.Id})
	h.lookAt(t, "2026-11-24T13:00:00Z")
	if to := h.letters(t); !slices.Equal(to, []string{"third@party.example"}) || len(h.alerts(t)) != 0 {
		t.Errorf("mails to %v, notices %d", to, len(h.alerts(t)))
	}
}

func TestAlertThatNobodyCouldGetWaitsForSomebody(t *testing.T) {
	h := openOut(t)
	doc := h.expiring(t, "2026-11-24", 0)
	h.change(t, doc, m{"owner": ""})
	h.lookAt(t, "2026-11-24T13:00:00Z")
	h.change(t, doc, m{"alertEmails": []string{"third@party.example"}})
	for range 2 {
		h.lookAt(t, "2026-11-25T13:00:00Z")
	}
	if to := h.letters(t); !slices.Equal(to, []string{"third@party.example"}) {
		t.Errorf("mails to %v", to)
	}
}

func TestAlertOfALongTitleStillTellsTheDay(t *testing.T) {
	h := openOut(t)
	long := strings.Repeat("é", 255) + "ñ"
	h.change(t, h.expiring(t, "2026-11-24", 0, "third@party.example"), m{"title": long})
	h.lookAt(t, "2026-11-24T13:00:00Z")
	n := h.alerts(t)[0]
	title := n.GetString("title")
	if utf8.RuneCountInString(title) > titleMost || !utf8.ValidString(title) || !strings.Contains(title, "éé…» vence el 24 de noviembre de 2026") {
		t.Errorf("title %q", title)
	}
	if !strings.Contains(n.GetString("body"), long) {
		t.Errorf("body %q", n.GetString("body"))
	}
}

func TestCopyOfADocumentWasNotAlerted(t *testing.T) {
	h := open(t)
	c, err := h.FindCollectionByNameOrId(schema.Documents)
	if err != nil {
		t.Fatal(err)
	}
	doc := core.NewRecord(c)
	doc.Load(m{"expiresOn": "2026-11-24", "alertedFor": "2026-11-24", "alertedAt": "2026-11-24 13:00:00.000Z"})
	e := &core.RecordRequestEvent{RequestEvent: &core.RequestEvent{App: h}}
	e.Collection, e.Record = c, doc
	err = h.OnRecordCreateRequest().Trigger(e, func(*core.RecordRequestEvent) error { return nil })
	if err != nil || doc.GetString("alertedFor") != "" || !doc.GetDateTime("alertedAt").IsZero() {
		t.Errorf("alerted for %q at %s (%v)", doc.GetString("alertedFor"), doc.GetDateTime("alertedAt"), err)
	}
}

func TestDailyAlertsOfOneOwnerReachABoundedNumberOfStrangers(t *testing.T) {
	h := openIn(t, "UTC", "10:00")
	h.Settings().SMTP.Enabled = true
	for range strangersADay/10 + 2 {
		h.expiring(t, "2026-11-24", 0, ten(t)...)
	}
	h.change(t, h.expiring(t, "2026-11-24", 0, ten(t)...), m{"owner": h.other.Id})
	h.change(t, h.expiring(t, "2026-11-25", 0), m{"owner": h.patron.Id})
	x := h.start()
	for _, want := range []struct {
		day              string
		letters, notices int
	}{
		{"2026-11-24T10:00:00Z", strangersADay + 10, strangersADay/10 + 1},
		{"2026-11-24T23:00:00Z", strangersADay + 10, strangersADay/10 + 1},
		{"2026-11-25T10:00:00Z", strangersADay + 30, strangersADay/10 + 4},
	} {
		h.setClock(instant(t, want.day))
		if _, err := x.look(context.Background()); err != nil {
			t.Fatal(err)
		}
		letters := 0
		for _, j := range h.queued(t, "mail") {
			letters += strings.Count(j.GetString("payload"), `@party.example"`)
		}
		if notices := len(h.alerts(t)); letters != want.letters || notices != want.notices {
			t.Errorf("%s: %d letters and %d notices, want %d and %d", want.day, letters, notices, want.letters, want.notices)
		}
	}
}
