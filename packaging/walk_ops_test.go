//go:build ops && linux

package packaging

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"onlibrary/internal/testapp"
)

// walk is the commands that docs/install.md has people enter on a server with
// Debian, by the heading that they stand under, in order.
func walk(t *testing.T) (headings []string, blocks map[string][]string) {
	t.Helper()
	text := read(t, "../docs/install.md")
	_, text, _ = strings.Cut(text, "\n## A server with Debian\n")
	text, _, _ = strings.Cut(text, "\n## ")
	blocks = map[string][]string{}
	for i, part := range strings.Split("Install\n"+text, "\n### ") {
		heading, rest, _ := strings.Cut(part, "\n")
		headings = append(headings, heading)
		for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(rest, -1) {
			blocks[heading] = append(blocks[heading], m[1])
		}
		if len(blocks[heading]) == 0 {
			t.Fatalf("part %d, %s, has no commands", i, heading)
		}
	}
	return headings, blocks
}

// TestOpsWalkThrough follows docs/install.md word for word on a fresh Debian
// with systemd as process 1, from an empty server to signing in over HTTPS, with
// a certificate authority that looks at ports 80 and 443 as Let's Encrypt does,
// and on to an upgrade and the end.
func TestOpsWalkThrough(t *testing.T) {
	const domain = "books.example.org" // the document's own
	older, newer := deb(t, "0.0.1"), deb(t, "0.0.2")
	headings, blocks := walk(t)
	if got := strings.Join(headings, ", "); got != "Install, Commands, Settings, Upgrade, Remove" {
		t.Fatalf("the document has %s", got)
	}
	for _, port := range []string{":80", ":443"} {
		l, err := net.Listen("tcp", port)
		if err != nil {
			t.Fatalf("this machine's own ports are taken: %v", err)
		}
		must(t, l.Close())
	}
	authority := testapp.NewPebble(t)
	authority.HTTPPort, authority.TLSPort = 80, 443
	authority.Start(t)

	b := fresh(t)
	b.given(authority.Root, "/etc/authority.pem")
	conf := filepath.Join(t.TempDir(), "conf")
	must(t, os.WriteFile(conf, []byte("[Service]\nEnvironment=ONLIBRARY_ACME_CA="+authority.Directory+" ONLIBRARY_ACME_CA_ROOT=/etc/authority.pem\n"), 0o600))
	b.given(conf, "/etc/systemd/system/onlibrary.service.d/authority.conf")
	b.given(older, desk+"/onlibrary_0.0.1_amd64.deb")
	b.boots()

	start := time.Now()
	var said string
	for _, block := range blocks["Install"] {
		said = b.runs(block)
	}
	t.Logf("installed within %v", time.Since(start).Round(time.Second))
	link := regexp.MustCompile(`https://` + domain + `(/setup\?token=(\S+))`).FindStringSubmatch(said)
	if link == nil {
		t.Fatalf("no link to set it up: %s", said)
	}
	ada := &reader{t: t, base: "https://" + domain, http: browser(authority.Issued(t))}
	ada.awaits()
	if code := ada.ask("GET", link[1], "", nil, nil); code != http.StatusOK {
		t.Fatalf("the link leads nowhere: %d", code)
	}
	body, err := json.Marshal(map[string]string{"token": link[2], "libraryName": "The Reading Room", "language": "en", "timezone": "Europe/Lisbon", "email": email, "name": "Ada", "password": password})
	must(t, err)
	if code := ada.ask("POST", "/api/library/setup", "application/json", bytes.NewReader(body), nil); code >= 300 {
		t.Fatalf("it is not set up: %d", code)
	}
	ada.signIn(email, password)
	took := time.Since(start)
	t.Logf("signed in over HTTPS within %v", took.Round(time.Second))
	if took > 5*time.Minute {
		t.Errorf("it took %v from an empty server to signing in", took)
	}
	var kept []document
	for name, content := range map[string][]byte{"film.mp4": film(t), "page.pdf": page(), "picture.png": picture(t)} {
		d := ada.uploads(name, content)
		if d.State != "ready" || d.StateDetail != "" || d.Thumbnail == "" {
			t.Errorf("%s: no preview: %+v", name, d)
		}
		kept = append(kept, d)
	}

	// What keeps a hostile file in holds within the unit's bounds, too.
	b.runs(`cd /run/systemd/system && sed 's/^Type=.*/Type=oneshot/; s/^Restart=.*/Restart=no/; /^WatchdogSec=/d; /^WantedBy=/d; s#^ExecStart=.*#ExecStart=-/usr/bin/onlibrary doctor#' /usr/lib/systemd/system/onlibrary.service > doctor.service && systemctl start doctor`)
	if said := b.runs("journalctl --no-pager -u doctor"); !strings.Contains(said, "own user, process, network and IPC namespaces, Landlock") {
		t.Errorf("previews are not kept in:\n%s", said)
	}

	for _, block := range blocks["Commands"] {
		b.runs(block, "another-password\n")
	}
	ann := &reader{t: t, base: ada.base, http: ada.http}
	ann.signIn("ann@example.org", "another-password")
	for _, block := range blocks["Settings"] {
		b.runs(block)
	}
	ada.awaits()
	// systemd holds the ports now: nobody is turned away.
	b.runs("systemctl stop onlibrary")
	waits := make(chan int)
	go func() { waits <- ada.ask("GET", "/api/health", "", nil, nil) }()
	if code := <-waits; code != http.StatusOK {
		t.Errorf("who came while it was stopped got %d", code)
	}
	b.says("systemctl is-active onlibrary", "active")

	must(t, os.Remove(filepath.Join(b.root, desk, "onlibrary_0.0.1_amd64.deb")))
	b.given(newer, desk+"/onlibrary_0.0.2_amd64.deb")
	for _, block := range blocks["Upgrade"] {
		b.runs(block)
	}
	b.says("onlibrary version", "onlibrary v0.0.2")
	ada.awaits()
	for _, d := range kept {
		if now := ada.sees(d.ID); now.SHA256 != d.SHA256 || now.Thumbnail != d.Thumbnail {
			t.Errorf("%+v, was %+v", now, d)
		}
	}
	for _, block := range blocks["Remove"] {
		b.runs(block)
	}
	b.runs("test -s /var/lib/onlibrary/data.db && ! test -e /usr/bin/onlibrary && ! systemctl is-active onlibrary")
}

// browser is a client for which every name is this machine, and that trusts the
// authority.
func browser(trusted *x509.CertPool) *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: trusted},
		ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(addr)
			if err != nil {
				return nil, err
			}
			return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
		},
	}}
}
