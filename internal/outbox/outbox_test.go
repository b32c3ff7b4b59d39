package outbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tests"
	"github.com/pocketbase/pocketbase/tools/mailer"

	"onlibrary/internal/jobs"
	"onlibrary/internal/mail"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// job is a job as it is stored.
type job struct {
	State    string `db:"state"`
	Attempts int    `db:"attempts"`
	Error    string `db:"lastError"`
	Payload  string `db:"payload"`
}

func stored(t *testing.T, app core.App, key string) job {
	t.Helper()
	var j job
	err := app.DB().Select("state", "attempts", "lastError", "payload").From(schema.Jobs).Where(dbx.HashExp{"key": key}).One(&j)
	if err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	return j
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("in vain: " + what)
		}
	}
}

// work starts a queue that sends.
func work(t *testing.T, app *tests.TestApp) *jobs.Queue {
	t.Helper()
	queue := jobs.New(app)
	Register(app, queue)
	if err := queue.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(queue.Stop)
	return queue
}

func letter(subject string) mail.Letter {
	return mail.Letter{Language: "en", Subject: subject, Greeting: "Hello Ann,", Paragraphs: []string{"A book is due."}, From: "The Library"}
}

func post(t *testing.T, app core.App, key, address, subject string) {
	t.Helper()
	if err := Post(app, Envelope{Key: key, To: netmail.Address{Address: address}, Letter: letter(subject)}); err != nil {
		t.Fatal(err)
	}
}

func TestLetterArrivesOnceAndLeavesNothing(t *testing.T) {
	app := testapp.New(t)
	server := testapp.StartMailpit(t, app)
	work(t, app)
	post(t, app, "due:1", "ann@example.org", "Due soon")
	post(t, app, "due:1", "ann@example.org", "Due soon")
	got := server.AwaitTo(t, "ann@example.org", "Due soon")
	if got.From != "library@example.org" || !strings.Contains(got.HTML, "A book is due.") || !strings.Contains(got.Text, "A book is due.") {
		t.Errorf("%+v", got)
	}
	if got.Header.Get("Auto-Submitted") != "auto-generated" || got.Header.Get("Date") == "" {
		t.Errorf("headers: %v", got.Header)
	}
	await(t, "the job to end", func() bool { return stored(t, app, "mail:due:1").State == schema.JobDone })
	if j := stored(t, app, "mail:due:1"); j.Payload != "null" {
		t.Errorf("a sent letter is kept: %s", j.Payload)
	}
	again, err := Message(app, "mail:due:1", netmail.Address{Address: "ann@example.org"}, letter("Due soon"))
	if err != nil || again.Headers["Message-ID"] != "<"+got.MessageID+">" {
		t.Errorf("sent again it would be %s, not %s: %v", again.Headers["Message-ID"], got.MessageID, err)
	}
	if n := server.Count(t); n != 1 {
		t.Errorf("%d mails", n)
	}
}

func TestUndoneCauseSendsNothing(t *testing.T) {
	app := testapp.New(t)
	app.Settings().SMTP.Enabled = true
	err := app.RunInTransaction(func(tx core.App) error {
		post(t, tx, "undone", "ann@example.org", "No")
		return errors.New("undone")
	})
	if n, countErr := app.CountRecords(schema.Jobs); err == nil || n != 0 || countErr != nil {
		t.Errorf("%d jobs: %v %v", n, err, countErr)
	}
}

func TestNothingIsPostedWithoutMailServer(t *testing.T) {
	app := testapp.New(t)
	post(t, app, "key", "ann@example.org", "No")
	if n, err := app.CountRecords(schema.Jobs); n != 0 || err != nil || Enabled(app) {
		t.Errorf("%d jobs, enabled %v: %v", n, Enabled(app), err)
	}
}

func TestAddressesThatAreNoneAreRefused(t *testing.T) {
	app := testapp.New(t)
	app.Settings().SMTP.Enabled = true
	for _, address := range []string{
		"", "ann", "ann@", "@example.org", "ann@example.org\r\nBcc: all@example.org", "ann@example.org\n", "a\x00nn@example.org",
		"ann@example.org, bob@example.org", "Ann <ann@example.org>", "<ann@example.org>", " ann@example.org",
	} {
		if err := Post(app, Envelope{Key: address, To: netmail.Address{Address: address}, Letter: letter("No")}); !errors.Is(err, ErrAddress) {
			t.Errorf("%q: %v", address, err)
		}
		m := &mailer.Message{From: netmail.Address{Address: "library@example.org"}, To: []netmail.Address{{Address: address}}}
		if _, err := compose(m); !errors.Is(err, ErrAddress) {
			t.Errorf("sending to %q: %v", address, err)
		}
	}
	if n, err := app.CountRecords(schema.Jobs); n != 0 || err != nil {
		t.Errorf("%d jobs: %v", n, err)
	}
}

func TestWhatPeopleWroteAddsNoHeader(t *testing.T) {
	app := testapp.New(t)
	server := testapp.StartMailpit(t, app)
	app.Settings().Meta.SenderName = "Library\r\nBcc: all@example.org"
	work(t, app)
	l := letter("Due\r\nBcc: all@example.org\r\n\r\nbody")
	l.Greeting = "Hello\r\n.\r\nQUIT\r\n"
	err := Post(app, Envelope{Key: "key", To: netmail.Address{Name: "Ann\r\nBcc: all@example.org", Address: "ann@example.org"}, Letter: l})
	if err != nil {
		t.Fatal(err)
	}
	got := server.Await(t, 1)[0]
	if got.Subject != "Due Bcc: all@example.org body" || got.To != "ann@example.org" || !strings.Contains(got.Text, "QUIT") {
		t.Errorf("%+v", got)
	}
	for _, name := range []string{"Bcc", "Cc"} {
		if got.Header.Values(name) != nil {
			t.Errorf("a header was added: %v", got.Header)
		}
	}
	if len(got.Header["To"]) != 1 || len(got.Header["Subject"]) != 1 {
		t.Errorf("headers: %v", got.Header)
	}
}

func TestOutageLosesAndDoublesNothing(t *testing.T) {
	app := testapp.New(t)
	server := testapp.NewMailpit(t)
	server.Use(app)
	work(t, app)
	const count = 50
	for i := range count {
		post(t, app, fmt.Sprint(i), fmt.Sprintf("p%d@example.org", i), "Due")
	}
	await(t, "a try in vain", func() bool { return strings.Contains(stored(t, app, "mail:0").Error, "refused") })
	server.Start(t)
	got := server.Await(t, count)
	await(t, "every job to end", func() bool {
		n, err := app.CountRecords(schema.Jobs, dbx.HashExp{"state": schema.JobDone})
		return err == nil && n == count
	})
	to := map[string]bool{}
	for _, m := range got {
		to[m.To] = true
	}
	if len(to) != count || server.Count(t) != count {
		t.Errorf("%d mails to %d people, want %d", server.Count(t), len(to), count)
	}
}

func TestRefusedRecipientIsFinal(t *testing.T) {
	app := testapp.New(t)
	server := testapp.NewMailpit(t)
	server.Use(app)
	server.Start(t, "--smtp-allowed-recipients", "@example\\.org$")
	work(t, app)
	post(t, app, "bad", "ann@elsewhere.example", "No")
	post(t, app, "good", "ann@example.org", "Yes")
	server.AwaitTo(t, "ann@example.org", "Yes")
	await(t, "the refusal", func() bool { return stored(t, app, "mail:bad").State == schema.JobFailed })
	if j := stored(t, app, "mail:bad"); j.Attempts != 1 || !strings.Contains(j.Error, "550") {
		t.Errorf("%+v", j)
	}
}

func TestTemporaryRefusalIsTriedAgain(t *testing.T) {
	app := testapp.New(t)
	server := testapp.NewMailpit(t)
	server.Use(app)
	server.Start(t, "--enable-chaos", "--chaos-triggers", "Recipient:451:100")
	work(t, app)
	post(t, app, "key", "ann@example.org", "Later")
	await(t, "a second try", func() bool { return stored(t, app, "mail:key").Attempts >= 2 })
	if j := stored(t, app, "mail:key"); j.State == schema.JobFailed || !strings.Contains(j.Error, "451") {
		t.Errorf("%+v", j)
	}
}

func TestSwitchedOffServerIsWaitedFor(t *testing.T) {
	app := testapp.New(t)
	server := testapp.StartMailpit(t, app)
	post(t, app, "key", "ann@example.org", "Later")
	app.Settings().SMTP.Enabled = false
	work(t, app)
	await(t, "a try in vain", func() bool { return strings.Contains(stored(t, app, "mail:key").Error, "no mail server") })
	app.Settings().SMTP.Enabled = true
	server.AwaitTo(t, "ann@example.org", "Later")
}

func TestStopEndsASendThatHangs(t *testing.T) {
	app := testapp.New(t)
	testapp.NewMailpit(t).Use(app)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	app.Settings().SMTP.Port = silent.Addr().(*net.TCPAddr).Port
	queue := work(t, app)
	post(t, app, "key", "ann@example.org", "Never")
	await(t, "the job to run", func() bool { return stored(t, app, "mail:key").State == schema.JobRunning })
	time.Sleep(50 * time.Millisecond) // until it waits for the greeting
	stopped := make(chan struct{})
	go func() { queue.Stop(); close(stopped) }()
	select {
	case <-stopped:
	case <-time.After(5 * time.Second):
		t.Fatal("the queue does not stop")
	}
	if j := stored(t, app, "mail:key"); j.State != schema.JobQueued || j.Attempts != 0 {
		t.Errorf("%+v", j)
	}
}

func TestPocketBasesOwnMailHasTheTransport(t *testing.T) {
	app := testapp.New(t)
	server := testapp.StartMailpit(t, app)
	Register(app, jobs.New(app))
	err := app.NewMailClient().Send(&mailer.Message{
		From: netmail.Address{Address: "library@example.org"}, To: []netmail.Address{{Address: "root@example.org"}}, Subject: "Own", HTML: "<p>Own</p>",
		Attachments: map[string]io.Reader{"a.txt": strings.NewReader("attached")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := server.AwaitTo(t, "root@example.org", "Own"); got.Header.Get("Auto-Submitted") == "" || !strings.Contains(got.HTML, "Own") {
		t.Errorf("it went by another way: %+v", got)
	}
}

func TestSendWithoutRegisterFails(t *testing.T) {
	app := testapp.New(t)
	app.OnMailerSend().UnbindAll()
	if err := Send(context.Background(), app, &mailer.Message{}); err == nil {
		t.Error("nothing sent it, and nothing said so")
	}
}
