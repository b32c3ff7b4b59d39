package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"onlibrary/internal/testapp"
)

// lines is a log that tests read.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// with returns the lines that contain a text.
func (l *lines) with(text string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []string
	for line := range strings.Lines(l.b.String()) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// site is a web site on the ports where Pebble asks.
type site struct {
	*Keeper
	https string
	log   *lines
}

// open serves the certificates that the config names, over the kinds of
// challenges that are told.
func open(t *testing.T, p *testapp.Pebble, c Config, http01, alpn01 bool) *site {
	t.Helper()
	s := &site{log: &lines{}}
	c.CA, c.CARoot, c.Logger = p.Directory, p.Root, s.log.logger()
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	s.Keeper = New(c)
	port := p.TLSPort
	if !alpn01 {
		port = 0
	}
	https := listen(t, port)
	s.https = https.Addr().String()
	var challenges, secure net.Addr
	var plain net.Listener
	if http01 {
		plain = listen(t, p.HTTPPort)
		challenges = plain.Addr()
	}
	if alpn01 {
		secure = https.Addr()
	}
	if err := s.Open(challenges, secure); err != nil {
		t.Fatal(err)
	}
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "a page over %s", r.Proto) })
	quiet := log.New(s.log, "", 0)
	if plain != nil {
		run(t, &http.Server{Handler: s.Challenge(page), ReadHeaderTimeout: time.Minute, ErrorLog: quiet}, plain)
	}
	run(t, &http.Server{Handler: page, TLSConfig: s.TLSConfig(), ReadHeaderTimeout: time.Minute, ErrorLog: quiet}, https)
	s.Start()
	t.Cleanup(func() {
		s.Close()
		if t.Failed() {
			t.Log(s.log.with(""))
		}
	})
	return s
}

func listen(t *testing.T, port int) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

func run(t *testing.T, server *http.Server, at net.Listener) {
	t.Helper()
	go func() {
		if server.TLSConfig != nil {
			_ = server.ServeTLS(at, "", "")
		} else {
			_ = server.Serve(at)
		}
	}()
	t.Cleanup(func() { _ = server.Close() })
}

// get asks the site by a name over a new connection. Roots may be nil: then
// nothing is checked.
func (s *site) get(name string, roots *x509.CertPool) (*tls.ConnectionState, error) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", s.https)
		},
		TLSClientConfig:   &tls.Config{RootCAs: roots, ServerName: name, InsecureSkipVerify: roots == nil}, //nolint:gosec // see above
		ForceAttemptHTTP2: true, DisableKeepAlives: true,
	}}
	response, err := client.Get("https://" + name + "/")
	if err != nil {
		return nil, err
	}
	response.Body.Close()
	return response.TLS, nil
}

// await waits until something is.
func await(t *testing.T, within time.Duration, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("in vain: " + what)
		}
	}
}

// of is how the certificate of a domain stands.
func (s *site) of(t *testing.T, domain string) Status {
	t.Helper()
	for _, status := range s.Status() {
		if status.Domain == domain {
			return status
		}
	}
	t.Fatalf("nothing is known of %s: %+v", domain, s.Status())
	return Status{}
}

// anew is a name that no other test has: CertMagic remembers failures by name.
func anew(name string) string { return fmt.Sprintf("%s-%d.example.org", name, time.Now().UnixNano()) }
