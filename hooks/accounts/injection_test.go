package accounts

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
)

// odd are addresses that would add a header, a command or a recipient to a mail.
func odd() []string {
	return []string{
		"zoe@example.org\r\nBcc: all@example.org", "zoe@example.org\nBcc: all@example.org", "zoe@example.org\r\n", "\r\nzoe@example.org",
		"zoe@example.org\x00", "zoe\r\n@example.org", "zoe@example.org, all@example.org", "Zoe <zoe@example.org>", "zoe@example.org>\r\nRCPT TO:<all@example.org",
	}
}

func TestAddressWithALineBreakSignsNobodyUp(t *testing.T) {
	h, server := openWithMail(t)
	for _, activation := range []string{schema.ActivationNone, schema.ActivationEmail} {
		h.set(schema.Library, schema.LibraryID, m{"activation": activation})
		for _, email := range odd() {
			if a := h.ask(nil, "POST", users, signUpBody(m{"email": email})); a.status != 400 || a.code("email") != "validation_is_email" {
				t.Errorf("%q: %d %s", email, a.status, a.raw)
			}
		}
	}
	if h.count(schema.Users) != 0 || h.count(schema.Jobs) != 0 || server.Count(t) != 0 {
		t.Error("something is left")
	}
}

func TestAddressWithALineBreakIsNotSetByStaff(t *testing.T) {
	h := open(t)
	root, ann := h.user("root", schema.RoleAdmin), h.user("ann", schema.RoleVisitor)
	for _, email := range odd() {
		for who, as := range map[string]string{"POST": users, "PATCH": users + "/" + ann.Id} {
			h.stays(email, ann, func() {
				if a := h.ask(root, who, as, signUpBody(m{"email": email})); a.status != 400 || a.code("email") != "validation_is_email" {
					t.Errorf("%s %q: %d %s", who, email, a.status, a.raw)
				}
			})
		}
		if _, err := h.run("a-good-password\n", "create", "--email", email); err == nil || !strings.Contains(err.Error(), "email: ") {
			t.Errorf("command, %q: %v", email, err)
		}
	}
	if n := h.count(schema.Users); n != 2 {
		t.Errorf("%d users", n)
	}
}

func TestAddressWithALineBreakIsSentNothing(t *testing.T) {
	h, server := openWithMail(t)
	h.user("zoe", schema.RoleVisitor, waiting)
	for _, path := range []string{"request-password-reset", "request-verification"} {
		for _, email := range odd() {
			if a := h.ask(nil, "POST", collection+path, m{"email": email}); a.status != 400 || a.code("email") == nil {
				t.Errorf("%s %q: %d %s", path, email, a.status, a.raw)
			}
		}
	}
	if h.count(schema.Jobs) != 0 || server.Count(t) != 0 {
		t.Error("a mail is on its way")
	}
}

func TestAddressWithALineBreakComesByNoProvider(t *testing.T) {
	h := openWithProvider(t, schema.ActivationNone)
	for _, email := range odd() {
		p := person("zoe")
		p["email"] = email
		if a := h.signInBy(nil, p, nil); a.status != 400 || a.code("email") != "validation_is_email" || h.count(schema.Users) != 0 {
			t.Errorf("%q: %d %s", email, a.status, a.raw)
		}
	}
}

func TestNamesAreOneLine(t *testing.T) {
	h := open(t)
	root, ann := h.user("root", schema.RoleAdmin), h.user("ann", schema.RoleVisitor)
	const name = " Ann\r\nBcc: all@example.org\x00\t\u0085\u2028of  Wye "
	for _, who := range []*core.Record{root, ann} {
		a := h.ask(who, "PATCH", users+"/"+ann.Id, m{"name": name})
		if a.status != 200 || h.stored(ann).GetString("name") != "Ann Bcc: all@example.org of Wye" {
			t.Errorf("%d %s", a.status, a.raw)
		}
	}
	if a := h.ask(ann, "PATCH", users+"/"+ann.Id, m{"username": "ann\r\nBcc"}); a.status != 400 || a.code("username") != "validation_invalid_format" {
		t.Errorf("a username: %d %s", a.status, a.raw)
	}
}

func TestLinksInMailsDoNotGoByTheHost(t *testing.T) {
	h, server := openWithMail(t)
	h.set(schema.Library, schema.LibraryID, m{"activation": schema.ActivationEmail})
	ann := h.user("ann", schema.RoleVisitor)
	evil := []string{"Host", "evil.example", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "http", "Forwarded", "host=evil.example", "Origin", "https://evil.example", "Referer", "https://evil.example/"}
	if a := h.header(collection+"request-password-reset", m{"email": ann.Email(), "redirect": "https://evil.example", "redirectURL": "https://evil.example"}, evil...); a.status != 204 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	linked(t, server.AwaitTo(t, ann.Email(), "Choose a new password"), "/reset-password?token=")
	if a := h.header("/api/collections/users/records?redirect=https://evil.example", signUpBody(m{"redirect": "//evil.example"}), evil...); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	linked(t, server.AwaitTo(t, "new@example.org", "Confirm"), "/verify?token=")
}

// What comes back from a provider leads to PocketBase's own pages, whatever it
// says of where it wants to go.
func TestProvidersAnswerLeadsNowhereElse(t *testing.T) {
	h := open(t)
	for _, query := range []string{
		"?state=x&code=y&redirect=https://evil.example", "?state=//evil.example&code=y", "?state=x&error=https://evil.example", "?redirectURL=https://evil.example",
	} {
		if to := h.leadsTo("/api/oauth2-redirect" + query); !strings.HasPrefix(to, h.url+"/_/#/auth/oauth2-redirect-failure") {
			t.Errorf("%s leads to %s", query, to)
		}
	}
}

// leadsTo is where an answer sends the browser.
func (h *house) leadsTo(path string) string {
	h.t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(h.url + path)
	if err != nil {
		h.t.Fatal(err)
	}
	response.Body.Close()
	to, err := response.Location()
	if err != nil {
		h.t.Fatalf("%s: %d: %v", path, response.StatusCode, err)
	}
	return to.String()
}
