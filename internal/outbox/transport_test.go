package outbox

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/tests"
	"github.com/pocketbase/pocketbase/tools/mailer"

	"onlibrary/internal/jobs"
	"onlibrary/internal/testapp"
)

// TestMain makes a certificate for 127.0.0.1 that this process trusts.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "outbox")
	if err == nil {
		err = certify(dir)
	}
	if err == nil {
		err = os.Setenv("SSL_CERT_FILE", filepath.Join(dir, "cert.pem"))
	}
	if err == nil {
		err = os.Setenv("OUTBOX_TEST_DIR", dir)
	}
	if err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func certify(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: cert}, "key.pem": {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func send(t *testing.T, app *tests.TestApp, subject string) error {
	t.Helper()
	return Send(t.Context(), app, &mailer.Message{
		From: netmail.Address{Address: "library@example.org"}, To: []netmail.Address{{Address: "ann@example.org"}},
		Subject: subject, HTML: "<p>.</p>", Text: ".",
	})
}

// secured starts a mail server that wants a password, over TLS.
func secured(t *testing.T, flags ...string) (*tests.TestApp, *testapp.Mailpit) {
	t.Helper()
	dir := os.Getenv("OUTBOX_TEST_DIR")
	passwords := filepath.Join(t.TempDir(), "passwords")
	if err := os.WriteFile(passwords, []byte("AKIA:secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	app := testapp.New(t)
	server := testapp.NewMailpit(t)
	server.Use(app)
	server.Start(t, append([]string{
		"--smtp-tls-cert", filepath.Join(dir, "cert.pem"), "--smtp-tls-key", filepath.Join(dir, "key.pem"), "--smtp-auth-file", passwords,
	}, flags...)...)
	app.Settings().SMTP.Username, app.Settings().SMTP.Password = "AKIA", "secret"
	Register(app, jobs.New(app))
	return app, server
}

// As Amazon SES has it on port 587.
func TestSendBySTARTTLSWithPassword(t *testing.T) {
	app, server := secured(t, "--smtp-require-starttls")
	for _, method := range []string{"", mailer.SMTPAuthPlain, mailer.SMTPAuthLogin} {
		app.Settings().SMTP.AuthMethod = method
		if err := send(t, app, "by:"+method); err != nil {
			t.Errorf("%s: %v", method, err)
		}
		server.AwaitTo(t, "ann@example.org", "by:"+method)
	}
}

// As Amazon SES has it on port 465.
func TestSendByTLSWithPassword(t *testing.T) {
	app, server := secured(t, "--smtp-require-tls")
	app.Settings().SMTP.TLS = true
	if err := send(t, app, "by TLS"); err != nil {
		t.Fatal(err)
	}
	server.AwaitTo(t, "ann@example.org", "by TLS")
}

func TestWrongPasswordIsTriedAgain(t *testing.T) {
	app, server := secured(t, "--smtp-require-starttls")
	app.Settings().SMTP.Password = "wrong"
	if err := send(t, app, "no"); !jobs.Retriable(err) {
		t.Errorf("%v", err)
	}
	app.Settings().SMTP.Password = "secret"
	if err := send(t, app, "yes"); err != nil {
		t.Error(err)
	}
	server.AwaitTo(t, "ann@example.org", "yes")
}

// relay passes connections on to a server, counts and cuts them.
type relay struct {
	made  atomic.Int32
	mu    sync.Mutex
	conns []net.Conn
}

func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		_ = c.Close()
	}
}

func startRelay(t *testing.T, app *tests.TestApp) *relay {
	t.Helper()
	target := net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: app.Settings().SMTP.Port}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	app.Settings().SMTP.Port = listener.Addr().(*net.TCPAddr).Port
	r := &relay{}
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.DialTCP("tcp", nil, &target)
			if err != nil {
				_ = in.Close()
				continue
			}
			r.made.Add(1)
			r.mu.Lock()
			r.conns = append(r.conns, in, out)
			r.mu.Unlock()
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
		}
	}()
	return r
}

func TestConnectionIsKeptAndReplaced(t *testing.T) {
	app := testapp.New(t)
	server := testapp.StartMailpit(t, app)
	r := startRelay(t, app)
	Register(app, jobs.New(app))
	for range 3 {
		if err := send(t, app, "kept"); err != nil {
			t.Fatal(err)
		}
	}
	if n := r.made.Load(); n != 1 {
		t.Errorf("%d connections for three mails", n)
	}
	r.cut()
	if err := send(t, app, "after the cut"); err != nil {
		t.Fatal(err)
	}
	app.Settings().SMTP.LocalName = "library.example.org"
	if err := send(t, app, "with other settings"); err != nil {
		t.Fatal(err)
	}
	if n := r.made.Load(); n != 3 || server.Count(t) != 5 {
		t.Errorf("%d connections, %d mails", n, server.Count(t))
	}
}

func TestLimitOfTimeEndsASend(t *testing.T) {
	app := testapp.New(t)
	testapp.NewMailpit(t).Use(app)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	app.Settings().SMTP.Port = silent.Addr().(*net.TCPAddr).Port
	Register(app, jobs.New(app))
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err = Send(ctx, app, &mailer.Message{From: netmail.Address{Address: "l@example.org"}, To: []netmail.Address{{Address: "ann@example.org"}}})
	if !jobs.Retriable(err) {
		t.Errorf("%v", err)
	}
}
