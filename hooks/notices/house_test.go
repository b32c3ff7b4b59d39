package notices

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tests"
	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"onlibrary/internal/jobs"
	"onlibrary/internal/outbox"
	"onlibrary/internal/push"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
	"onlibrary/internal/translate"
	"onlibrary/locales"
)

const (
	notifications = "/api/collections/notifications/records"
	devices       = "/api/collections/devices/records"
)

// house is an app with this room in it, served, and with people.
type house struct {
	*tests.TestApp
	*testapp.Server
	fcm   *testapp.FCM
	mail  *testapp.Mailpit
	queue *jobs.Queue
	deps  Deps

	patron, other, librarian, inactive, root *core.Record

	mu sync.Mutex
	at time.Time // zero: the machine's clock
}

// open has no mail server and no push, and works no jobs.
func open(t testing.TB) *house { return furnish(t, testapp.New(t), nil) }

// openOut has both, and works.
func openOut(t testing.TB) *house {
	app := testapp.New(t)
	mail := testapp.StartMailpit(t, app)
	fcm := testapp.StartFCM(t)
	sender, err := push.Open(fcm.Credentials, fcm.URL)
	if err != nil {
		t.Fatal(err)
	}
	h := furnish(t, app, sender)
	h.mail, h.fcm = mail, fcm
	h.Settings().Meta.AppURL = "https://books.example.org"
	if err := h.queue.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.queue.Stop)
	return h
}

func furnish(t testing.TB, app *tests.TestApp, sender Pusher) *house {
	t.Helper()
	texts, err := translate.Load(locales.FS)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{TestApp: app, queue: jobs.New(app)}
	outbox.Register(app, h.queue)
	h.deps = Deps{
		Text: texts.Text,
		Recipient: func(user *core.Record) (string, *time.Location) {
			if user == nil {
				return h.ofLibrary(t)
			}
			zone, err := time.LoadLocation(user.GetString("timezone"))
			if err != nil {
				t.Error(err)
			}
			language := user.GetString("language")
			if language == "" {
				language = "en"
			}
			return language, zone
		},
		Listening: h.listening, Push: sender, Queue: h.queue, Now: h.now,
	}
	Bind(app, h.deps)
	app.OnServe().Unbind("onlibrary.notices.watchExpiry") // the tests look by themselves, when they have set the clock
	h.Server = testapp.Serve(t, app)
	h.patron = testapp.User(t, app, "patron", schema.RoleCustomer, func(u *core.Record) { u.Set("language", "es") })
	h.other = testapp.User(t, app, "other", schema.RoleCustomer)
	h.librarian = testapp.User(t, app, "librarian", schema.RoleLibrarian)
	h.inactive = testapp.User(t, app, "inactive", schema.RoleLibrarian)
	h.root = testapp.Superuser(t, app)
	// Past the hooks that end tokens: the rules have to hold by themselves.
	h.sql(t, "UPDATE users SET state = 'inactive' WHERE id = {:id}", dbx.Params{"id": h.inactive.Id})
	return h
}

// ofLibrary is the language and the zone that the library's record names.
func (h *house) ofLibrary(t testing.TB) (language string, zone *time.Location) {
	library, err := h.FindRecordById(schema.Library, schema.LibraryID)
	if err != nil {
		t.Error(err)
		return "en", time.UTC
	}
	zone, err = time.LoadLocation(library.GetString("defaultTimezone"))
	if err != nil {
		t.Error(err)
	}
	return library.GetString("defaultLanguage"), zone
}

// listening stands in for accounts.Listening, which is tested there.
func (h *house) listening(app core.App) (map[string][]subscriptions.Client, error) {
	found := map[string][]subscriptions.Client{}
	for _, chunk := range app.SubscriptionsBroker().ChunkedClients(100) {
		for _, client := range chunk {
			if auth, ok := client.Get("auth").(*core.Record); ok && auth != nil {
				found[auth.Id] = append(found[auth.Id], client)
			}
		}
	}
	return found, nil
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.at.IsZero() {
		return time.Now()
	}
	return h.at
}

func (h *house) setClock(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = at
}

// people are all who may ask, by name; a guest is nil.
func (h *house) people() map[string]*core.Record {
	return map[string]*core.Record{
		"guest": nil, "patron": h.patron, "other": h.other, "librarian": h.librarian, "inactive": h.inactive, "root": h.root,
	}
}

func (h *house) names() []string { return slices.Sorted(maps.Keys(h.people())) }

func (h *house) sql(t testing.TB, query string, params dbx.Params) {
	t.Helper()
	if _, err := h.NonconcurrentDB().NewQuery(query).Bind(params).Execute(); err != nil {
		t.Fatal(err)
	}
}

// save makes a record past the rules.
func (h *house) save(t testing.TB, collection string, fields map[string]any) *core.Record {
	t.Helper()
	c, err := h.FindCollectionByNameOrId(collection)
	if err != nil {
		t.Fatal(err)
	}
	r := core.NewRecord(c)
	r.Load(fields)
	if err := h.Save(r); err != nil {
		t.Fatal(err)
	}
	return r
}

func (h *house) notice(t testing.TB, user *core.Record, title string) *core.Record {
	t.Helper()
	return h.save(t, schema.Notifications, map[string]any{"user": user.Id, "title": title})
}

func (h *house) device(t testing.TB, user *core.Record, token string) *core.Record {
	t.Helper()
	return h.save(t, schema.Devices, map[string]any{"user": user.Id, "token": token, "platform": "android", "lastSeen": time.Now()})
}

// fresh reads a record as it is stored, nil if it is gone.
func (h *house) fresh(t testing.TB, r *core.Record) *core.Record {
	t.Helper()
	found, err := find(h, r.Collection().Name, r.Id)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// change saves a record with the change.
func (h *house) change(t testing.TB, r *core.Record, fields map[string]any) {
	t.Helper()
	stored := h.fresh(t, r)
	stored.Load(fields)
	if err := h.Save(stored); err != nil {
		t.Fatal(err)
	}
}

// queued lists the jobs of a kind, the one due first first.
func (h *house) queued(t testing.TB, kind string) []*core.Record {
	t.Helper()
	found, err := h.FindRecordsByFilter(schema.Jobs, "kind = {:kind}", "runAt", 0, 0, dbx.Params{"kind": kind})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// awaitDone waits until no job of the kind is queued or runs, and returns how
// many of them failed.
func (h *house) awaitDone(t testing.TB, kind string) (failed int) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		open := 0
		failed = 0
		for _, j := range h.queued(t, kind) {
			switch j.GetString("state") {
			case schema.JobDone:
			case schema.JobFailed:
				failed++
			default:
				open++
			}
		}
		if open == 0 {
			return failed
		}
		if time.Now().After(end) {
			t.Fatalf("%d jobs of kind %s are still open", open, kind)
		}
	}
}

func id(a testapp.Answer) string { return fmt.Sprint(a.At("id")) }

// refusedBy checks that a 400 names the field with the code.
func refusedBy(t testing.TB, a testapp.Answer, field, code string) {
	t.Helper()
	if a.Status != 400 || a.At("data", field, "code") != code {
		t.Errorf("want 400 %s %s, got %d %s", field, code, a.Status, a.Raw)
	}
}

func record(e testapp.Event) map[string]any {
	r, _ := e.Data["record"].(map[string]any)
	return r
}

// nobody takes every push message and brings it nowhere.
type nobody struct{}

func (nobody) Send(context.Context, push.Message) error { return nil }
