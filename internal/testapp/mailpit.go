package testapp

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/tests"
)

// Mailpit is a mail server that delivers nothing and shows what it was given.
type Mailpit struct {
	Port int // of SMTP, on 127.0.0.1
	api  string
}

// Mail is a mail as it arrived.
type Mail struct {
	ID        string
	MessageID string // without its brackets
	Subject   string
	From, To  string
	HTML      string
	Text      string
	Header    http.Header
}

// NewMailpit chooses the ports of a mail server, which Start starts.
func NewMailpit(t testing.TB) *Mailpit {
	t.Helper()
	return &Mailpit{Port: freePort(t), api: fmt.Sprintf("127.0.0.1:%d", freePort(t))}
}

// StartMailpit starts a mail server and makes it the app's. Call it before
// anything is bound to app: it takes PocketBase's mock of one away.
func StartMailpit(t testing.TB, app *tests.TestApp) *Mailpit {
	t.Helper()
	m := NewMailpit(t)
	m.Use(app)
	m.Start(t)
	return m
}

// Use makes it the app's mail server, started or not.
func (m *Mailpit) Use(app *tests.TestApp) {
	app.OnMailerSend().UnbindAll()
	s := app.Settings()
	s.SMTP.Enabled, s.SMTP.Host, s.SMTP.Port = true, "127.0.0.1", m.Port
	s.Meta.SenderName, s.Meta.SenderAddress = "The Library", "library@example.org"
}

// Start starts the server and waits until it answers. It ends with the test.
func (m *Mailpit) Start(t testing.TB, flags ...string) {
	t.Helper()
	args := append([]string{
		"--listen", m.api, "--smtp", fmt.Sprintf("127.0.0.1:%d", m.Port), "--max", "0",
		"--smtp-disable-rdns", "--disable-version-check", "--quiet",
	}, flags...)
	server := exec.Command(Tool(t, "mailpit"), args...)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		response, err := http.Get("http://" + m.api + "/readyz")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(end) {
			t.Fatalf("Mailpit does not answer: %v", err)
		}
	}
}

// Mails returns what has arrived, oldest first.
func (m *Mailpit) Mails(t testing.TB) []Mail {
	t.Helper()
	var list struct {
		Messages []struct{ ID string } `json:"messages"`
	}
	m.get(t, "/api/v1/messages?limit=5000", &list)
	var mails []Mail
	for _, entry := range slices.Backward(list.Messages) {
		var found struct {
			ID, MessageID, Subject, HTML, Text string
			From                               struct{ Address string }
			To                                 []struct{ Address string }
		}
		m.get(t, "/api/v1/message/"+entry.ID, &found)
		mail := Mail{
			ID: found.ID, MessageID: found.MessageID, Subject: found.Subject, From: found.From.Address, HTML: found.HTML, Text: found.Text,
		}
		var to []string
		for _, a := range found.To {
			to = append(to, a.Address)
		}
		mail.To = strings.Join(to, ",")
		m.get(t, "/api/v1/message/"+entry.ID+"/headers", &mail.Header)
		mails = append(mails, mail)
	}
	return mails
}

// Count is how many mails have arrived.
func (m *Mailpit) Count(t testing.TB) int {
	t.Helper()
	var list struct {
		Total int `json:"total"`
	}
	m.get(t, "/api/v1/messages?limit=1", &list)
	return list.Total
}

// Subjects are those of all that has arrived.
func (m *Mailpit) Subjects(t testing.TB) []string {
	t.Helper()
	var list struct {
		Messages []struct{ Subject string } `json:"messages"`
	}
	m.get(t, "/api/v1/messages?limit=5000", &list)
	var all []string
	for _, entry := range list.Messages {
		all = append(all, entry.Subject)
	}
	return all
}

// AwaitTo waits for a mail to address whose subject contains a text.
func (m *Mailpit) AwaitTo(t testing.TB, address, subject string) Mail {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		mails := m.Mails(t)
		for _, mail := range mails {
			if mail.To == address && strings.Contains(mail.Subject, subject) {
				return mail
			}
		}
		if time.Now().After(end) {
			t.Fatalf("no mail to %s about %q; only %v", address, subject, mails)
		}
	}
}

// Await waits until so many mails have arrived and returns them.
func (m *Mailpit) Await(t testing.TB, count int) []Mail {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); m.Count(t) < count; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d mails have arrived, want %d", m.Count(t), count)
		}
	}
	return m.Mails(t)
}

func (m *Mailpit) get(t testing.TB, path string, into any) {
	t.Helper()
	response, err := http.Get("http://" + m.api + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func freePort(t testing.TB) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
