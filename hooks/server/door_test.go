package server

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"onlibrary/internal/testapp"
)

// ownCertificate writes a certificate for the names that vouches for itself.
func ownCertificate(t testing.TB, names ...string) (cert, key string, trusted *x509.CertPool) {
	t.Helper()
	chain, secret := testapp.Certificate(t, x509.Certificate{Subject: pkix.Name{CommonName: "test"}, DNSNames: names})
	trusted = x509.NewCertPool()
	trusted.AppendCertsFromPEM(chain)
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, content := range map[string][]byte{cert: chain, key: secret} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key, trusted
}

// clientAt trusts the certificates and goes to that address, whichever name it
// is asked for. It follows no redirect.
func clientAt(addr string, trusted *x509.CertPool, http2 bool) *http.Client {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(!http2)
	protocols.SetHTTP2(http2)
	return &http.Client{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, addr)
			},
			TLSClientConfig: &tls.Config{RootCAs: trusted}, Protocols: protocols, DisableKeepAlives: !http2,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// site is a program that serves HTTPS.
type site struct {
	*running
	https, plain string // host:port
	trusted      *x509.CertPool
}

const domain = "books.example.org"

func startSite(t testing.TB, dir string) site {
	t.Helper()
	cert, key, trusted := ownCertificate(t, domain, "www."+domain, "*.wild.example.org")
	s := site{https: freeAddress(t), plain: freeAddress(t), trusted: trusted}
	s.running = begin(t, command(t, dir, "serve", "--https", s.https, "--http-challenge", s.plain, "--tls-cert", cert, "--tls-key", key))
	s.client = clientAt(s.https, trusted, true)
	s.signIn(t)
	return s
}

func TestHTTPS(t *testing.T) {
	s := startSite(t, t.TempDir())
	_, port, err := net.SplitHostPort(s.https)
	if err != nil {
		t.Fatal(err)
	}
	base := "https://" + domain + ":" + port
	if s.url != base {
		t.Errorf("it says that it is at %s", s.url)
	}
	for _, http2 := range []bool{true, false} {
		response, err := clientAt(s.https, s.trusted, http2).Get(base + "/api/health")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != 200 || (response.ProtoMajor == 2) != http2 || response.Header.Get("Strict-Transport-Security") != "max-age=31536000" {
			t.Errorf("%d %s %v", response.StatusCode, response.Proto, response.Header)
		}
	}
	t.Run("an upload, and what becomes of it", func(t *testing.T) {
		u, sum, status := s.send(t, 3_000_000)
		if status != 200 || u.SHA256 != sum {
			t.Fatalf("%d, sum %s, want %s", status, u.SHA256, sum)
		}
		request, err := http.NewRequestWithContext(t.Context(), "GET", base+"/api/files/documents/"+u.ID+"/"+u.File, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Range", "bytes=1000000-1000099")
		response, err := s.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if text, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusPartialContent || len(text) != 100 {
			t.Errorf("%d, %d bytes: %v", response.StatusCode, len(text), err)
		}
		if status := s.do(t, "PUT", "/api/health", nil, "", nil); status != http.StatusMethodNotAllowed { // the router is found behind what stands before it
			t.Errorf("a method that there is not: %d", status)
		}
	})
	t.Run("realtime", func(t *testing.T) {
		response, err := s.client.Get(base + "/api/realtime")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		lines := bufio.NewScanner(response.Body)
		for lines.Scan() && !strings.HasPrefix(lines.Text(), "data:") {
		}
		if !strings.Contains(lines.Text(), "clientId") {
			t.Errorf("%d %s %q", response.StatusCode, response.Proto, lines.Text())
		}
	})
	t.Run("the base of links", func(t *testing.T) {
		var session struct{ Token string }
		body := fmt.Sprintf(`{"identity":%q,"password":%q}`, email, password)
		if status := s.do(t, "POST", "/api/collections/_superusers/auth-with-password", strings.NewReader(body), "application/json", &session); status != 200 {
			t.Fatalf("superuser: %d", status)
		}
		root := *s.running
		root.token = session.Token
		var settings struct{ Meta struct{ AppURL string } }
		if status := root.do(t, "GET", "/api/settings", nil, "", &settings); status != 200 || settings.Meta.AppURL != base {
			t.Errorf("%d %+v", status, settings)
		}
	})
	t.Run("old TLS, plain HTTP", func(t *testing.T) {
		c, err := tls.Dial("tcp", s.https, &tls.Config{RootCAs: s.trusted, ServerName: domain, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
		if err == nil {
			c.Close()
			t.Error("TLS 1.1 is spoken")
		}
		response, err := http.Get("http://" + s.https)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusBadRequest || response.Header.Get("Strict-Transport-Security") != "" {
			t.Errorf("plain HTTP at HTTPS's port: %d %v", response.StatusCode, response.Header)
		}
	})
	t.Run("led to HTTPS", func(t *testing.T) {
		for request, want := range map[string]string{
			"GET /catalogue?q=a%20b HTTP/1.1\r\nHost: books.example.org":      "301 " + base + "/catalogue?q=a%20b",
			"GET / HTTP/1.1\r\nHost: BOOKS.example.org.:80":                   "301 " + base + "/",
			"HEAD / HTTP/1.1\r\nHost: www.books.example.org":                  "301 https://www." + domain + ":" + port + "/",
			"GET / HTTP/1.1\r\nHost: a.wild.example.org":                      "301 https://a.wild.example.org:" + port + "/",
			"GET / HTTP/1.1\r\nHost: a.b.wild.example.org":                    "301 " + base + "/",
			"GET / HTTP/1.1\r\nHost: *.wild.example.org":                      "301 " + base + "/",
			"GET / HTTP/1.1\r\nHost: evil.example":                            "301 " + base + "/",
			"GET / HTTP/1.1\r\nHost: books.example.org.evil.example":          "301 " + base + "/",
			"GET //evil.example/%0d%0aSet-Cookie:a HTTP/1.1\r\nHost: x":       "301 " + base + "//evil.example/%0d%0aSet-Cookie:a",
			"GET http://evil.example/x HTTP/1.1\r\nHost: books.example.org":   "301 " + base + "/x",
			"CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example:80":       "308 " + base + "/",
			"POST /api/x HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0": "308 " + base + "/api/x",
			"GET /.well-known/acme-challenge/x HTTP/1.1\r\nHost: a":           "301 " + base + "/.well-known/acme-challenge/x",
		} {
			c, err := net.Dial("tcp", s.plain)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(c, request+"\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			response, err := http.ReadResponse(bufio.NewReader(c), nil)
			c.Close()
			if err != nil {
				t.Fatalf("%q: %v", request, err)
			}
			if got := fmt.Sprint(response.StatusCode, " ", response.Header.Get("Location")); got != want {
				t.Errorf("%q: %s, want %s", request, got, want)
			}
			if response.Header.Get("Strict-Transport-Security") != "" || !response.Close {
				t.Errorf("%q: %v", request, response.Header)
			}
		}
	})
	if code := s.stop(t); code != 0 || s.complaints() != "" {
		t.Errorf("ended with %d: %s", code, s.stderr)
	}
}

// Domains may stand after serve, and what is wrong with them, with a certificate
// or an address is said in one line.
func TestHTTPSIsRefused(t *testing.T) {
	cert, key, _ := ownCertificate(t, domain)
	_, otherKey, _ := ownCertificate(t, domain)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	locked := filepath.Join(t.TempDir(), "locked.pem")
	if err := os.Mkdir(locked, 0); err != nil { // what root could not read either
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"a word":            {[]string{"books"}, "DOMAINS"},
		"an address":        {[]string{"https://books.example.org/"}, "DOMAINS"},
		"two ways":          {[]string{domain, "--tls-cert", cert, "--tls-key", key}, "not both"},
		"another's key":     {[]string{"--tls-cert", cert, "--tls-key", otherKey}, otherKey},
		"an unreadable key": {[]string{"--tls-cert", cert, "--tls-key", locked}, locked},
		"no such key":       {[]string{"--tls-cert", cert, "--tls-key", key + "x"}, key + "x"},
		"a port in use":     {[]string{"--tls-cert", cert, "--tls-key", key, "--https", taken.Addr().String()}, "(set by --https): another program listens there"},
		"the other in use":  {[]string{"--tls-cert", cert, "--tls-key", key, "--http-challenge", taken.Addr().String()}, "(set by --http-challenge): another program listens there"},
		"no such root":      {[]string{domain, "--acme-ca-root", key + "x"}, key + "x"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			args := append([]string{"serve", "--https", freeAddress(t), "--http-challenge", freeAddress(t)}, tc.args...)
			_, stderr, code := run(t, command(t, dir, args...))
			if code != 1 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, tc.want) {
				t.Errorf("%d %s", code, stderr)
			}
		})
	}
}

// Without the right to a low port it says how to get it.
func TestLowPort(t *testing.T) {
	if os.Geteuid() == 0 {
		if _, err := exec.LookPath("setpriv"); err != nil {
			t.Skip("root may listen anywhere, and there is no setpriv to give that up")
		}
	}
	c := command(t, t.TempDir(), "serve", "--http", "127.0.0.1:81")
	if os.Geteuid() == 0 {
		c.Args = append([]string{"setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service", c.Path}, c.Args[1:]...)
		c.Path, _ = exec.LookPath("setpriv")
	}
	_, stderr, code := run(t, c)
	if code != 1 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "127.0.0.1:81") || !strings.Contains(stderr, "CAP_NET_BIND_SERVICE") {
		t.Errorf("%d %s", code, stderr)
	}
}

// With a download that nobody takes, a realtime connection and one that says
// nothing, it still ends in time.
func TestStopsInTime(t *testing.T) {
	s := startSite(t, t.TempDir())
	u, _, status := s.send(t, 20<<20)
	if status != 200 {
		t.Fatalf("upload: %d", status)
	}
	for _, http2 := range []bool{true, false} {
		for _, path := range []string{"/api/files/documents/" + u.ID + "/" + u.File, "/api/realtime"} {
			response, err := clientAt(s.https, s.trusted, http2).Get(s.url + path)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if response.StatusCode != 200 {
				t.Fatalf("%s: %d", path, response.StatusCode)
			}
		}
	}
	for _, addr := range []string{s.https, s.plain} {
		silent, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
	}
	began := time.Now()
	if code := s.stop(t); code != 0 || strings.Count(s.complaints(), "\n") != 1 || !strings.Contains(s.complaints(), "requests were cut off") {
		t.Errorf("ended with %d: %s", code, s.stderr)
	}
	t.Logf("it took %s", time.Since(began).Round(time.Millisecond))
	if time.Since(began) > 15*time.Second { // 10 s, on a machine that has other things to do
		t.Error("that is too long")
	}
}
