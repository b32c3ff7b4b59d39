package accounts

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

const (
	oidcClient = "library"
	oidcSecret = "known to both"
	// oidcRedirect is the page to which the provider sends people back.
	oidcRedirect = "https://books.example.org/signed-in"
)

// oidcServer starts the OpenID Connect server of all tests and returns its
// issuer. It ends with the tests: its standard input does.
var oidcServer = sync.OnceValues(func() (string, error) {
	script := filepath.Join("..", "..", "ui", "tests", "oidc", "provider.mjs")
	cmd := exec.Command("node", script, oidcClient, oidcSecret, oidcRedirect)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	go func() {
		_ = cmd.Wait() // it holds both pipes until then
		_ = stdin.Close()
	}()
	return strings.TrimPrefix(strings.TrimSpace(line), "issuer "), err
})

// provider makes the real OpenID Connect server the library's, as one does in the
// dashboard.
func (h *house) provider() {
	h.t.Helper()
	_, missing := os.Stat(filepath.Join("..", "..", "ui", "node_modules", "oidc-provider"))
	if _, err := exec.LookPath("node"); missing != nil || err != nil {
		if os.Getenv("CI") != "" {
			h.t.Fatal("the OpenID Connect server is missing: npm ci --prefix ui")
		}
		h.t.Skip("the OpenID Connect server is missing: npm ci --prefix ui")
	}
	issuer, err := oidcServer()
	if err != nil {
		h.t.Fatalf("the OpenID Connect server does not start: %v", err)
	}
	h.options(func(c *core.Collection) {
		c.OAuth2.Enabled = true
		c.OAuth2.Providers = []core.OAuth2ProviderConfig{{
			Name: "oidc", ClientId: oidcClient, ClientSecret: oidcSecret, DisplayName: "The University",
			AuthURL: issuer + "/auth", TokenURL: issuer + "/token", UserInfoURL: issuer + "/me",
		}}
	})
}

// grant is what a browser comes back with.
type grant struct{ code, verifier string }

// atProvider walks a browser through the provider's pages as a person, whose
// claims these are.
func (h *house) atProvider(person m) grant {
	h.t.Helper()
	methods := h.ask(nil, "GET", "/api/collections/users/auth-methods", nil)
	provider := methods.at("oauth2", "providers").([]any)[0].(m)
	if challenge, _ := provider["codeChallengeMethod"].(string); challenge != "S256" {
		h.t.Fatalf("no PKCE: %s", methods.raw)
	}
	login, err := json.Marshal(person)
	if err != nil {
		h.t.Fatal(err)
	}
	jar, _ := cookiejar.New(nil) // never fails
	back := errors.New("back at the library")
	browser := http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), oidcRedirect) {
			return back
		}
		return nil
	}}
	form := regexp.MustCompile(`action="([^"]+)"[^>]*>\s*<input type="hidden" name="prompt" value="(\w+)"`)
	response, err := browser.Get(provider["authURL"].(string) + url.QueryEscape(oidcRedirect))
	for err == nil {
		page, readErr := io.ReadAll(response.Body)
		response.Body.Close()
		found := form.FindSubmatch(page)
		if readErr != nil || found == nil {
			h.t.Fatalf("no form (%v) on %s", readErr, page)
		}
		response, err = browser.PostForm(string(found[1]), url.Values{
			"prompt": {string(found[2])}, "login": {string(login)}, "password": {"any"},
		})
	}
	if !errors.Is(err, back) {
		h.t.Fatal(err)
	}
	response.Body.Close()
	to, err := response.Location()
	if err != nil || to.Query().Get("code") == "" || to.Query().Get("state") != provider["state"] {
		h.t.Fatalf("back at %s: %v", to, err)
	}
	return grant{to.Query().Get("code"), provider["codeVerifier"].(string)}
}

// signInBy signs in by the provider, from its first page to our answer.
func (h *house) signInBy(as *core.Record, person, create m) answer {
	h.t.Helper()
	return h.redeem(as, h.atProvider(person), m{"createData": create})
}

func (h *house) redeem(as *core.Record, g grant, more m) answer {
	h.t.Helper()
	body := m{"provider": "oidc", "code": g.code, "codeVerifier": g.verifier, "redirectURL": oidcRedirect}
	for k, v := range more {
		body[k] = v
	}
	return h.ask(as, "POST", "/api/collections/users/auth-with-oauth2", body)
}

// person is somebody whom the provider knows by a verified address.
func person(name string) m {
	return m{"sub": "sub-" + name, "name": name, "email": name + "@example.org", "email_verified": true}
}

// byAddress is the account of an address, nil if there is none.
func (h *house) byAddress(email string) *core.Record {
	u, err := h.FindAuthRecordByEmail(schema.Users, email)
	if err != nil {
		return nil
	}
	return u
}

func openWithProvider(t *testing.T, activation string) *house {
	t.Helper()
	h := open(t)
	h.smtp()
	h.provider()
	h.set(schema.Library, schema.LibraryID, m{"activation": activation})
	return h
}

func TestProviderSignsUpWithoutActivation(t *testing.T) {
	h := openWithProvider(t, schema.ActivationNone)
	a := h.signInBy(nil, person("zoe"), m{"language": "fr", "timezone": "Europe/Paris"})
	if a.status != 200 || a.at("token") == "" || a.at("meta", "isNew") != true {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	u := h.byAddress("zoe@example.org")
	for field, want := range map[string]string{
		"state": schema.StateActive, "role": schema.RoleVisitor, "username": "zoe", "name": "zoe", "language": "fr", "timezone": "Europe/Paris",
		"verified": "true", "channels": `["push","mail"]`, "avatar": "",
	} {
		if got := u.GetString(field); got != want && !(field == "channels" && len(u.GetStringSlice(field)) == 2) {
			t.Errorf("%s %q, want %q", field, got, want)
		}
	}
	if u.GetDateTime("lastLogin").IsZero() {
		t.Error("the sign-in is not noted")
	}
	again := h.signInBy(nil, m{"sub": "sub-zoe", "name": "Another", "email": "moved@example.org", "email_verified": true}, nil)
	if again.status != 200 || again.at("record", "id") != u.Id || again.at("record", "email") != "zoe@example.org" || again.at("record", "name") != "zoe" {
		t.Errorf("the second time: %d %s", again.status, again.raw)
	}
}

func TestProviderVouchesForTheAddress(t *testing.T) {
	h := openWithProvider(t, schema.ActivationEmail)
	if a := h.signInBy(nil, person("zoe"), nil); a.status != 200 || a.at("record", "state") != schema.StateActive || a.at("record", "verified") != true {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if n := h.count(schema.Jobs); n != 0 {
		t.Errorf("%d mails about an address that is proved", n)
	}
}

func TestUnverifiedAddressOfAProviderIsNotTaken(t *testing.T) {
	h := openWithProvider(t, schema.ActivationEmail)
	p := person("zoe")
	p["email_verified"] = false
	a := h.signInBy(nil, p, nil)
	if a.status != 403 || a.code("fault") != "account_pending" || h.byAddress("zoe@example.org") != nil {
		t.Errorf("%d %s", a.status, a.raw)
	}
	u, err := h.FindFirstRecordByData(schema.Users, "name", "zoe")
	if err != nil || u.GetString("state") != schema.StatePending || u.Verified() && u.Email() != "" || u.GetString("username") != "zoe" {
		t.Fatalf("%v %v", u, err)
	}
	h.set(schema.Users, u.Id, m{"state": schema.StateActive})
	if a := h.signInBy(nil, p, nil); a.status != 200 || a.at("record", "id") != u.Id {
		t.Errorf("let in: %d %s", a.status, a.raw)
	}
}

func TestProviderSignsUpForApproval(t *testing.T) {
	h := openWithProvider(t, schema.ActivationApproval)
	for range 2 { // the second time the account is there
		if a := h.signInBy(nil, person("zoe"), nil); a.status != 403 || a.code("fault") != "account_pending" || strings.Contains(a.raw, "token") {
			t.Errorf("%d %s", a.status, a.raw)
		}
	}
	u := h.byAddress("zoe@example.org")
	if u == nil || u.GetString("state") != schema.StatePending || !u.Verified() {
		t.Fatalf("%v", u)
	}
	h.set(schema.Users, u.Id, m{"state": schema.StateActive})
	if a := h.signInBy(nil, person("zoe"), nil); a.status != 200 || a.at("record", "id") != u.Id {
		t.Errorf("approved: %d %s", a.status, a.raw)
	}
}

func TestProviderSignsNobodyUpWhereSignUpIsClosed(t *testing.T) {
	h := openWithProvider(t, schema.ActivationNone)
	h.set(schema.Library, schema.LibraryID, m{"signup": schema.SignupClosed})
	ann := h.user("ann", schema.RoleVisitor)
	if a := h.signInBy(nil, person("zoe"), nil); a.status != 403 || a.code("fault") != "signup_closed" || h.byAddress("zoe@example.org") != nil || h.count("_externalAuths") != 0 {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if a := h.signInBy(nil, person("ann"), nil); a.status != 200 || a.at("record", "id") != ann.Id {
		t.Errorf("who has an account: %d %s", a.status, a.raw)
	}
}

func TestProviderSignsUpAllowedDomainsOnly(t *testing.T) {
	h := openWithProvider(t, schema.ActivationNone)
	h.set(schema.LibrarySettings, schema.LibrarySettingsID, m{"allowedEmailDomains": []string{"school.example"}})
	without := person("amy")
	without["email_verified"] = false
	for name, p := range map[string]m{"another domain": person("zoe"), "no address": without} {
		if a := h.signInBy(nil, p, nil); a.status != 400 || a.code("email") != "email_domain_not_allowed" {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	if n := h.count(schema.Users); n != 0 {
		t.Errorf("%d accounts", n)
	}
	if a := h.signInBy(nil, m{"sub": "1", "email": "bob@School.example", "email_verified": true}, nil); a.status != 200 {
		t.Errorf("an allowed one: %d %s", a.status, a.raw)
	}
}

func TestNobodyChoosesMoreThanAProfileByAProvider(t *testing.T) {
	h := openWithProvider(t, schema.ActivationNone)
	for field, value := range (m{
		"role": schema.RoleAdmin, "role+": schema.RoleAdmin, "state": schema.StatePending, "verified": true, "id": "aaaaaaaaaaaaaaa",
		"lastLogin": "2020-01-01 00:00:00.000Z", "email": "claimed@example.org",
	}) {
		a := h.signInBy(nil, person("zoe"), m{field: value})
		if a.status != 400 || a.code(strings.TrimSuffix(field, "+")) == nil || h.count(schema.Users) != 0 || h.count("_externalAuths") != 0 {
			t.Errorf("%s: %d %s", field, a.status, a.raw)
		}
	}
	a := h.signInBy(nil, person("zoe"), m{"tokenKey": strings.Repeat("k", 50), "usernameKey": "root", "emailVisibility": true, "email": "ZOE@example.org"})
	u := h.byAddress("zoe@example.org")
	if a.status != 200 || u == nil || u.TokenKey() == strings.Repeat("k", 50) || u.GetString("usernameKey") != "zoe" || u.EmailVisibility() {
		t.Errorf("what is nobody's to choose: %d %s", a.status, a.raw)
	}
}

// Somebody signs up with an address that is not theirs and waits for its owner.
func TestProviderTakesAnAccountFromWhoHasNotProvedTheAddress(t *testing.T) {
	h := openWithProvider(t, schema.ActivationNone)
	a := h.ask(nil, "POST", users, signUpBody(m{"email": "zoe@example.org", "username": "hers"}))
	hers := h.byAddress("zoe@example.org")
	if a.status != 200 || hers.Verified() {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	old := testapp.Token(t, hers)
	files, _ := h.with(old, "POST", "/api/files/token", "").at("token").(string)
	reset, err := hers.NewPasswordResetToken()
	if err != nil {
		t.Fatal(err)
	}
	listening := h.connect(old, "users/"+hers.Id)
	foreign := core.NewExternalAuth(h)
	foreign.SetCollectionRef(hers.Collection().Id)
	foreign.SetRecordRef(hers.Id)
	foreign.SetProvider("oidc2")
	foreign.SetProviderId("attacker")
	if err := h.Save(foreign); err != nil {
		t.Fatal(err)
	}
	if a := h.signInBy(nil, person("zoe"), nil); a.status != 200 || a.at("record", "id") != hers.Id || !h.stored(hers).Verified() {
		t.Fatalf("the owner: %d %s", a.status, a.raw)
	}
	if a := h.ask(nil, "POST", collection+"auth-with-password", m{"identity": "hers", "password": "a-good-password"}); a.status != 400 {
		t.Errorf("the password lives: %d %s", a.status, a.raw)
	}
	if a := h.with(old, "GET", "/api/library/me", ""); a.status != 401 {
		t.Errorf("the token lives: %d", a.status)
	}
	if a := h.with(files, "GET", "/api/library/me", ""); a.status != 401 {
		t.Errorf("the token of files lives: %d", a.status)
	}
	if a := h.ask(nil, "POST", collection+"confirm-password-reset", m{"token": reset, "password": "another-password", "passwordConfirm": "another-password"}); a.status != 400 {
		t.Errorf("the reset lives: %d %s", a.status, a.raw)
	}
	listening.closes(t, "taken over")
	if n := h.count("_externalAuths"); n != 1 {
		t.Errorf("%d providers, want the owner's", n)
	}
}

func TestProviderLeavesAProvedAccountsPasswordAlone(t *testing.T) {
	h := openWithProvider(t, schema.ActivationNone)
	ann := h.user("ann", schema.RoleCustomer)
	token := testapp.Token(t, ann)
	p := person("ann")
	p["email"] = "ANN@example.org"
	if a := h.signInBy(nil, p, m{"role": schema.RoleAdmin, "name": "Root"}); a.status != 200 || a.at("record", "id") != ann.Id {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	got := h.stored(ann)
	if got.GetString("role") != schema.RoleCustomer || got.GetString("name") != "ann" || !got.ValidatePassword(testapp.Password) {
		t.Errorf("changed: %v", got.FieldsData())
	}
	if a := h.with(token, "GET", "/api/library/me", ""); a.status != 200 {
		t.Errorf("the other session: %d", a.status)
	}
}

func TestProviderProvesAnAddressInOtherCapitals(t *testing.T) {
	h := openWithProvider(t, schema.ActivationEmail)
	waiting := h.user("waiting", schema.RoleCustomer, func(r *core.Record) { r.Set("state", schema.StatePending); r.SetVerified(false) })
	p := person("waiting")
	p["email"] = "Waiting@Example.org"
	if a := h.signInBy(nil, p, nil); a.status != 200 || h.stored(waiting).GetString("state") != schema.StateActive || !h.stored(waiting).Verified() {
		t.Errorf("%d %s", a.status, a.raw)
	}
}

func TestProviderChangesNothingOfAnInactiveAccount(t *testing.T) {
	h := openWithProvider(t, schema.ActivationNone)
	gone := h.user("gone", schema.RoleCustomer, func(r *core.Record) { r.Set("state", schema.StateInactive); r.SetVerified(false) })
	before := h.stored(gone)
	if a := h.signInBy(nil, person("gone"), nil); a.status != 403 || a.code("fault") != "account_inactive" {
		t.Errorf("%d %s", a.status, a.raw)
	}
	unchanged(t, "the sign-in", before, h.stored(gone))
	if n := h.count("_externalAuths"); n != 0 {
		t.Error("it has a provider now")
	}
}

func TestPatronAddsAProvider(t *testing.T) {
	h := openWithProvider(t, schema.ActivationNone)
	h.set(schema.LibrarySettings, schema.LibrarySettingsID, m{"allowedEmailDomains": []string{"school.example"}})
	h.user("zoe", schema.RoleVisitor)
	for i, p := range []m{person("zoe"), person("elsewhere"), {"sub": "3", "email": "ann@school.example", "email_verified": true}} {
		pupil := h.user(fmt.Sprint("pupil", i), schema.RoleVisitor, func(r *core.Record) { r.SetEmail("") })
		if a := h.signInBy(pupil, p, nil); a.status != 200 || a.at("record", "id") != pupil.Id {
			t.Fatalf("%v: %d %s", p, a.status, a.raw)
		}
		// Somebody else's address, and one that the library does not take, stay away.
		if got, want := h.stored(pupil).Email(), []string{"", "", "ann@school.example"}[i]; got != want {
			t.Errorf("%v gave the address %q", p, got)
		}
		if !h.stored(pupil).ValidatePassword(testapp.Password) {
			t.Errorf("%v: the password is gone", p)
		}
		if a := h.signInBy(nil, p, nil); a.status != 200 || a.at("record", "id") != pupil.Id {
			t.Errorf("%v, signed out: %d %s", p, a.status, a.raw)
		}
	}
}

func TestProvidersCodeWorksOnceAndWithItsVerifierOnly(t *testing.T) {
	h := openWithProvider(t, schema.ActivationNone)
	for name, more := range map[string]m{
		"another verifier": {"codeVerifier": strings.Repeat("v", 43)}, "no verifier": {"codeVerifier": ""},
		"another page": {"redirectURL": "https://evil.example/"}, "another code": {"code": "made-up"},
	} {
		if a := h.redeem(nil, h.atProvider(person("zoe")), more); a.status != 400 {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	if n := h.count(schema.Users); n != 0 {
		t.Errorf("%d accounts", n)
	}
	g := h.atProvider(person("zoe"))
	if a := h.redeem(nil, g, nil); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	if a := h.redeem(nil, g, nil); a.status != 400 {
		t.Errorf("a second time: %d %s", a.status, a.raw)
	}
}

func TestProvidersAreToldFromEachOtherByTheirIDTokens(t *testing.T) {
	h := openWithProvider(t, schema.ActivationNone)
	for issuer, status := range map[string]int{"the provider's": 200, "https://evil.example": 400} {
		h.options(func(c *core.Collection) {
			p := &c.OAuth2.Providers[0]
			base := strings.TrimSuffix(p.AuthURL, "/auth")
			if issuer == "the provider's" {
				issuer = base
			}
			p.UserInfoURL = ""
			p.Extra = m{"jwksURL": base + "/jwks", "issuers": []string{issuer}}
		})
		if a := h.signInBy(nil, person("zoe"), nil); a.status != status {
			t.Errorf("%s: %d %s", issuer, a.status, a.raw)
		}
	}
}

func TestLongNameOfAProviderIsCut(t *testing.T) {
	h := openWithProvider(t, schema.ActivationNone)
	p := person("zoe")
	p["name"] = "Zoë\r\nBcc: all@example.org " + strings.Repeat("é", 200)
	a := h.signInBy(nil, p, nil)
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	name := h.byAddress("zoe@example.org").GetString("name")
	if !strings.HasPrefix(name, "Zoë Bcc: all@example.org é") || len([]rune(name)) > nameMost {
		t.Errorf("%q", name)
	}
}
