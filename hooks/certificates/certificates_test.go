package certificates

import (
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tests"

	"onlibrary/internal/certs"
	"onlibrary/internal/jobs"
	"onlibrary/internal/outbox"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
	"onlibrary/internal/translate"
	"onlibrary/locales"
)

// house is an app with this room in it, a clock and a certificate that tests set.
type house struct {
	*tests.TestApp
	*room
	at   time.Time
	list []certs.Status
}

func furnish(t *testing.T, app *tests.TestApp) *house {
	t.Helper()
	texts, err := translate.Load(locales.FS)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{TestApp: app}
	h.room = &room{Deps{
		Status: func() []certs.Status { return h.list },
		Text:   texts.Text,
		Recipient: func(user *core.Record) (string, *time.Location) {
			if user != nil && user.GetString("language") != "" {
				return user.GetString("language"), time.UTC
			}
			return "es", time.UTC
		},
		Notify: func(tx core.App, user *core.Record, key string, data map[string]any) error {
			c, err := tx.FindCollectionByNameOrId(schema.Notifications)
			if err != nil {
				return err
			}
			n := core.NewRecord(c)
			n.Set("user", user.Id)
			n.Set("kind", schema.KindSystem)
			n.Set("title", texts.Text(user.GetString("language"), "notice."+key+".title", data))
			n.Set("body", texts.Text(user.GetString("language"), "notice."+key+".body", data))
			return tx.Save(n)
		},
		Now: func() time.Time { return h.at },
	}, app}
	return h
}

// told are the titles of a patron's notifications.
func (h *house) told(t *testing.T, user *core.Record) []string {
	t.Helper()
	found, err := h.FindRecordsByFilter(schema.Notifications, "user = {:user}", "created,id", 0, 0, dbx.Params{"user": user.Id})
	if err != nil {
		t.Fatal(err)
	}
	var titles []string
	for _, n := range found {
		titles = append(titles, n.GetString("title"))
	}
	return titles
}

func (h *house) see(t *testing.T, at time.Time) {
	t.Helper()
	h.at = at
	if err := h.look(); err != nil {
		t.Fatal(err)
	}
}

// own is a real certificate from files, as internal/certs tells of it.
func own(t *testing.T, begins time.Time, life time.Duration) certs.Status {
	t.Helper()
	cert, key := testapp.Certificate(t, x509.Certificate{DNSNames: []string{"books.example.org"}, NotBefore: begins, NotAfter: begins.Add(life)})
	c := certs.Config{CertFile: filepath.Join(t.TempDir(), "cert.pem"), KeyFile: filepath.Join(t.TempDir(), "key.pem")}
	for path, text := range map[string][]byte{c.CertFile: cert, c.KeyFile: key} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k := certs.New(c)
	if err := k.Open(nil, nil); err != nil {
		t.Fatal(err)
	}
	return k.Status()[0]
}

const month = 30 * day

var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// It shows that each warning is given once, to active Admins and superusers, also
// after a restart, in their languages, and by a new certificate anew.
func TestWarnings(t *testing.T) {
	app := testapp.New(t)
	mails := testapp.StartMailpit(t, app)
	queue := jobs.New(app)
	outbox.Register(app, queue)
	if err := queue.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(queue.Stop)
	h := furnish(t, app)
	language := func(tag string) func(*core.Record) { return func(r *core.Record) { r.Set("language", tag) } }
	ann := testapp.User(t, app, "ann", schema.RoleAdmin, language("en"))
	amina := testapp.User(t, app, "amina", schema.RoleAdmin, language("ar"))
	gone := testapp.User(t, app, "gone", schema.RoleAdmin, language("en"), func(r *core.Record) { r.Set("state", schema.StateInactive) })
	lib := testapp.User(t, app, "lib", schema.RoleLibrarian, language("en"))
	root := testapp.Superuser(t, app)

	first := own(t, begin, 3*month)
	end := begin.Add(3 * month)
	h.list = []certs.Status{first}
	h.see(t, end.Add(-14*day-time.Minute))
	if got := h.told(t, ann); got != nil {
		t.Errorf("too early: %q", got)
	}
	again := func(left time.Duration) {
		t.Helper()
		for range 2 {
			h.see(t, end.Add(-left))
			h = furnish(t, app) // as after a restart
			h.list = []certs.Status{first}
		}
	}
	again(14 * day)
	again(8 * day)
	ends := "The certificate for books.example.org ends on 30 May 2026"
	if got := h.told(t, ann); !slices.Equal(got, []string{ends}) {
		t.Errorf("Ann was told %q", got)
	}
	again(7 * day)
	again(time.Hour)
	if got := h.told(t, ann); !slices.Equal(got, []string{ends, ends}) {
		t.Errorf("Ann was told %q", got)
	}
	if got := h.told(t, amina); len(got) != 2 || !strings.Contains(got[0], "books.example.org") || got[0] == ends {
		t.Errorf("Amina was told %q", got)
	}
	if a, b := h.told(t, gone), h.told(t, lib); a != nil || b != nil {
		t.Errorf("whom it does not concern was told %q %q", a, b)
	}

	second := own(t, end.Add(-5*day-3*month), 3*month) // and the server was off for ten days
	second.Own, second.LastError = false, "HTTP 403 <b>urn:ietf:params:acme:error:caa</b>"
	h.list = []certs.Status{second}
	h.see(t, end.Add(-time.Hour))
	if got := h.told(t, ann); len(got) != 3 {
		t.Errorf("Ann was told %q", got)
	}
	h.see(t, end.Add(day))
	if got := h.told(t, ann); len(got) != 3 {
		t.Errorf("Ann was told %q", got)
	}

	got := mails.Await(t, 3)
	for i, want := range []string{"termina el 30 de mayo de 2026", "termina el 30 de mayo de 2026", "terminó el 25 de mayo de 2026"} {
		m := got[i]
		if m.To != root.Email() || !strings.Contains(m.Subject, want) || !strings.Contains(m.Text, "superusuario") {
			t.Errorf("letter %d: %+v", i, m)
		}
	}
	if m := got[2]; !strings.Contains(m.Text, second.LastError) || strings.Contains(m.HTML, "<b>urn") || !strings.Contains(m.Text, "onlibrary doctor") {
		t.Errorf("the reason: %+v", m)
	}
	if n := mails.Count(t); n != 3 {
		t.Errorf("%d letters", n)
	}
}

// It shows that what cannot be written is not noted as told, but told later.
func TestWarningIsOneWithItsNote(t *testing.T) {
	h := furnish(t, testapp.New(t))
	ann := testapp.User(t, h.TestApp, "ann", schema.RoleAdmin)
	h.list = []certs.Status{own(t, begin, 3*month)}
	h.at = begin.Add(3*month - day)
	notify := h.Notify
	h.Notify = func(tx core.App, user *core.Record, key string, data map[string]any) error {
		if err := notify(tx, user, key, data); err != nil {
			return err
		}
		return errors.New("the disk is full")
	}
	if err := h.look(); err == nil || !strings.Contains(err.Error(), "books.example.org") {
		t.Errorf("%v", err)
	}
	if got := h.told(t, ann); got != nil {
		t.Errorf("half a warning: %q", got)
	}
	h.Notify = notify
	if err := h.look(); err != nil || len(h.told(t, ann)) != 1 {
		t.Errorf("%q: %v", h.told(t, ann), err)
	}
}

// It shows that the room looks while the server runs, and ends with it.
func TestWatchEnds(t *testing.T) {
	app := testapp.New(t)
	Bind(app, Deps{Status: func() []certs.Status { return nil }, Now: time.Now})
	testapp.Serve(t, app)
	ended := make(chan error, 1)
	go func() { ended <- app.OnTerminate().Trigger(&core.TerminateEvent{App: app}) }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on")
	}
}

// It shows what is due when: also of a certificate that lives for less long than
// six weeks, or has ended.
func TestDue(t *testing.T) {
	h := furnish(t, testapp.New(t))
	for _, c := range []struct {
		life, left time.Duration
		want       int
	}{
		{3 * month, 14*day + time.Second, 0},
		{3 * month, 14 * day, early},
		{3 * month, 7*day + time.Second, early},
		{3 * month, 7 * day, late},
		{3 * month, -day, late},
		{45 * day, 14 * day, early},
		{6 * day, 36*time.Hour + time.Second, 0},
		{6 * day, 36 * time.Hour, early},
		{6 * day, 18 * time.Hour, late},
	} {
		end := begin.Add(c.life)
		h.at = end.Add(-c.left)
		if got := h.due(certs.Status{Fingerprint: "f", NotBefore: begin, NotAfter: end}); got != c.want {
			t.Errorf("of %v with %v left: %d, want %d", c.life, c.left, got, c.want)
		}
	}
	if h.due(certs.Status{}) != 0 {
		t.Error("what is not there ends")
	}
}
