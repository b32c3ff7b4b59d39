package metrics

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/testapp"
)

func nobody(netip.Addr) bool { return false }

// The metrics are for programs of this machine that ask directly, and for those
// who show the token. To others there is no such page.
func TestWhoMayScrape(t *testing.T) {
	h := serve(t)
	missing := h.Do(t, nil, "GET", "/no/such/page", nil)
	for _, tc := range []struct {
		name    string
		headers []string
		want    int
	}{
		{"direct", nil, 200},
		{"a proxy", []string{"X-Forwarded-For", "203.0.113.5"}, 404},
		{"a proxy that says nothing in its header", []string{"X-Forwarded-For", ""}, 404},
		{"a proxy by the standard's header", []string{"Forwarded", "for=127.0.0.1"}, 404},
		{"nginx", []string{"X-Real-IP", "127.0.0.1"}, 404},
		{"a gateway", []string{"Via", "1.1 gate"}, 404},
		{"another name of this machine", []string{"Host", "localhost"}, 200},
		{"by the public name", []string{"Host", "books.example.org"}, 404},
		{"a page in a browser", []string{"Origin", "https://evil.example"}, 404},
		{"a picture in a page", []string{"Sec-Fetch-Site", "cross-site"}, 404},
		{"the token", []string{"Authorization", "Bearer " + token, "X-Forwarded-For", "203.0.113.5"}, 200},
		{"the token, otherwise spelt", []string{"Authorization", "bearer " + token, "Host", "books.example.org"}, 200},
		{"another token", []string{"Authorization", "Bearer x" + token, "Via", "1.1 gate"}, 404},
		{"the token's beginning", []string{"Authorization", "Bearer " + token[:5], "Via", "1.1 gate"}, 404},
		{"no scheme", []string{"Authorization", token, "Via", "1.1 gate"}, 404},
		{"another scheme", []string{"Authorization", "Basic " + token, "Via", "1.1 gate"}, 404},
	} {
		a := h.ask(t, tc.headers)
		if a.Status != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, a.Status, tc.want)
		}
		if tc.want == 404 && string(a.Raw) != string(missing.Raw) {
			t.Errorf("%s: %s, unlike %s", tc.name, a.Raw, missing.Raw)
		}
	}
	if a := h.Do(t, nil, "GET", "/metrics?token="+token, nil, "Via", "1.1 gate"); a.Status != 404 {
		t.Errorf("a token in the address: %d", a.Status)
	}
	h.room.Token = ""
	for _, header := range []string{"Bearer ", "Bearer", ""} {
		if a := h.ask(t, []string{"Authorization", header, "Via", "1.1 gate"}); a.Status != 404 {
			t.Errorf("%q opens what has no token: %d", header, a.Status)
		}
	}
}

// nginx, where it is not told otherwise, sends no header that a proxy is known by.
func TestBareProxyMayNotScrape(t *testing.T) {
	h := serve(t)
	for protocol, want := range map[string]string{"1.0": " 404 ", "1.1": " 200 "} {
		at := strings.TrimPrefix(h.URL, "http://")
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(c, "GET /metrics HTTP/%s\r\nHost: %s\r\nConnection: close\r\n\r\n", protocol, at); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(c)
		c.Close()
		if line, _, _ := strings.Cut(string(answer), "\r\n"); err != nil || !strings.Contains(line, want) {
			t.Errorf("HTTP/%s: %s %v", protocol, line, err)
		}
	}
}

func (h *house) ask(t *testing.T, headers []string) testapp.Answer {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			q.Host = headers[i+1]
			continue
		}
		q.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return testapp.Answer{Status: response.StatusCode, Header: response.Header, Raw: raw}
}

func TestDirect(t *testing.T) {
	app := testapp.New(t)
	for peer, want := range map[string]bool{
		"127.0.0.1:9": true, "127.9.9.9:9": true, "[::1]:9": true, "[::ffff:127.0.0.1]:9": true,
		"203.0.113.5:9": false, "10.0.0.1:9": false, "[2001:db8::1]:9": false, "@": false, "": false,
	} {
		e := &core.RequestEvent{App: app}
		e.Request = httptest.NewRequest(http.MethodGet, "http://127.0.0.1/metrics", nil)
		e.Request.RemoteAddr = peer
		if direct(e) != want {
			t.Errorf("%q: %v", peer, !want)
		}
		app.Settings().TrustedProxy.Headers = []string{"X-Own-Header"}
		e.Request.Header.Set("X-Own-Header", "127.0.0.1")
		if direct(e) {
			t.Errorf("%q: the header of the settings is no forwarding", peer)
		}
	}
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST:8090": true, "127.0.0.1": true, "127.0.0.1:8090": true, "[::1]:8090": true, "[::1]": true,
		"": false, "books.example.org": false, "localhost.example.org": false, "10.0.0.1": false, "127.0.0.1.example.org": false,
	} {
		if local(host) != want {
			t.Errorf("host %q: %v", host, !want)
		}
	}
}
