package testapp

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Pebble is a certificate authority that speaks ACME (RFC 8555) as Let's Encrypt
// does, and the names that it looks up. Every name is 127.0.0.1 unless Point
// says otherwise.
type Pebble struct {
	Directory string        // address of the ACME directory
	Root      string        // path of the PEM file that its own server is known by
	HTTPPort  int           // where HTTP-01 challenges are to be answered
	TLSPort   int           // where TLS-ALPN-01 challenges are
	Validity  time.Duration // of a certificate, whole seconds; set before Start

	folder     string
	door       *gate  // through which it is reached
	api, admin string // its addresses
	dns, names string // those of the name server
	programs   []*exec.Cmd
}

// NewPebble chooses the ports of an authority, which Start starts.
func NewPebble(t testing.TB) *Pebble {
	t.Helper()
	at := func() string { return fmt.Sprintf("127.0.0.1:%d", freePort(t)) }
	p := &Pebble{
		HTTPPort: freePort(t), TLSPort: freePort(t), Validity: 90 * 24 * time.Hour,
		folder: t.TempDir(), api: at(), admin: at(), dns: at(), names: at(),
	}
	p.door = &gate{at: at(), to: p.api}
	p.Directory = "https://" + p.door.at + "/dir"
	p.Root = filepath.Join(p.folder, "root.pem")
	cert, key := Certificate(t, x509.Certificate{Subject: pkix.Name{CommonName: "Pebble's own"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	p.write(t, "root.pem", cert)
	p.write(t, "key.pem", key)
	return p
}

// StartPebble starts an authority. It ends with the test.
func StartPebble(t testing.TB) *Pebble {
	t.Helper()
	p := NewPebble(t)
	p.Start(t)
	return p
}

// Start starts the authority and waits until it answers. Stopped before, it has
// forgotten everything: its accounts and the key that it signs with are new.
func (p *Pebble) Start(t testing.TB) {
	t.Helper()
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": p.api, "managementListenAddress": p.admin,
		"certificate": p.Root, "privateKey": filepath.Join(p.folder, "key.pem"),
		"httpPort": p.HTTPPort, "tlsPort": p.TLSPort, "retryAfter": map[string]int{"authz": 1, "order": 1},
		"domainBlocklist": []string{"blocked.example.org"},
		"profiles": map[string]any{"default": map[string]any{
			"description": "for tests", "validityPeriod": int(p.Validity.Seconds()),
		}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, "pebble.json", config)
	p.run(t, "pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dnsserver", p.dns,
		"-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "", "-management", p.names)
	p.run(t, "pebble", "-config", filepath.Join(p.folder, "pebble.json"), "-dnsserver", p.dns, "-strict")
	p.Return(t)
	client := p.client(t)
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		response, err := client.Get(p.Directory)
		if err == nil {
			response.Body.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("Pebble does not answer: %v", err)
		}
	}
}

func (p *Pebble) run(t testing.TB, name string, args ...string) {
	t.Helper()
	program := exec.Command(Tool(t, name), args...)
	// No naps before a challenge is looked at, no nonces refused for exercise, and
	// every order with a challenge of its own.
	program.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0", "PEBBLE_AUTHZREUSE=0")
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	p.programs = append(p.programs, program)
	t.Cleanup(p.Stop)
}

// Leave has nobody answer where the authority is, which goes on behind that.
func (p *Pebble) Leave() { p.door.shut() }

// Return ends Leave.
func (p *Pebble) Return(t testing.TB) {
	t.Helper()
	if err := p.door.open(); err != nil {
		t.Fatal(err)
	}
}

// Stop ends the authority and all that it knows.
func (p *Pebble) Stop() {
	p.Leave()
	for _, program := range p.programs {
		_ = program.Process.Kill()
		_ = program.Wait()
	}
	p.programs = nil
}

// Point has the name looked up as an address from now on.
func (p *Pebble) Point(t testing.TB, name, address string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"host": name + ".", "addresses": []string{address}})
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post("http://"+p.names+"/add-a", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("pointing %s to %s: %s", name, address, response.Status)
	}
}

// Issued is the root that the authority's certificates are checked against.
func (p *Pebble) Issued(t testing.TB) *x509.CertPool {
	t.Helper()
	response, err := p.client(t).Get("https://" + p.admin + "/roots/0")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatalf("Pebble's root: %s", text)
	}
	return pool
}

// client trusts the authority's own server.
func (p *Pebble) client(t testing.TB) *http.Client {
	t.Helper()
	text, err := os.ReadFile(p.Root)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true,
	}, Timeout: 5 * time.Second}
}

func (p *Pebble) write(t testing.TB, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.folder, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Certificate makes a certificate that signs itself, and its key, both in PEM.
// What the template leaves out is filled in: it is good from an hour ago on, for
// 90 days.
func Certificate(t testing.TB, template x509.Certificate) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if template.SerialNumber == nil {
		template.SerialNumber = big.NewInt(time.Now().UnixNano())
	}
	if template.NotBefore.IsZero() {
		template.NotBefore = time.Now().Add(-time.Hour)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = template.NotBefore.Add(90 * 24 * time.Hour)
	}
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}
