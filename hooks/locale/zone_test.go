package locale

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

const docs = "/api/collections/documents/records"

// onTheClock gives a document the instants that the tests look at. The summer
// of Lord Howe is half an hour off its winter.
func onTheClock(created string) func(*core.Record) {
	return func(r *core.Record) {
		at, err := types.ParseDateTime(created)
		if err != nil {
			panic(err)
		}
		r.SetRaw("created", at)
		r.SetRaw("updated", at)
	}
}

func TestUnknownZoneIsRefused(t *testing.T) {
	h := open(t)
	ana := patron(t, h, "ana", "pt-BR", "America/Sao_Paulo")
	for _, name := range []string{"Mars/Phobos", "Local", "../../etc/passwd", "/etc/localtime", "posix/UTC", "europe/paris", strings.Repeat("A", 10<<10)} {
		for _, path := range []string{"/api/health", docs, docs + "/nothing00000000", "/api/files/documents/a/b", "/api/nothing", "/api/realtime", "/api/collections/roles/records"} {
			a := h.ask(t, ana, "GET", path+"?timezone="+url.QueryEscape(name), "")
			b := h.ask(t, ana, "GET", path, "", "X-Timezone", name)
			c := h.ask(t, ana, "GET", path+"?timezone="+url.QueryEscape(name), "", "X-Timezone", "UTC")
			for _, a := range []answer{a, b, c} {
				named, _ := a.at("data", "timezone", "message").(string)
				if a.Status != 400 || a.at("data", "timezone", "code") != "timezone_unknown" || !strings.Contains(named, name[:min(len(name), 60)]) || len(named) > 150 {
					t.Errorf("%s %.30q: %d %.300s", path, name, a.Status, a.raw)
				}
				if a.at("message") != named {
					t.Errorf("%s %.30q: the message is %v", path, name, a.at("message"))
				}
			}
		}
	}
	for _, ok := range []answer{
		h.ask(t, ana, "GET", docs+"?timezone=", "", "X-Timezone", ""),
		h.ask(t, ana, "GET", docs+"?timezone=Asia/Tokyo", "", "X-Timezone", "Mars/Phobos"),
	} {
		if ok.Status != 200 {
			t.Errorf("%d %s", ok.Status, ok.raw)
		}
	}
}

func TestLocalTimes(t *testing.T) {
	h := open(t)
	ana := patron(t, h, "ana", "pt-BR", "America/Sao_Paulo")
	for _, test := range []struct{ utc, zone, local string }{
		{"2026-03-29 00:59:59.999Z", "Europe/Paris", "2026-03-29T01:59:59.999+01:00"},
		{"2026-03-29 01:00:00.000Z", "Europe/Paris", "2026-03-29T03:00:00.000+02:00"},
		{"2026-10-25 00:30:00.000Z", "Europe/Paris", "2026-10-25T02:30:00.000+02:00"},
		{"2026-10-25 01:30:00.000Z", "Europe/Paris", "2026-10-25T02:30:00.000+01:00"},
		{"2018-11-04 03:00:00.000Z", "America/Sao_Paulo", "2018-11-04T01:00:00.000-02:00"},
		{"2026-11-04 03:00:00.000Z", "America/Sao_Paulo", "2026-11-04T00:00:00.000-03:00"},
		{"2026-01-01 00:00:00.000Z", "Australia/Lord_Howe", "2026-01-01T11:00:00.000+11:00"},
		{"2026-07-01 00:00:00.000Z", "Australia/Lord_Howe", "2026-07-01T10:30:00.000+10:30"},
		{"2026-07-01 00:00:00.000Z", "Asia/Kathmandu", "2026-07-01T05:45:00.000+05:45"},
		{"2026-07-01 12:00:00.500Z", "UTC", "2026-07-01T12:00:00.500+00:00"},
		{"2011-12-30 10:00:00.000Z", "Pacific/Apia", "2011-12-31T00:00:00.000+14:00"},
	} {
		d := testapp.Document(t, h, ana, schema.VisibilityPrivate, onTheClock(test.utc))
		a := h.ask(t, ana, "GET", docs+"/"+d.Id+"?timezone="+test.zone, "")
		b := h.ask(t, ana, "GET", docs+"/"+d.Id, "", "X-Timezone", test.zone)
		if a.at("local", "created") != test.local || b.at("local", "created") != test.local || a.at("created") != test.utc {
			t.Errorf("%s in %s: %s", test.utc, test.zone, a.raw)
		}
	}
}

func TestLocalTimesEverywhere(t *testing.T) {
	h := open(t)
	h.Settings().Batch.Enabled = true
	h.Settings().Batch.MaxRequests = 10
	ana := patron(t, h, "ana", "pt-BR", "America/Sao_Paulo")
	d := testapp.Document(t, h, ana, schema.VisibilityPrivate, onTheClock("2026-07-01 12:00:00.000Z"), func(r *core.Record) { r.Set("expiresOn", "2026-12-01") })
	const tokyo, paris = "2026-07-01T21:00:00.000+09:00", "2026-07-01T14:00:00.000+02:00"

	plain := h.ask(t, ana, "GET", docs+"/"+d.Id, "")
	if plain.Status != 200 || plain.at("local") != nil {
		t.Errorf("without a zone: %s", plain.raw)
	}
	list := h.ask(t, ana, "GET", docs+"?timezone=Asia/Tokyo&expand=owner", "", "X-Timezone", "Europe/Paris")
	if list.at("items", "0", "local", "created") != tokyo {
		t.Errorf("list: %s", list.raw)
	}
	if list.at("items", "0", "local", "expiresOn") != nil || list.at("items", "0", "expiresOn") != "2026-12-01" {
		t.Errorf("a day is no instant: %s", list.raw)
	}
	if s, _ := list.at("items", "0", "expand", "owner", "local", "created").(string); !strings.HasSuffix(s, "+09:00") {
		t.Errorf("expand: %s", list.raw)
	}
	if list.at("items", "0", "local", "fileUpdated") != nil {
		t.Errorf("an empty instant has no local time: %s", list.raw)
	}
	fields := h.ask(t, ana, "GET", docs+"?timezone=Asia/Tokyo&fields=local.created", "")
	if fields.at("items", "0", "local", "created") != tokyo || fields.at("items", "0", "local", "updated") != nil {
		t.Errorf("fields: %s", fields.raw)
	}
	update := h.ask(t, ana, "PATCH", docs+"/"+d.Id, `{"title":"New","local":{"x":"y"},"junk":1}`, "X-Timezone", "Europe/Paris")
	if update.at("local", "created") != paris || update.at("local", "x") != nil {
		t.Errorf("update: %s", update.raw)
	}
	signIn := h.ask(t, nil, "POST", "/api/collections/users/auth-with-password?timezone=Asia/Tokyo", `{"identity":"ana","password":"`+testapp.Password+`"}`)
	if s, _ := signIn.at("record", "local", "created").(string); !strings.HasSuffix(s, "+09:00") {
		t.Errorf("sign-in: %s", signIn.raw)
	}
	batch := func(query, url, headers string) string {
		t.Helper()
		body := fmt.Sprintf(`{"requests":[{"method":"PATCH","url":"%s/%s%s","headers":{%s},"body":{"title":"Newer"}}]}`, docs, d.Id, url, headers)
		_, _, raw := h.send(t, ana, "POST", "/api/batch"+query, body)
		return raw
	}
	for _, got := range []string{batch("?timezone=Asia/Tokyo", "", ""), batch("", "?timezone=Asia/Tokyo", `"X-Timezone":"Europe/Paris"`), batch("?timezone=Europe/Paris", "?timezone=Asia/Tokyo", ""), batch("", "", `"x-timezone":"Asia/Tokyo"`)} {
		if !strings.Contains(got, tokyo) {
			t.Errorf("batch: %s", got)
		}
	}
	for _, got := range []string{batch("", "?timezone=Mars/Phobos", ""), batch("", "", `"x-timezone":"Mars/Phobos"`), batch("", "?expand=a&timezone=Mars%2FPhobos", "")} {
		if !strings.Contains(got, "timezone_unknown") {
			t.Errorf("batch with an unknown zone: %s", got)
		}
	}
}

func TestLocalTimesShowNoHiddenField(t *testing.T) {
	h := open(t)
	ana := patron(t, h, "ana", "", "")
	testapp.Document(t, h, ana, schema.VisibilityPrivate, onTheClock("2026-07-01 12:00:00.000Z"))
	// Bound after this room, as every other room is free to be.
	h.OnRecordEnrich(schema.Documents).BindFunc(func(e *core.RecordEnrichEvent) error {
		if err := e.Next(); err != nil {
			return err
		}
		e.Record.Hide("created")
		return nil
	})
	c, err := h.FindCollectionByNameOrId(schema.Documents)
	if err != nil {
		t.Fatal(err)
	}
	c.Fields.GetByName("updated").SetHidden(true)
	if err := h.Save(c); err != nil {
		t.Fatal(err)
	}
	a := h.ask(t, ana, "GET", docs+"?timezone=Asia/Tokyo", "")
	if a.at("items", "0", "local") == nil || a.at("items", "0", "local", "created") != nil || a.at("items", "0", "local", "updated") != nil {
		t.Errorf("%s", a.raw)
	}
	super := h.ask(t, testapp.Superuser(t, h), "GET", docs+"?timezone=Asia/Tokyo", "")
	if super.at("items", "0", "local", "updated") == nil {
		t.Errorf("a superuser sees it: %s", super.raw)
	}
}

func TestRealtime(t *testing.T) {
	h := open(t)
	ana := patron(t, h, "ana", "", "")
	d := testapp.Document(t, h, ana, schema.VisibilityPrivate, onTheClock("2026-07-01 12:00:00.000Z"))
	client, messages := h.events(t)
	topic := func(options string) string {
		if options == "" {
			return "documents/*"
		}
		return "documents/*?options=" + url.QueryEscape(options)
	}
	subscribe := func(options ...string) answer {
		t.Helper()
		topics := []string{}
		for _, o := range options {
			topics = append(topics, topic(o))
		}
		body, err := json.Marshal(map[string]any{"clientId": client, "subscriptions": topics})
		if err != nil {
			t.Fatal(err)
		}
		return h.ask(t, ana, "POST", "/api/realtime", string(body))
	}
	for _, options := range []string{`{"query":{"timezone":"Mars/Phobos"}}`, `{"headers":{"X-Timezone":"Mars/Phobos"}}`, `{"query":{"timezone":["a"]}}`} {
		a := subscribe("", options)
		if options != `{"query":{"timezone":["a"]}}` && (a.Status != 400 || a.at("data", "timezone", "code") != "timezone_unknown") {
			t.Errorf("%s: %d %s", options, a.Status, a.raw)
		}
	}
	for options, want := range map[string]any{
		"":                                    nil,
		`{"query":{"timezone":"Asia/Tokyo"}}`: "2026-07-01T21:00:00.000+09:00",
		`{"headers":{"x-timezone":"Asia/Tokyo"}}`:                            "2026-07-01T21:00:00.000+09:00",
		`{"query":{"timezone":"UTC"},"headers":{"X-Timezone":"Asia/Tokyo"}}`: "2026-07-01T12:00:00.000+00:00",
	} {
		if a := subscribe(options); a.Status != 204 {
			t.Fatalf("%s: %d %s", options, a.Status, a.raw)
		}
		fresh, err := h.FindRecordById(schema.Documents, d.Id)
		if err != nil {
			t.Fatal(err)
		}
		fresh.Set("title", "Title "+options)
		if err := h.Save(fresh); err != nil {
			t.Fatal(err)
		}
		select {
		case m := <-messages:
			got := answer{Body: m}.at("record", "local", "created")
			if got != want {
				t.Errorf("%s: got %v, want %v", options, got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: no message", options)
		}
	}
}

func TestZoneOfARequest(t *testing.T) {
	h := open(t)
	setLibrary(t, h, "defaultTimezone", "Africa/Nairobi")
	ana := patron(t, h, "ana", "pt-BR", "America/Sao_Paulo")
	bob := patron(t, h, "bob", "", "")
	for _, test := range []struct {
		info *core.RequestInfo
		zone string
		lang string
	}{
		{&core.RequestInfo{}, "Africa/Nairobi", "en"},
		{&core.RequestInfo{Auth: bob}, "Africa/Nairobi", "en"},
		{&core.RequestInfo{Auth: ana}, "America/Sao_Paulo", "pt-BR"},
		{&core.RequestInfo{Auth: ana, Headers: map[string]string{"x_timezone": "Asia/Tokyo", "accept_language": "fr"}}, "Asia/Tokyo", "fr"},
		{&core.RequestInfo{Auth: ana, Headers: map[string]string{"x_timezone": "Asia/Tokyo"}, Query: map[string]string{"timezone": "UTC"}}, "UTC", "pt-BR"},
	} {
		if got := h.guide.Zone(test.info).String(); got != test.zone {
			t.Errorf("got zone %s, want %s", got, test.zone)
		}
		if got := h.guide.Language(test.info); got != test.lang {
			t.Errorf("got language %s, want %s", got, test.lang)
		}
	}
	if lang, zone := h.guide.Recipient(ana); lang != "pt-BR" || zone.String() != "America/Sao_Paulo" {
		t.Errorf("ana is written to in %s, %s", lang, zone)
	}
	if lang, zone := h.guide.Recipient(nil); lang != "en" || zone.String() != "Africa/Nairobi" {
		t.Errorf("nobody is written to in %s, %s", lang, zone)
	}
}

func TestLibraryChangedByAnotherProcess(t *testing.T) {
	h := open(t)
	if got := h.guide.Language(&core.RequestInfo{}); got != "en" {
		t.Fatal(got)
	}
	if _, err := h.NonconcurrentDB().NewQuery("UPDATE library SET defaultLanguage = 'fr'").Execute(); err != nil {
		t.Fatal(err)
	}
	h.guide.library.current.Load().read = time.Now().Add(-fresh)
	if got := h.guide.Language(&core.RequestInfo{}); got != "fr" {
		t.Errorf("still %s", got)
	}
}

func TestProfileTakesOnlyWhatThereIs(t *testing.T) {
	h := open(t)
	ana := patron(t, h, "ana", "pt-BR", "America/Sao_Paulo")
	own := signUp + "/" + ana.Id
	a := h.ask(t, ana, "PATCH", own, `{"language":"tlh","timezone":"Mars/Phobos","avatar":"x.png"}`)
	if a.Status != 400 || a.at("data", "language", "code") != "language_unknown" || a.at("data", "timezone", "code") != "timezone_unknown" ||
		a.at("data", "language", "message") != "O idioma “tlh” não está disponível." || a.at("data", "avatar", "code") == nil {
		t.Errorf("%d %s", a.Status, a.raw)
	}
	for _, body := range []string{`{"language":"pt"}`, `{"language":"EN"}`, `{"timezone":"Local"}`, `{"timezone":"../UTC"}`} {
		if a := h.ask(t, ana, "PATCH", own, body); a.Status != 400 {
			t.Errorf("%s: %d %s", body, a.Status, a.raw)
		}
	}
	for _, body := range []string{`{"language":"ar","timezone":"Asia/Riyadh"}`, `{"language":"","timezone":""}`} {
		if a := h.ask(t, ana, "PATCH", own, body); a.Status != 200 {
			t.Errorf("%s: %d %s", body, a.Status, a.raw)
		}
	}
	a = h.ask(t, nil, "POST", signUp, `{"username":"eve","password":"12345678","passwordConfirm":"12345678","language":"xx"}`)
	if a.Status != 400 || a.at("data", "language", "code") != "language_unknown" {
		t.Errorf("sign-up: %d %s", a.Status, a.raw)
	}

	library, err := h.FindRecordById(schema.Library, schema.LibraryID)
	if err != nil {
		t.Fatal(err)
	}
	for field, value := range map[string]string{"defaultLanguage": "xx", "defaultTimezone": "Mars/Phobos"} {
		old := library.GetString(field)
		library.Set(field, value)
		if err := h.Save(library); err == nil {
			t.Errorf("the library took %s", value)
		}
		library.Set(field, old)
	}
}

func TestDroppedLanguageDoesNotLockItsUserOut(t *testing.T) {
	h := open(t)
	ana := patron(t, h, "ana", "pt-BR", "")
	if _, err := h.NonconcurrentDB().NewQuery("UPDATE users SET language = 'tlh'").Execute(); err != nil {
		t.Fatal(err)
	}
	a := h.ask(t, ana, "PATCH", signUp+"/"+ana.Id, `{"name":"Ana"}`)
	if a.Status != 200 {
		t.Errorf("%d %s", a.Status, a.raw)
	}
	if a := h.ask(t, ana, "PATCH", signUp+"/"+ana.Id, `{"language":"qya"}`); a.Status != 400 {
		t.Errorf("%d %s", a.Status, a.raw)
	}
}

func BenchmarkList100(b *testing.B) {
	h := open(b)
	ana := patron(b, h, "ana", "", "")
	for range 100 {
		testapp.Document(b, h, ana, schema.VisibilityPrivate, onTheClock("2026-07-01 12:00:00.000Z"))
	}
	for name, query := range map[string]string{"plain": "", "local": "&timezone=Asia/Tokyo"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				h.ask(b, ana, "GET", docs+"?perPage=100&skipTotal=1"+query, "")
			}
		})
	}
}
