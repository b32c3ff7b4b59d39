package certs

import (
	"crypto/tls"
	"crypto/x509"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"

	"onlibrary/internal/testapp"
)

// It shows that each kind of challenge alone is enough for a first certificate
// within 10 s, and how that is served.
func TestFirstCertificate(t *testing.T) {
	t.Parallel()
	p := testapp.StartPebble(t)
	for name, kinds := range map[string]struct{ http01, alpn01 bool }{"HTTP-01": {true, false}, "TLS-ALPN-01": {false, true}, "both": {true, true}} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "certificates")
			domains := []string{anew("books"), anew("library")}
			s := open(t, p, Config{Domains: domains, Email: "ann@example.org", Dir: dir}, kinds.http01, kinds.alpn01)
			roots := p.Issued(t)
			for _, domain := range domains {
				await(t, 10*time.Second, "a certificate of "+domain, func() bool { return s.of(t, domain).Fingerprint != "" })
				await(t, time.Second, "its use", func() bool { _, err := s.get(domain, roots); return err == nil })
				got, err := s.get(domain, roots)
				if err != nil {
					t.Fatal(err)
				}
				if got.NegotiatedProtocol != "h2" || got.Version < tls.VersionTLS12 {
					t.Errorf("%s over %x", got.NegotiatedProtocol, got.Version)
				}
				st := s.of(t, domain)
				if st.Own || st.LastError != "" || !st.NotAfter.Equal(got.PeerCertificates[0].NotAfter) || !strings.Contains(st.Issuer, "Pebble") || !st.NextTry.IsZero() {
					t.Errorf("%+v", st)
				}
			}
			if ends := s.Ends(); len(ends) != 2 || ends[domains[1]].IsZero() {
				t.Errorf("%v", ends)
			}
			if len(s.log.with("a new certificate is in use")) != 2 || len(s.log.with("level=ERROR")) != 0 {
				t.Errorf("log: %s", s.log.with(""))
			}
			if _, err := tls.Dial("tcp", s.https, &tls.Config{MaxVersion: tls.VersionTLS11, InsecureSkipVerify: true}); err == nil { //nolint:gosec // it is to be refused
				t.Error("TLS 1.1 is spoken")
			}
			if _, err := s.get("other.example.org", nil); err == nil {
				t.Error("a name that is not ours is answered")
			}
			if plain, err := tls.Dial("tcp", s.https, &tls.Config{InsecureSkipVerify: true}); err != nil { //nolint:gosec // only whether it is answered
				t.Errorf("who comes by the address alone: %v", err)
			} else {
				_ = plain.Close()
			}
			closed(t, dir)
		})
	}
}

// closed fails unless only this user can read what is in the folder.
func closed(t *testing.T, folder string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		return
	}
	keys := 0
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if want := map[bool]fs.FileMode{true: 0o700, false: 0o600}[d.IsDir()]; info.Mode().Perm() != want {
			t.Errorf("%s: %o, want %o", path, info.Mode().Perm(), want)
		}
		if filepath.Ext(path) == ".key" {
			keys++
		}
		return nil
	})
	if err != nil || keys != 3 {
		t.Errorf("%d keys, want those of two certificates and of an account: %v", keys, err)
	}
}

// It shows that certificates are kept over a restart, and that nobody is asked
// for new ones.
func TestRestartKeepsCertificates(t *testing.T) {
	t.Parallel()
	p := testapp.StartPebble(t)
	dir, books := t.TempDir(), anew("books")
	s := open(t, p, Config{Domains: []string{books}, Dir: dir}, true, false)
	await(t, 10*time.Second, "a certificate", func() bool { return s.of(t, books).Fingerprint != "" })
	first := s.of(t, books).Fingerprint
	s.Close()
	p.Stop()
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // as a careless hand leaves it
		t.Fatal(err)
	}
	again := open(t, p, Config{Domains: []string{books}, Dir: dir}, false, true)
	await(t, 5*time.Second, "its use", func() bool { _, err := again.get(books, nil); return err == nil })
	if st := again.of(t, books); st.Fingerprint != first || st.LastError != "" {
		t.Errorf("%+v", st)
	}
	if info, err := os.Stat(dir); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is open to others: %v %v", info.Mode(), err)
	}
}

// It shows that a certificate that lives 12 s is renewed before its end, while
// requests go on without a fault.
func TestRenewal(t *testing.T) {
	t.Parallel()
	p := testapp.NewPebble(t)
	p.Validity = 12 * time.Second
	p.Start(t)
	books := anew("books")
	s := open(t, p, Config{Domains: []string{books}, Every: 200 * time.Millisecond}, true, true)
	roots := p.Issued(t)
	await(t, 10*time.Second, "a certificate", func() bool { _, err := s.get(books, roots); return err == nil })
	seen := map[string]bool{}
	for end := time.Now().Add(25 * time.Second); len(seen) < 2 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		got, err := s.get(books, roots)
		if err != nil {
			t.Fatalf("a request failed: %v", err)
		}
		seen[got.PeerCertificates[0].SerialNumber.String()] = true
	}
	if len(seen) < 2 {
		t.Errorf("it was not renewed; log: %s", s.log.with(""))
	}
}

// It shows that requests go on while the authority is away over a renewal, even
// past the certificate's end, and that this is told, once a try.
func TestAuthorityAway(t *testing.T) {
	t.Parallel()
	p := testapp.NewPebble(t)
	p.Validity = 6 * time.Second
	p.Start(t)
	books := anew("books")
	s := open(t, p, Config{Domains: []string{books}, Every: 200 * time.Millisecond}, true, true)
	await(t, 10*time.Second, "a certificate", func() bool { return s.of(t, books).Fingerprint != "" })
	p.Leave()
	await(t, 20*time.Second, "a try in vain", func() bool { return s.of(t, books).LastError != "" })
	st := s.of(t, books)
	for time.Now().Before(st.NotAfter.Add(time.Second)) {
		got, err := s.get(books, nil)
		if err != nil || got.NegotiatedProtocol != "h2" || !got.PeerCertificates[0].NotAfter.Equal(st.NotAfter) {
			t.Fatalf("a request failed: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if !strings.Contains(st.LastError, "refused") || time.Until(st.NextTry) < 30*time.Second {
		t.Errorf("%+v", st)
	}
	if told := s.log.with("level=ERROR"); len(told) != 1 || !strings.Contains(told[0], "the old one is valid until") {
		t.Errorf("told: %q", told)
	}
}

// It shows that a refused name, and one that leads elsewhere, stop neither the
// server nor the certificates of the other names.
func TestRefusal(t *testing.T) {
	t.Parallel()
	p := testapp.StartPebble(t)
	p.Point(t, "elsewhere.example.org", "127.0.0.9")
	books := anew("books")
	domains := []string{"blocked.example.org", "elsewhere.example.org", books}
	s := open(t, p, Config{Domains: domains}, true, true)
	await(t, 20*time.Second, "a certificate", func() bool { return s.of(t, books).Fingerprint != "" })
	for _, domain := range domains[:2] {
		await(t, 20*time.Second, "a refusal", func() bool { return s.of(t, domain).LastError != "" })
		if st := s.of(t, domain); st.Fingerprint != "" || !st.NextTry.After(time.Now()) || !st.NotAfter.IsZero() {
			t.Errorf("%+v", st)
		}
		if told := s.log.with("domain=" + domain); len(told) != 1 || !strings.Contains(told[0], "there is none yet") {
			t.Errorf("told: %q", told)
		}
		if _, err := s.get(domain, nil); err == nil {
			t.Errorf("%s is answered without a certificate", domain)
		}
	}
	if _, err := s.get(books, p.Issued(t)); err != nil {
		t.Error(err)
	}
}

// It shows that a server whose clock is off serves what it has: a certificate
// that seems to have ended, or not to have begun.
func TestClockIsOff(t *testing.T) {
	t.Parallel()
	p := testapp.NewPebble(t) // and nobody answers there
	for name, begins := range map[string]time.Duration{"ahead": -90*24*time.Hour - time.Hour, "behind": time.Hour} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			cert, key := testapp.Certificate(t, x509.Certificate{DNSNames: []string{"books.example.org"}, NotBefore: time.Now().Add(begins)})
			store := newStorage(dir)
			issuer := (&certmagic.ACMEIssuer{CA: p.Directory}).IssuerKey()
			for file, content := range map[string][]byte{
				certmagic.StorageKeys.SiteCert(issuer, "books.example.org"):       cert,
				certmagic.StorageKeys.SitePrivateKey(issuer, "books.example.org"): key,
				certmagic.StorageKeys.SiteMeta(issuer, "books.example.org"):       []byte(`{"sans": ["books.example.org"], "issuer_data": {}}`),
			} {
				if err := store.Store(t.Context(), file, content); err != nil {
					t.Fatal(err)
				}
			}
			s := open(t, p, Config{Domains: []string{"books.example.org"}, Dir: dir}, true, true)
			await(t, 5*time.Second, "an answer", func() bool { _, err := s.get("books.example.org", nil); return err == nil })
		})
	}
}

func TestAuthorityIsMistaken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "empty.pem"), nil)
	write(t, filepath.Join(dir, "file"), nil)
	for name, c := range map[string]Config{
		filepath.Join(dir, "none.pem"):     {Domains: []string{"books.example.org"}, CARoot: filepath.Join(dir, "none.pem"), Dir: dir},
		filepath.Join(dir, "empty.pem"):    {Domains: []string{"books.example.org"}, CARoot: filepath.Join(dir, "empty.pem"), Dir: dir},
		filepath.Join(dir, "file", "here"): {Domains: []string{"books.example.org"}, Dir: filepath.Join(dir, "file", "here")},
	} {
		if err := New(c).Open(nil, nil); err == nil || !strings.Contains(err.Error(), name) && !strings.Contains(err.Error(), filepath.Dir(name)) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
