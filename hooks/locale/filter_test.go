package locale

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/search"
	"github.com/pocketbase/pocketbase/tools/types"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// shelf is a house with documents whose titles tell when they were created:
// around the 24th of November 2026 in São Paulo, which begins at 03:00 UTC.
type shelf struct {
	*house
	ana *core.Record // lives in São Paulo
}

const noon = "2026-11-24 15:00:00.000Z" // in São Paulo

var shelved = map[string]string{
	"before": "2026-11-24 02:59:59.999Z",
	"start":  "2026-11-24 03:00:00.000Z",
	"noon":   noon,
	"end":    "2026-11-25 02:59:59.999Z",
	"after":  "2026-11-25 03:00:00.000Z",
}

func at(t testing.TB, utc string) func() time.Time {
	t.Helper()
	d, err := types.ParseDateTime(utc)
	if err != nil {
		t.Fatal(err)
	}
	return d.Time
}

// openShelf opens the house at noon in São Paulo.
func openShelf(t testing.TB) shelf {
	t.Helper()
	h := openAt(t, at(t, noon))
	s := shelf{h, patron(t, h, "ana", "", "America/Sao_Paulo")}
	for title, created := range shelved {
		s.add(t, title, created)
	}
	return s
}

func (s shelf) add(t testing.TB, title, created string, changes ...func(*core.Record)) *core.Record {
	t.Helper()
	return testapp.Document(t, s, s.ana, schema.VisibilityMembers, append(changes, onTheClock(created), func(r *core.Record) {
		r.Set("title", title)
	})...)
}

// list asks for the documents that a filter finds, as query asks besides.
func (h *house) list(t testing.TB, user *core.Record, collection, filter, query string) answer {
	t.Helper()
	return h.ask(t, user, "GET", "/api/collections/"+collection+"/records?perPage=500&filter="+url.QueryEscape(filter)+query, "")
}

// want holds a filter to the titles that it finds for ana.
func (s shelf) want(t testing.TB, filter string, titles ...string) {
	t.Helper()
	s.wantBy(t, s.ana, filter, "", titles...)
}

func (s shelf) wantBy(t testing.TB, user *core.Record, filter, query string, titles ...string) {
	t.Helper()
	a := s.list(t, user, schema.Documents, filter, query)
	items, ok := a.at("items").([]any)
	if !ok {
		t.Errorf("%s: %d %s", filter, a.Status, a.raw)
		return
	}
	found := []string{}
	for _, item := range items {
		title, _ := item.(map[string]any)["title"].(string)
		found = append(found, title)
	}
	slices.Sort(found)
	slices.Sort(titles)
	if !slices.Equal(found, titles) {
		t.Errorf("%s%s: found %v, want %v", filter, query, found, titles)
	}
}

func TestDateIsItsFirstInstantForEquals(t *testing.T) {
	s := openShelf(t)
	s.want(t, `created = "2026-11-24"`, "start")
	s.want(t, `created != "2026-11-24"`, "before", "noon", "end", "after")
}

func TestDateIsItsFirstInstantForGreater(t *testing.T) {
	s := openShelf(t)
	s.want(t, `created > "2026-11-24"`, "noon", "end", "after")
	s.want(t, `created >= "2026-11-24"`, "start", "noon", "end", "after")
}

func TestDateIsItsFirstInstantForLess(t *testing.T) {
	s := openShelf(t)
	s.want(t, `created < "2026-11-25"`, "before", "start", "noon", "end")
	s.want(t, `created <= "2026-11-25"`, "before", "start", "noon", "end", "after")
}

func TestDateIsItsFirstInstantForContains(t *testing.T) {
	s := openShelf(t)
	s.want(t, `created ~ "2026-11-24"`, "start")
	s.want(t, `created !~ "2026-11-24"`, "before", "noon", "end", "after")
	// What is no whole date stays text.
	s.want(t, `created ~ "2026-11-24%"`, "before", "start", "noon")
	s.want(t, `created ~ "2026-11-25 0"`, "end", "after")
}

// share gives a document shares that were made at the given times.
func (s shelf) share(t *testing.T, title string, created ...string) {
	t.Helper()
	d, err := s.FindFirstRecordByData(schema.Documents, "title", title)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range created {
		r := testapp.Share(t, s, d, patron(t, s, title+string(rune('a'+i)), "", ""))
		onTheClock(c)(r)
		if err := s.Save(r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDateIsItsFirstInstantForAnyOf(t *testing.T) {
	s := openShelf(t)
	s.share(t, "start", shelved["before"], shelved["start"])
	s.share(t, "noon", shelved["end"], shelved["after"])
	const by = `document_shares_via_document.created `
	s.want(t, by+`?= "2026-11-24"`, "start")
	s.want(t, by+`?< "2026-11-24"`, "start")
	s.want(t, by+`?> "2026-11-24"`, "noon")
	s.want(t, by+`?<= "2026-11-25" && `+by+`?>= "2026-11-25"`, "noon")
	s.want(t, by+`?~ "2026-11-25"`, "noon")
	s.want(t, by+`?!= "2026-11-24" && `+by+`?!~ "2026-11-25" && title = "noon"`, "noon")
}

func TestDateIsItsFirstInstantForAllOf(t *testing.T) {
	s := openShelf(t)
	s.share(t, "start", shelved["before"], shelved["start"])
	s.share(t, "noon", shelved["end"], shelved["after"])
	s.want(t, `document_shares_via_document.created > "2026-11-24"`, "noon")
	s.want(t, `document_shares_via_document.document.created >= "2026-11-24 12:00" && document_shares_via_document.id != ""`, "noon")
}

func TestDateOnTheLeft(t *testing.T) {
	s := openShelf(t)
	s.want(t, `"2026-11-24" < created`, "noon", "end", "after")
	s.want(t, `'2026-11-24' = created || "2026-11-25 00:00" = created`, "start", "after")
}

func TestDateTimeWithoutZIsByTheClock(t *testing.T) {
	s := openShelf(t)
	for _, noon := range []string{"2026-11-24 12:00", "2026-11-24 12:00:00", "2026-11-24T12:00", "2026-11-24T12:00:00", "2026-11-24 12:00:00.000", "2026-11-24T12:00:00.0"} {
		s.want(t, `created = "`+noon+`"`, "noon")
	}
	s.want(t, `created = "2026-11-24 23:59:59.999"`, "end")
}

func TestInstantStaysWhereItIs(t *testing.T) {
	s := openShelf(t)
	for _, noon := range []string{noon, "2026-11-24 15:00:00Z", "2026-11-24T15:00:00Z", "2026-11-24T12:00:00.000-03:00", "2026-11-25T00:00:00+09:00"} {
		s.want(t, `created = "`+noon+`"`, "noon")
	}
}

func TestNoDateStaysText(t *testing.T) {
	s := openShelf(t)
	for _, text := range []string{"", "2026-02-30", "2026-11-24 ", "2026-11-24x", "2026-11-24 25:00", "2026-11-24 10:00Z", "24-11-2026", "2026-13-01"} {
		s.want(t, `created = "`+text+`"`)
	}
	s.want(t, `created > "2026-11"`, "before", "start", "noon", "end", "after")
}

func TestTextFieldsAreNotTouched(t *testing.T) {
	s := openShelf(t)
	s.add(t, "Diary of 2026-11-24", noon)
	s.add(t, "2026-11-24", noon, func(r *core.Record) { r.Set("expiresOn", "2026-11-24"); r.Set("published", "2026-11-24") })
	s.want(t, `title ~ "2026-11-24"`, "2026-11-24", "Diary of 2026-11-24")
	s.want(t, `title = "2026-11-24"`, "2026-11-24")
	s.want(t, `expiresOn = "2026-11-24" && published <= "2026-11-24" && published != ""`, "2026-11-24")
	s.want(t, `"2026-11-24" = title:lower`, "2026-11-24")
	s.want(t, `owner.name = "2026-11-24"`)
}

func TestTodayIsADayAsText(t *testing.T) {
	s := openShelf(t)
	for _, day := range []string{"2026-11-23", "2026-11-24", "2026-11-25"} {
		s.add(t, day, noon, func(r *core.Record) { r.Set("expiresOn", day) })
	}
	s.want(t, `expiresOn = @today`, "2026-11-24")
	s.want(t, `expiresOn > @today`, "2026-11-25")
	s.want(t, `title ~ @today`, "2026-11-24")
	s.want(t, `created = @today`, "start")
	s.wantBy(t, s.ana, `expiresOn = @today`, "&timezone=Asia/Tokyo", "2026-11-25")
}

func TestStartsAndEndsOfToday(t *testing.T) {
	s := openShelf(t)
	s.want(t, `created = @todayStart || created = @todayEnd`, "start", "end")
	s.want(t, `created >= @todayStart && created <= @todayEnd`, "start", "noon", "end")
}

func TestStartsAndEndsOfTheMonth(t *testing.T) {
	s := openShelf(t)
	s.add(t, "first", "2026-11-01 03:00:00.000Z")
	s.add(t, "last", "2026-12-01 02:59:59.999Z")
	s.want(t, `created = @monthStart`, "first")
	s.want(t, `created = @monthEnd`, "last")
}

func TestStartsAndEndsOfTheYear(t *testing.T) {
	s := openShelf(t)
	s.add(t, "first", "2026-01-01 03:00:00.000Z")
	s.add(t, "last", "2027-01-01 02:59:59.999Z")
	s.want(t, `created = @yearStart`, "first")
	s.want(t, `created = @yearEnd`, "last")
}

func TestPartsOfTheClockAndTheCalendar(t *testing.T) {
	// It is a quarter past four on New Year's morning, a Friday, in Kathmandu.
	h := openAt(t, at(t, "2026-12-31 22:30:00.000Z"))
	k := shelf{h, patron(t, h, "ana", "", "Asia/Kathmandu")}
	k.add(t, "parts", noon, func(r *core.Record) { r.Set("published", "2027"); r.Set("daysToAlert", 2027) })
	k.want(t, `@hour = 4 && @minute = 15`, "parts")
	k.want(t, `@day = 1 && @month = 1 && @year = 2027`, "parts")
	k.want(t, `@weekday = 5`, "parts")
	// A number to a number, and a text to a text, as PocketBase's own.
	k.want(t, `daysToAlert = @year`, "parts")
	k.want(t, `published = @year && published ~ @year`, "parts")
}

func TestInstantMacrosStay(t *testing.T) {
	s := openShelf(t) // whose clock PocketBase does not know
	s.add(t, "now", time.Now().UTC().Format(types.DefaultDateLayout))
	s.add(t, "later", time.Now().UTC().Add(time.Hour).Format(types.DefaultDateLayout))
	s.want(t, `created > @yesterday && created < @now && title = "now"`, "now")
	s.want(t, `created < @tomorrow && created > @now && title = "later" && @second < 60`, "later")
}

func TestDateThroughRelations(t *testing.T) {
	s := openShelf(t)
	made, err := s.FindRecordById(schema.Users, s.ana.Id)
	if err != nil {
		t.Fatal(err)
	}
	onTheClock(shelved["start"])(made)
	if err := s.Save(made); err != nil {
		t.Fatal(err)
	}
	s.want(t, `owner.created = "2026-11-24" && title = "noon"`, "noon")
	s.want(t, `owner.documents_via_owner.created ?= "2026-11-25" && title = "noon"`, "noon")
	s.want(t, `owner.documents_via_owner.owner.created ?> "2026-11-24"`)
}

func TestDateWithModifiers(t *testing.T) {
	s := openShelf(t)
	s.want(t, `created:lower = "2026-11-24"`, "start")
	s.want(t, `created:lower = @todayEnd`, "end")
	s.want(t, `created:each = "2026-11-24"`, "start")
	s.want(t, `created:length >= "2026-11-25"`, "after")
}

func TestFunctionsKeepTheirArguments(t *testing.T) {
	s := openShelf(t)
	s.want(t, `strftime("%Y-%m-%d", created, "-3 hours") = "2026-11-24" && created > "2026-11-24"`, "noon", "end")
	s.want(t, `strftime("%Y-%m-%d %H", @todayStart) = "2026-11-24 03" && created = @todayEnd`, "end")
	s.want(t, `geoDistance(0, 0, @hour, 0) > 1000 && created = @todayStart`, "start")
}

func TestNestedGroupsCommentsAndQuotes(t *testing.T) {
	s := openShelf(t)
	s.add(t, `He said "it's"`, shelved["start"])
	s.want(t, "((created = '2026-11-24' && (title != \"start\" || title = 'no')) // not this: \"2026-11-25\"\n || created = @todayEnd)", `He said "it's"`, "end")
	s.want(t, `title = "He said \"it's\"" && created = '2026-11-24'`, `He said "it's"`)
	s.want(t, `title = 'He said "it\'s"' && created = '2026-11-24'`, `He said "it's"`)
}

func TestMalformedFilterIsPocketBasesOwn400(t *testing.T) {
	s := openShelf(t)
	for _, filter := range []string{
		`created >`, `created > "2026-11-24`, `(created > "2026-11-24"`, `created > 2026-11-24`, `@todayStart`, `created > @nothing`, `created = @today.x`,
		`nothing > "2026-11-24"`, `owner.nothing = "2026-11-24"`, `nothing_via_owner.created = "2026-11-24"`, `owner_via_x.y.created > @todayStart`, `tokenKey = @today`,
		`nothing("2026-11-24") = @todayStart`, `filterInFull() = true`,
	} {
		if a := s.list(t, s.ana, schema.Documents, filter, ""); a.Status != 400 {
			t.Errorf("%s: %d %s", filter, a.Status, a.raw)
		}
	}
}

func TestHiddenFieldsStayUnreachable(t *testing.T) {
	s := openShelf(t)
	c, err := s.FindCollectionByNameOrId(schema.Documents)
	if err != nil {
		t.Fatal(err)
	}
	c.Fields.GetByName("updated").SetHidden(true)
	if err := s.Save(c); err != nil {
		t.Fatal(err)
	}
	for _, filter := range []string{`updated > "2026-11-24"`, `owner.documents_via_owner.updated ?> @todayStart`} {
		if a := s.list(t, s.ana, schema.Documents, filter, ""); a.Status != 400 {
			t.Errorf("%s: %d %s", filter, a.Status, a.raw)
		}
	}
	s.wantBy(t, testapp.Superuser(t, s), `updated = "2026-11-24"`, "&timezone=America/Sao_Paulo", "start")
}

func TestOnlySuperusersFilterByTheRequest(t *testing.T) {
	s := openShelf(t)
	padding := strings.Repeat(`created = @todayStart || `, 130)
	for _, filter := range []string{
		`@collection.users.created > "2026-11-24"`, `@request.auth.created > @todayStart`, `filterInFull(@request.query.filterInFull) = true`,
		padding + `@collection.users.email != ""`, padding + `created = @request.query.filterInFull`, `created > @todayStart // @request.auth.id`,
	} {
		if a := s.list(t, s.ana, schema.Documents, filter, "&filterInFull=id!=%22%22"); a.Status != 403 {
			t.Errorf("%.80s: %d %s", filter, a.Status, a.raw)
		}
	}
	super := testapp.Superuser(t, s)
	s.wantBy(t, super, `@collection.documents.created ?= "2026-11-25" && @collection.documents:d.created ?= "2026-11-24" && created = @todayEnd`, "&timezone=America/Sao_Paulo", "end")
	if a := s.list(t, super, schema.Documents, `filterInFull(@request.query.filterInFull) = true`, "&filterInFull="+url.QueryEscape(`filterInFull(@request.query.filterInFull) = true`)); a.Status != 400 {
		t.Errorf("a filter within itself: %d %s", a.Status, a.raw)
	}
}

func TestLimitsAreOnTheClientsOwnFilter(t *testing.T) {
	s := openShelf(t)
	// 3,400 characters that need more in UTC.
	long := strings.Repeat(`created=@todayStart||`, 161) + `title='end'`
	if len(long) < 3380 || len(long) > 3500 {
		t.Fatal(len(long))
	}
	s.want(t, long, "start", "end")
	joined := strings.Repeat(`owner.created=@todayStart||`, 125) + `owner.id!='' && created='2026-11-24'`
	s.want(t, joined, "start")
	sorted := s.list(t, s.ana, schema.Documents, long, "&sort=-owner.created,-created")
	if sorted.at("items", "0", "title") != "end" || sorted.at("items", "1", "title") != "start" {
		t.Errorf("sorted: %s", sorted.raw)
	}
	if a := s.list(t, s.ana, schema.Documents, long+strings.Repeat(" ", 3501-len(long)), ""); a.Status != 400 {
		t.Errorf("3,501 characters: %d", a.Status)
	}
	if a := s.list(t, s.ana, schema.Documents, strings.Repeat(`1<@day||`, 200)+`1<@day`, ""); a.Status != 400 {
		t.Errorf("201 expressions: %d", a.Status)
	}
	s.want(t, strings.Repeat(`@day<0||`, 199)+`@day<0`)
	if a := s.list(t, s.ana, schema.Documents, strings.Repeat(`(`, 1000)+`created=@today`+strings.Repeat(`)`, 1000), ""); a.Status != 200 {
		t.Errorf("1,000 groups: %d %s", a.Status, a.raw)
	}
}

func TestZoneOfAFilter(t *testing.T) {
	s := openShelf(t)
	bob := patron(t, s, "bob", "", "")
	setLibrary(t, s, "defaultTimezone", "Asia/Tokyo")
	s.add(t, "tokyo", "2026-11-23 15:00:00.000Z")
	const today = `created = "2026-11-24"`
	s.wantBy(t, bob, today, "", "tokyo")
	s.wantBy(t, s.ana, today, "", "start")
	s.wantBy(t, s.ana, today, "&timezone=Asia/Tokyo", "tokyo")
	a := s.ask(t, s.ana, "GET", docs+"?filter="+url.QueryEscape(today), "", "X-Timezone", "Asia/Tokyo")
	if a.at("items", "0", "title") != "tokyo" || a.at("totalItems") != 1.0 {
		t.Errorf("by header: %s", a.raw)
	}
	if a := s.list(t, s.ana, schema.Documents, today, "&timezone=Mars/Phobos"); a.Status != 400 || a.at("data", "timezone", "code") != "timezone_unknown" {
		t.Errorf("%d %s", a.Status, a.raw)
	}
}

func TestEachPatronHasTheirOwnToday(t *testing.T) {
	h := openAt(t, at(t, "2026-11-24 16:00:00.000Z")) // the 24th in São Paulo, the 25th in Tokyo
	ana, yuki := patron(t, h, "ana", "", "America/Sao_Paulo"), patron(t, h, "yuki", "", "Asia/Tokyo")
	s := shelf{h, ana}
	s.add(t, "early", "2026-11-24 03:00:00.000Z")
	s.add(t, "both", "2026-11-24 15:00:00.000Z")
	s.add(t, "late", "2026-11-25 14:59:59.999Z")
	const today = `created >= @todayStart && created <= @todayEnd`
	s.wantBy(t, ana, today, "", "early", "both")
	s.wantBy(t, yuki, today, "", "both", "late")
	s.wantBy(t, ana, `@day = 24`, "", "early", "both", "late")
	s.wantBy(t, yuki, `@day = 25 && @hour = 1`, "", "early", "both", "late")
}

func TestGapsAndFoldsInFilters(t *testing.T) {
	s := openShelf(t)
	for title, created := range map[string]string{
		"gap": "2026-03-29 01:00:00.000Z", "fold": "2026-10-25 00:30:00.000Z", "again": "2026-10-25 01:30:00.000Z",
		"no midnight": "2018-11-04 03:00:00.000Z", "cairo": "2026-04-23 22:00:00.000Z", "half": "2026-10-03 15:30:00.000Z", "apia": "2011-12-30 10:00:00.000Z",
	} {
		s.add(t, title, created)
	}
	const paris = "&timezone=Europe/Paris"
	s.wantBy(t, s.ana, `created = "2026-03-29 02:30"`, paris, "gap")
	s.wantBy(t, s.ana, `created = "2026-10-25 02:30"`, paris, "fold")
	s.wantBy(t, s.ana, `created = "2018-11-04"`, "", "no midnight")
	s.wantBy(t, s.ana, `created = "2026-04-24"`, "&timezone=Africa/Cairo", "cairo")
	s.wantBy(t, s.ana, `created = "2026-10-04 02:15"`, "&timezone=Australia/Lord_Howe", "half")
	for _, day := range []string{"2011-12-30", "2011-12-30 12:00", "2011-12-31"} {
		s.wantBy(t, s.ana, `created = "`+day+`"`, "&timezone=Pacific/Apia", "apia")
	}
}

func TestDatesAtTheEndsOfTime(t *testing.T) {
	s := openShelf(t)
	s.want(t, `created < "9999-12-31 23:59:59"`, "before", "start", "noon", "end", "after")
	s.wantBy(t, s.ana, `created > "0000-01-01"`, "&timezone=Asia/Tokyo", "before", "start", "noon", "end", "after")
}

func TestRulesAreNotTouched(t *testing.T) {
	s := openShelf(t)
	c, err := s.FindCollectionByNameOrId(schema.Documents)
	if err != nil {
		t.Fatal(err)
	}
	rule := `created >= "2026-11-24" && created < "2026-11-25"`
	c.ListRule = &rule
	if err := s.Save(c); err != nil {
		t.Fatal(err)
	}
	s.want(t, `created > "2026-01-01"`, "before", "start", "noon")
}

func TestLogTellsWhatWasAsked(t *testing.T) {
	app := testapp.New(t)
	r, err := apis.NewRouter(app)
	if err != nil {
		t.Fatal(err)
	}
	Bind(app, Deps{Catalog: catalog(t), Now: at(t, noon)})
	handled, logged := make(chan string, 1), make(chan string, 1)
	r.Bind(&hook.Handler[*core.RequestEvent]{Priority: errorsPriority - 1, Func: func(e *core.RequestEvent) error {
		err := e.Next()
		logged <- e.Request.URL.RawQuery
		return err
	}})
	app.OnRecordsListRequest().BindFunc(func(e *core.RecordsListRequestEvent) error {
		handled <- e.Request.URL.Query().Get("filter")
		return e.Next()
	})
	h := &house{TestApp: app}
	h.serve(t, r)
	const asked = "filter=created+%3D+@todayStart&page=1"
	if a := h.ask(t, nil, "GET", docs+"?"+asked+"&timezone=America/Sao_Paulo", ""); a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.raw)
	}
	if got := <-handled; got != `created="2026-11-24 03:00:00.000Z"` {
		t.Errorf("handled: %s", got)
	}
	if got := <-logged; got != asked+"&timezone=America/Sao_Paulo" {
		t.Errorf("logged: %s", got)
	}
}

func TestViewsAndExpandsTakeNoFilter(t *testing.T) {
	s := openShelf(t)
	d, err := s.FindFirstRecordByData(schema.Documents, "title", "start")
	if err != nil {
		t.Fatal(err)
	}
	a := s.ask(t, s.ana, "GET", docs+"/"+d.Id+"?expand=owner&filter="+url.QueryEscape(`created > "2027-01-01"`), "")
	if a.Status != 200 || a.at("title") != "start" || a.at("expand", "owner", "id") != s.ana.Id {
		t.Errorf("%d %s", a.Status, a.raw)
	}
}

// subscribe asks for a document's events that a filter lets through.
func (s shelf) subscribe(t *testing.T, client, options, query string) string {
	t.Helper()
	topic := "documents/*?options=" + url.QueryEscape(options)
	body, err := json.Marshal(map[string]any{"clientId": client, "subscriptions": []string{topic}})
	if err != nil {
		t.Fatal(err)
	}
	if a := s.ask(t, s.ana, "POST", "/api/realtime"+query, string(body)); a.Status != 204 {
		t.Fatalf("%d %s", a.Status, a.raw)
	}
	return topic
}

func filterOptions(t *testing.T, filter, zone string) string {
	t.Helper()
	query := map[string]string{"filter": filter}
	if zone != "" {
		query["timezone"] = zone
	}
	b, err := json.Marshal(map[string]any{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// hears tells which of the documents, made one after the other, the client is
// told of.
func (s shelf) hears(t *testing.T, messages <-chan map[string]any, created ...string) []string {
	t.Helper()
	for _, c := range created {
		s.add(t, c, c)
	}
	// Messages have no order, but the last one's is heard once the rest are.
	heard := []string{}
	for {
		select {
		case m := <-messages:
			title, _ := answer{Body: m}.at("record", "title").(string)
			heard = append(heard, title)
		case <-time.After(500 * time.Millisecond):
			slices.Sort(heard)
			return heard
		}
	}
}

func TestRealtimeFilterIsByTheClock(t *testing.T) {
	s := openShelf(t)
	client, messages := s.events(t)
	for _, test := range []struct{ filter, zone, query, heard string }{
		{`created = "2026-11-24"`, "", "", shelved["start"]},
		{`created >= @todayStart && created < @todayEnd && created != @now`, "", "", shelved["start"]},
		{`created = "2026-11-25 12:00"`, "Asia/Tokyo", "?timezone=UTC", "2026-11-25 03:00:00.000Z"},
		{`created = "2026-11-25 03:00"`, "", "?timezone=UTC", "2026-11-25 03:00:00.000Z"},
		{`created = @now`, "", "", noon},
	} {
		s.subscribe(t, client, filterOptions(t, test.filter, test.zone), test.query)
		if got := s.hears(t, messages, shelved["before"], shelved["start"], noon, shelved["after"]); !slices.Equal(got, []string{test.heard}) {
			t.Errorf("%s: heard %v, want %s", test.filter, got, test.heard)
		}
	}
}

func TestRealtimeFilterIsFixedWhenItIsSubscribed(t *testing.T) {
	now := at(t, noon)()
	h := openAt(t, func() time.Time { return now })
	s := shelf{h, patron(t, h, "ana", "", "America/Sao_Paulo")}
	client, messages := s.events(t)
	options := filterOptions(t, `created >= @todayStart && created <= @todayEnd`, "")
	s.subscribe(t, client, options, "")
	now = now.AddDate(0, 0, 1)
	if got := s.hears(t, messages, shelved["noon"], shelved["after"]); !slices.Equal(got, []string{noon}) {
		t.Errorf("a day later: heard %v", got)
	}
	s.subscribe(t, client, options, "")
	if got := s.hears(t, messages, shelved["noon"], shelved["after"]); !slices.Equal(got, []string{shelved["after"]}) {
		t.Errorf("subscribed anew: heard %v", got)
	}
}

func TestRealtimeTopicsKeepTheirNames(t *testing.T) {
	s := openShelf(t)
	filter := `created = "2026-11-24"`
	topic := "documents/*?options=" + url.QueryEscape(filterOptions(t, filter, "America/Sao_Paulo"))
	server := testapp.Server{URL: s.url}
	l := server.Listen(t, s.ana, topic)
	s.add(t, "heard", shelved["start"])
	e := l.Await(t, func(e testapp.Event) bool { return e.Topic == topic })
	if title, _ := (answer{Body: e.Data}).at("record", "title").(string); title != "heard" {
		t.Errorf("%v", e)
	}
}

func TestRealtimeMalformedFilterHearsNothing(t *testing.T) {
	s := openShelf(t)
	client, messages := s.events(t)
	for _, filter := range []string{`created >`, `nothing = "2026-11-24"`, `@request.auth.id != "" && created > "2026-11-24"`} {
		s.subscribe(t, client, filterOptions(t, filter, ""), "")
		if got := s.hears(t, messages, noon); len(got) != 0 {
			t.Errorf("%s: heard %v", filter, got)
		}
	}
}

func TestRealtimeZoneOfTheRequestServesLocalTimesToo(t *testing.T) {
	s := openShelf(t)
	client, messages := s.events(t)
	s.subscribe(t, client, `{}`, "?timezone=Asia/Tokyo")
	s.add(t, "local", noon)
	select {
	case m := <-messages:
		if got := (answer{Body: m}).at("record", "local", "created"); got != "2026-11-25T00:00:00.000+09:00" {
			t.Errorf("%v", m)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("no message")
	}
}

func TestRulesStayParsedWhateverClientsFilterBy(t *testing.T) {
	h := open(t)
	documents, err := h.FindCollectionByNameOrId(schema.Documents)
	if err != nil {
		t.Fatal(err)
	}
	build := func(text string) {
		if _, err := search.FilterData(text).BuildExpr(core.NewRecordFieldResolver(h, documents, &core.RequestInfo{}, true)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 600 {
		build(fmt.Sprintf("created > '%d'", i))
	}
	rule := *documents.ListRule
	kept, anew := testing.AllocsPerRun(20, func() { build(rule) }), testing.AllocsPerRun(20, func() { build(rule + " ") })
	if kept+50 > anew {
		t.Errorf("%v allocations for a rule, %v for a filter that has to be parsed", kept, anew)
	}
}
