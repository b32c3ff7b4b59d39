package notices

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"onlibrary/internal/quiet"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// start is the server's part that sends the alerts, as it is after a start.
func (h *house) start() *expiry {
	return &expiry{room: newRoom(h.deps), app: h, wake: make(chan struct{}, 1)}
}

// openIn is a house of a library in a zone with a time of alerts.
func openIn(t *testing.T, zone, alertTime string) *house {
	t.Helper()
	t.Parallel()
	h := open(t)
	h.setZone(t, zone)
	h.setAlertTime(t, alertTime)
	return h
}

func (h *house) setZone(t testing.TB, zone string) {
	t.Helper()
	library, err := h.FindRecordById(schema.Library, schema.LibraryID)
	if err != nil {
		t.Fatal(err)
	}
	h.change(t, library, m{"defaultTimezone": zone})
}

func (h *house) setAlertTime(t testing.TB, clock string) {
	t.Helper()
	settings, err := h.FindRecordById(schema.LibrarySettings, schema.LibrarySettingsID)
	if err != nil {
		t.Fatal(err)
	}
	h.change(t, settings, m{"alertTime": clock})
}

// expiring makes a document of the patron's.
func (h *house) expiring(t testing.TB, on string, days int, emails ...string) *core.Record {
	t.Helper()
	return testapp.Document(t, h, h.patron, schema.VisibilityPrivate, func(r *core.Record) {
		r.Load(m{"expiresOn": on, "daysToAlert": days, "alert": true, "alertEmails": emails, "title": "El contrato", "code": core.GenerateDefaultRandomId()})
	})
}

func instant(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// alerts are the notifications of expiry so far, oldest first.
func (h *house) alerts(t testing.TB) []*core.Record {
	t.Helper()
	found, err := h.FindRecordsByFilter(schema.Notifications, "kind = 'expiry'", "created,id", 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (h *house) count(t testing.TB) int {
	t.Helper()
	n, err := h.CountRecords(schema.Notifications)
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

// run lets the clock go from one instant to another and returns when alerts were
// sent.
func (h *house) run(t testing.TB, x *expiry, from, to string) []string {
	t.Helper()
	sent := []string{}
	before := h.count(t)
	for at, end := instant(t, from), instant(t, to); !at.After(end); {
		h.setClock(at)
		wait, err := x.look(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if wait < 0 || wait > lookEvery {
			t.Fatalf("at %s it waits for %s", at, wait)
		}
		now := h.count(t)
		for range now - before {
			sent = append(sent, at.UTC().Format(time.RFC3339))
		}
		before = now
		at = at.Add(max(wait, time.Millisecond))
	}
	return sent
}

func (h *house) sends(t testing.TB, x *expiry, from, to string, want ...string) {
	t.Helper()
	if got := h.run(t, x, from, to); !slices.Equal(got, want) {
		t.Errorf("from %s to %s alerts were sent at %v, want %v", from, to, got, want)
	}
}

func TestAlertComesOnceInSaoPaulo(t *testing.T) {
	h := openIn(t, "America/Sao_Paulo", "10:00")
	h.expiring(t, "2026-12-01", 7)
	h.sends(t, h.start(), "2026-11-23T12:00:30Z", "2026-11-25T14:00:00Z", "2026-11-24T13:00:00Z")
}

func TestAlertOfADayThatApiaSkipsComesOnTheNext(t *testing.T) {
	h := openIn(t, "Pacific/Apia", "10:00")
	h.expiring(t, "2012-01-06", 7) // 2011-12-30
	h.sends(t, h.start(), "2011-12-29T19:00:00Z", "2011-12-31T21:00:00Z", "2011-12-30T20:00:00Z")
}

func TestAlertsOfTheDaysAroundTheOneThatApiaSkips(t *testing.T) {
	h := openIn(t, "Pacific/Apia", "10:00")
	h.expiring(t, "2011-12-29", 0)
	h.expiring(t, "2011-12-31", 0)
	h.sends(t, h.start(), "2011-12-29T19:00:00Z", "2011-12-31T21:00:00Z", "2011-12-29T20:00:00Z", "2011-12-30T20:00:00Z")
}

func TestAlertComesOnceInLordHoweWhereHalfAnHourIsLeftOut(t *testing.T) {
	h := openIn(t, "Australia/Lord_Howe", "02:15")
	h.expiring(t, "2026-10-04", 0)
	h.sends(t, h.start(), "2026-10-03T14:00:00Z", "2026-10-04T16:00:00Z", "2026-10-03T15:30:00Z")
}

func TestAlertComesOnceInLordHoweWhereHalfAnHourComesTwice(t *testing.T) {
	h := openIn(t, "Australia/Lord_Howe", "01:45")
	h.expiring(t, "2026-04-05", 0)
	h.sends(t, h.start(), "2026-04-04T14:00:00Z", "2026-04-05T16:00:00Z", "2026-04-04T14:45:00Z")
}

func TestAlertTimeWithinAGapComesAtItsEnd(t *testing.T) {
	h := openIn(t, "Europe/Paris", "02:30")
	h.expiring(t, "2026-03-29", 0)
	h.sends(t, h.start(), "2026-03-28T23:00:00Z", "2026-03-30T02:00:00Z", "2026-03-29T01:00:00Z")
}

func TestAlertTimeWithinAFoldComesTheFirstTime(t *testing.T) {
	h := openIn(t, "Europe/Paris", "02:30")
	h.expiring(t, "2026-10-25", 0)
	h.sends(t, h.start(), "2026-10-24T23:00:00Z", "2026-10-26T03:00:00Z", "2026-10-25T00:30:00Z")
}

func TestClockPutForwardAnHourAlertsOnce(t *testing.T) {
	h := openIn(t, "America/Sao_Paulo", "10:00")
	h.expiring(t, "2026-11-24", 0)
	x := h.start()
	h.sends(t, x, "2026-11-24T12:00:00Z", "2026-11-24T12:30:00Z")
	h.sends(t, x, "2026-11-24T13:30:00Z", "2026-11-25T14:00:00Z", "2026-11-24T13:30:00Z")
}

func TestClockPutBackAnHourAlertsOnce(t *testing.T) {
	h := openIn(t, "America/Sao_Paulo", "10:00")
	h.expiring(t, "2026-11-24", 0)
	x := h.start()
	h.sends(t, x, "2026-11-24T12:30:00Z", "2026-11-24T13:30:00Z", "2026-11-24T13:00:00Z")
	h.sends(t, x, "2026-11-24T12:30:00Z", "2026-11-24T14:00:00Z")
}

func TestClockPutBackADayAlertsOnce(t *testing.T) {
	h := openIn(t, "America/Sao_Paulo", "10:00")
	h.expiring(t, "2026-11-24", 0)
	x := h.start()
	h.sends(t, x, "2026-11-24T12:59:00Z", "2026-11-24T13:01:00Z", "2026-11-24T13:00:00Z")
	h.expiring(t, "2026-11-24", 0)
	h.sends(t, x, "2026-11-23T12:59:00Z", "2026-11-24T14:00:00Z", "2026-11-24T13:00:00Z")
	h.sends(t, h.start(), "2026-11-23T12:59:00Z", "2026-11-24T14:00:00Z")
}

func TestClockPutForwardAYearAlertsOnce(t *testing.T) {
	h := openIn(t, "America/Sao_Paulo", "10:00")
	h.expiring(t, "2026-11-25", 0)
	x := h.start()
	h.sends(t, x, "2026-11-24T12:59:00Z", "2026-11-24T13:01:00Z")
	h.sends(t, x, "2027-11-24T13:02:00Z", "2027-11-25T14:00:00Z", "2027-11-24T13:02:00Z")
	h.expiring(t, "2026-11-25", 0)
	h.sends(t, x, "2026-11-24T13:03:00Z", "2026-11-25T14:00:00Z", "2026-11-25T13:00:00Z")
}

func TestThreeDaysDownAreCaughtUpOnce(t *testing.T) {
	h := openIn(t, "America/Sao_Paulo", "10:00")
	h.sends(t, h.start(), "2026-11-21T12:00:00Z", "2026-11-21T14:00:00Z")
	for _, day := range []string{"2026-11-22", "2026-11-23", "2026-11-24"} {
		h.expiring(t, day, 0)
	}
	at := "2026-11-24T20:00:00Z"
	h.sends(t, h.start(), at, "2026-11-25T14:00:00Z", at, at, at)
	h.sends(t, h.start(), "2026-11-25T14:01:00Z", "2026-11-25T14:02:00Z")
}

func TestStartBeforeItsTimeCatchesUpOnlyTheDaysBefore(t *testing.T) {
	h := openIn(t, "America/Sao_Paulo", "10:00")
	h.expiring(t, "2026-11-23", 0)
	h.expiring(t, "2026-11-24", 0)
	h.sends(t, h.start(), "2026-11-24T11:00:00Z", "2026-11-24T14:00:00Z", "2026-11-24T11:00:00Z", "2026-11-24T13:00:00Z")
}

func TestDateChangedIsAlertedAgain(t *testing.T) {
	h := openIn(t, "America/Sao_Paulo", "10:00")
	doc := h.expiring(t, "2026-11-24", 0)
	x := h.start()
	h.sends(t, x, "2026-11-24T12:59:00Z", "2026-11-24T13:01:00Z", "2026-11-24T13:00:00Z")
	h.change(t, doc, m{"expiresOn": "2026-11-26"})
	h.sends(t, x, "2026-11-24T13:02:00Z", "2026-11-26T13:01:00Z", "2026-11-26T13:00:00Z")
}

func TestDateChangedAndPutRightIsNotAlertedAgain(t *testing.T) {
	h := openIn(t, "America/Sao_Paulo", "10:00")
	doc := h.expiring(t, "2026-11-24", 0)
	x := h.start()
	h.sends(t, x, "2026-11-24T12:59:00Z", "2026-11-24T13:01:00Z", "2026-11-24T13:00:00Z")
	h.change(t, doc, m{"expiresOn": "2026-12-24"})
	h.sends(t, x, "2026-11-24T13:02:00Z", "2026-11-24T13:05:00Z")
	h.change(t, doc, m{"expiresOn": "2026-11-24"})
	h.sends(t, x, "2026-11-24T13:06:00Z", "2026-11-25T14:00:00Z")
}

func TestOtherDaysBeforeTheSameDateAreNotAlertedAgain(t *testing.T) {
	h := openIn(t, "America/Sao_Paulo", "10:00")
	doc := h.expiring(t, "2026-11-27", 3)
	x := h.start()
	h.sends(t, x, "2026-11-24T12:59:00Z", "2026-11-24T13:01:00Z", "2026-11-24T13:00:00Z")
	h.change(t, doc, m{"daysToAlert": 1, "alert": false})
	h.change(t, doc, m{"alert": true})
	h.sends(t, x, "2026-11-24T13:02:00Z", "2026-11-27T14:00:00Z")
}

func TestZoneMovedEastOverMidnightAlertsOnce(t *testing.T) {
	h := openIn(t, "America/Los_Angeles", "10:00")
	h.expiring(t, "2026-11-24", 0)
	h.expiring(t, "2026-11-25", 0)
	x := h.start()
	h.sends(t, x, "2026-11-24T17:00:00Z", "2026-11-24T20:00:00Z", "2026-11-24T18:00:00Z")
	h.setZone(t, "Pacific/Apia") // 25 November, 09:01
	h.sends(t, x, "2026-11-24T20:01:00Z", "2026-11-26T22:00:00Z", "2026-11-24T21:00:00Z")
}

func TestZoneMovedWestOverMidnightAlertsOnce(t *testing.T) {
	h := openIn(t, "Pacific/Apia", "10:00")
	h.expiring(t, "2026-11-24", 0)
	h.expiring(t, "2026-11-25", 0)
	x := h.start()
	h.sends(t, x, "2026-11-23T20:00:00Z", "2026-11-23T22:00:00Z", "2026-11-23T21:00:00Z")
	h.setZone(t, "America/Los_Angeles") // 23 November, 14:01
	h.sends(t, x, "2026-11-23T22:01:00Z", "2026-11-26T19:00:00Z", "2026-11-25T18:00:00Z")
}

func TestAlertTimeMadeEarlierThatDayAlertsAtOnce(t *testing.T) {
	h := openIn(t, "America/Sao_Paulo", "10:00")
	h.expiring(t, "2026-11-24", 0)
	x := h.start()
	h.sends(t, x, "2026-11-24T11:00:00Z", "2026-11-24T11:30:00Z")
	h.setAlertTime(t, "07:00")
	h.sends(t, x, "2026-11-24T11:31:00Z", "2026-11-25T14:00:00Z", "2026-11-24T11:31:00Z")
}

func TestAlertTimeMadeLaterThatDayAlertsOnce(t *testing.T) {
	h := openIn(t, "America/Sao_Paulo", "10:00")
	h.expiring(t, "2026-11-24", 0)
	x := h.start()
	h.sends(t, x, "2026-11-24T12:30:00Z", "2026-11-24T13:30:00Z", "2026-11-24T13:00:00Z")
	h.setAlertTime(t, "12:00")
	h.sends(t, x, "2026-11-24T13:31:00Z", "2026-11-25T16:00:00Z")
}

func TestAlreadyPastIsAlertedOnceAndWordedSo(t *testing.T) {
	h := openIn(t, "America/Sao_Paulo", "10:00")
	h.expiring(t, "2019-03-01", 30)
	h.sends(t, h.start(), "2026-11-24T12:00:00Z", "2026-11-26T14:00:00Z", "2026-11-24T12:00:00Z")
	if title := h.alerts(t)[0].GetString("title"); title != "«El contrato» venció el 1 de marzo de 2019" {
		t.Errorf("it says %q", title)
	}
}

func TestLastDayIsNotPastYet(t *testing.T) {
	h := openIn(t, "Pacific/Kiritimati", "00:00")
	h.expiring(t, "2026-11-24", 0)
	h.sends(t, h.start(), "2026-11-23T09:59:00Z", "2026-11-23T10:01:00Z", "2026-11-23T10:00:00Z")
	if title := h.alerts(t)[0].GetString("title"); title != "«El contrato» vence el 24 de noviembre de 2026" {
		t.Errorf("it says %q", title)
	}
}

// The process may end before any statement: what was written by then is undone.
func TestKilledBetweenNoticeAndMarkAlertsOnce(t *testing.T) {
	h := openOut(t)
	h.setZone(t, "America/Sao_Paulo")
	h.setClock(instant(t, "2026-11-24T13:00:00Z"))
	for range 3 {
		h.expiring(t, "2026-11-24", 0, "third@party.example")
	}
	kills := 0
	h.OnRecordCreateExecute(schema.Notifications).Bind(&hook.Handler[*core.RecordEvent]{Id: "kill", Priority: 1000, Func: func(e *core.RecordEvent) error {
		if err := e.Next(); err != nil {
			return err
		}
		if kills++; kills == 2 {
			return errors.New("killed")
		}
		return nil
	}})
	x := h.start()
	if _, err := x.look(context.Background()); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatal(err)
	}
	if n, mails := len(h.alerts(t)), len(h.queued(t, "mail")); n != 2 || mails != 4 {
		t.Errorf("%d notices and %d mails before it is taken up again", n, mails)
	}
	for range 2 { // in the next minute, and after a start
		if _, err := x.look(context.Background()); err != nil {
			t.Fatal(err)
		}
		x = h.start()
	}
	if n, mails := len(h.alerts(t)), len(h.queued(t, "mail")); n != 3 || mails != 6 {
		t.Errorf("%d notices and %d mails of 3 documents", n, mails)
	}
}

func TestImportedIsAlertedOnlyIfItsDayIsStillToCome(t *testing.T) {
	h := openIn(t, "America/Sao_Paulo", "10:00")
	x := h.start()
	h.sends(t, x, "2026-11-24T14:00:00Z", "2026-11-24T14:00:00Z")
	c, err := h.FindCollectionByNameOrId(schema.Documents)
	if err != nil {
		t.Fatal(err)
	}
	for code, day := range map[string]string{"long past": "2019-03-01", "due today": "2026-11-26", "to come": "2026-11-27"} {
		doc := core.NewRecord(c)
		doc.Load(m{
			"owner": h.patron.Id, "code": code, "title": code, "visibility": "private", "state": "ready",
			"expiresOn": day, "alert": true, "daysToAlert": 2,
		})
		if err := h.SaveNoValidateWithContext(quiet.With(context.Background()), doc); err != nil {
			t.Fatal(err)
		}
	}
	h.sends(t, x, "2026-11-24T14:01:00Z", "2026-11-28T14:00:00Z", "2026-11-25T13:00:00Z")
}

func TestOffOrWithoutADateIsNotAlerted(t *testing.T) {
	h := openIn(t, "America/Sao_Paulo", "10:00")
	h.change(t, h.expiring(t, "2026-11-24", 0), m{"alert": false})
	h.expiring(t, "", 3)
	h.expiring(t, "2026-11-26", 0)
	h.sends(t, h.start(), "2026-11-24T12:00:00Z", "2026-11-25T14:00:00Z")
}

func TestAlertLeavesTheDocumentAsItWas(t *testing.T) {
	h := openIn(t, "America/Sao_Paulo", "10:00")
	doc := h.expiring(t, "2026-11-24", 0)
	h.sql(t, "UPDATE documents SET updated = '2020-01-01 00:00:00.000Z' WHERE id = {:id}", dbx.Params{"id": doc.Id})
	ear := h.Listen(t, h.patron, "documents/*", "notifications/*")
	h.sends(t, h.start(), "2026-11-24T13:00:00Z", "2026-11-24T13:00:00Z", "2026-11-24T13:00:00Z")
	ear.Await(t, func(e testapp.Event) bool { return record(e)["kind"] == "expiry" && record(e)["document"] == doc.Id })
	for _, e := range ear.Heard() {
		if record(e)["id"] == doc.Id {
			t.Errorf("the document is told as changed: %v", e.Data)
		}
	}
	stored := h.fresh(t, doc)
	if stored.GetString("updated") != "2020-01-01 00:00:00.000Z" || stored.GetString("alertedFor") != "2026-11-24" {
		t.Errorf("updated %s, alerted for %s", stored.GetString("updated"), stored.GetString("alertedFor"))
	}
	if a := h.Do(t, h.patron, "GET", "/api/collections/documents/records/"+doc.Id+"?fields=*,alertedFor,alertedAt", nil); a.Status != 200 || strings.Contains(string(a.Raw), "alertedFor") {
		t.Errorf("%d %s", a.Status, a.Raw)
	}
}

func TestOneDocumentThatFailsDoesNotKeepBackTheRest(t *testing.T) {
	h := openIn(t, "America/Sao_Paulo", "10:00")
	h.setClock(instant(t, "2026-11-24T13:00:00Z"))
	const most = 2*alertsAtOnce + 50
	for i := range most {
		h.sql(t, `INSERT INTO documents (id, code, title, visibility, state, owner, expiresOn, alert) VALUES ({:id}, {:id}, {:title}, 'private', 'ready', {:owner}, '2026-11-20', 1)`,
			dbx.Params{"id": fmt.Sprintf("doc%012d", i), "title": fmt.Sprint(i), "owner": h.patron.Id})
	}
	failing := true
	h.OnRecordCreateExecute(schema.Notifications).Bind(&hook.Handler[*core.RecordEvent]{Id: "fail", Func: func(e *core.RecordEvent) error {
		if failing && e.Record.GetString("document") == "doc000000000007" {
			return errors.New("no")
		}
		return e.Next()
	}})
	x := h.start()
	if wait, err := x.look(context.Background()); err == nil || wait != lookEvery {
		t.Errorf("%s %v", wait, err)
	}
	if n := len(h.alerts(t)); n != most-1 {
		t.Errorf("%d of %d were alerted", n, most-1)
	}
	failing = false
	if _, err := x.look(context.Background()); err != nil {
		t.Error(err)
	}
	if n := len(h.alerts(t)); n != most {
		t.Errorf("%d of %d were alerted in the end", n, most)
	}
}

// The look goes by the index, both to where it starts and by what it tells.
func TestDailyLookGoesThroughNoDocument(t *testing.T) {
	h := open(t)
	h.sql(t, `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i < 4999)
		INSERT INTO documents (id, code, title, visibility, state, expiresOn, alert) SELECT printf('doc%012d', i), i, i, 'private', 'ready', '2026-11-20', i%2 FROM n`, nil)
	for _, analysed := range []bool{false, true} {
		if analysed {
			h.sql(t, "ANALYZE", nil)
		}
		var queries []string
		db, ok := h.ConcurrentDB().(*dbx.DB)
		if !ok {
			t.Fatal("no database")
		}
		db.QueryLogFunc = logTo(&queries)
		list, err := dueAfter(h, "2026-11-24", due{Day: "2026-11-20", ID: "doc000000000007"})
		db.QueryLogFunc = nil
		if err != nil || len(list) != alertsAtOnce || list[0].ID != "doc000000000009" {
			t.Fatalf("%v %v", list, err)
		}
		var rows []struct {
			Detail string `db:"detail"`
		}
		if err := h.NonconcurrentDB().NewQuery("EXPLAIN QUERY PLAN " + queries[0]).All(&rows); err != nil {
			t.Fatal(err)
		}
		if len(rows) != 1 || !strings.HasPrefix(rows[0].Detail, "SEARCH documents USING") || !strings.Contains(rows[0].Detail, "idx_documents_alerts") {
			t.Errorf("analysed %v: %v", analysed, rows)
		}
	}
}
