package certs

import (
	"crypto/x509"
	"log"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"onlibrary/internal/testapp"
)

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// It shows that files of no use stop the start with one line that names them.
func TestFilesAreMistaken(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	cert, key := testapp.Certificate(t, x509.Certificate{DNSNames: []string{"books.example.org"}})
	_, other := testapp.Certificate(t, x509.Certificate{})
	write(t, path("cert"), cert)
	write(t, path("key"), key)
	write(t, path("other"), other)
	write(t, path("garbage"), []byte("not PEM\x00\xff"))
	write(t, path("empty"), nil)
	write(t, path("large"), make([]byte, 2<<20))
	write(t, path("secret"), []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGj\n-----END ENCRYPTED PRIVATE KEY-----\n"))
	for _, c := range []struct{ cert, key, named, reason string }{
		{"none", "key", "none", "no such file"},
		{"cert", "none", "none", "no such file"},
		{".", "key", "", "is a directory"},
		{"large", "key", "large", "too large"},
		{"cert", "other", "other", "does not match"},
		{"key", "cert", "cert", "do not go together"},
		{"garbage", "key", "garbage", "PEM"},
		{"cert", "empty", "empty", "PEM"},
		{"cert", "secret", "secret", "passphrase"},
	} {
		err := New(Config{CertFile: path(c.cert), KeyFile: path(c.key)}).Open(nil, nil)
		if err == nil || !strings.Contains(err.Error(), path(c.named)) || !strings.Contains(err.Error(), c.reason) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s and %s: %v", c.cert, c.key, err)
		}
	}
}

// It shows that a device, which never ends, is not read.
func TestFilesArePlain(t *testing.T) {
	info, err := os.Stat(os.DevNull)
	if err != nil || info.Mode().IsRegular() {
		t.Skip("there is no such device here")
	}
	err = New(Config{CertFile: os.DevNull, KeyFile: os.DevNull}).Open(nil, nil)
	if err == nil || !strings.Contains(err.Error(), "no plain file") {
		t.Error(err)
	}
}

// It shows that a new pair is taken up while requests go on, that one of no use
// leaves the old one and is told once, and that a link that is moved is followed.
func TestFilesAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	pair := func(n int64, into string) {
		t.Helper()
		cert, key := testapp.Certificate(t, x509.Certificate{DNSNames: []string{"books.example.org", "www.example.org"}, SerialNumber: big.NewInt(n)})
		if err := os.MkdirAll(path(into), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(path(into), "cert.pem"), cert)
		write(t, filepath.Join(path(into), "key.pem"), key)
	}
	link := func(to string) {
		t.Helper()
		if err := os.Symlink(path(to), path("next")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path("next"), path("live")); err != nil {
			t.Fatal(err)
		}
	}
	pair(1, "one")
	link("one")
	s := &site{log: &lines{}}
	s.Keeper = New(Config{
		CertFile: filepath.Join(path("live"), "cert.pem"), KeyFile: filepath.Join(path("live"), "key.pem"),
		Every: 10 * time.Millisecond, Logger: s.log.logger(),
	})
	if !s.Enabled() || s.Status() != nil {
		t.Error("it is open before it was opened")
	}
	if err := s.Open(nil, nil); err != nil {
		t.Fatal(err)
	}
	listener := listen(t, 0)
	s.https = listener.Addr().String()
	run(t, &http.Server{Handler: http.NotFoundHandler(), TLSConfig: s.TLSConfig(), ReadHeaderTimeout: time.Minute, ErrorLog: log.New(s.log, "", 0)}, listener)
	s.Start()
	t.Cleanup(s.Close)
	serves := func(n int64) bool {
		t.Helper()
		got, err := s.get("books.example.org", nil)
		if err != nil || got.NegotiatedProtocol != "h2" {
			t.Fatalf("a request failed: %v", err)
		}
		return got.PeerCertificates[0].SerialNumber.Int64() == n
	}
	if !serves(1) || !s.of(t, "books.example.org").Own {
		t.Errorf("%+v", s.Status())
	}

	pair(2, "one")
	await(t, 5*time.Second, "a written pair", func() bool { return serves(2) })

	pair(3, "three")
	link("three")
	await(t, 5*time.Second, "a linked pair", func() bool { return serves(3) })

	write(t, filepath.Join(path("three"), "key.pem"), []byte("half of a k"))
	await(t, 5*time.Second, "a word of it", func() bool { return s.of(t, "books.example.org").LastError != "" })
	time.Sleep(100 * time.Millisecond) // some more looks
	if told := s.log.with("level=ERROR"); !serves(3) || len(told) != 1 || !strings.Contains(told[0], "the old one stays") {
		t.Errorf("told: %q", told)
	}
	if err := os.Remove(filepath.Join(path("three"), "key.pem")); err != nil {
		t.Fatal(err)
	}
	await(t, 5*time.Second, "a word of it", func() bool { return len(s.log.with("level=ERROR")) == 2 })

	pair(4, "three")
	await(t, 5*time.Second, "a mended pair", func() bool { return serves(4) })
	if st := s.of(t, "books.example.org"); st.LastError != "" || st.Fingerprint == "" {
		t.Errorf("%+v", st)
	}
}
