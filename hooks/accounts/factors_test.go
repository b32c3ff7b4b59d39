package accounts

import (
	"regexp"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// openWithFactors opens a library that wants two factors of everybody.
func openWithFactors(t *testing.T) (*house, *testapp.Mailpit) {
	t.Helper()
	h, server := openWithMail(t)
	h.options(func(c *core.Collection) { c.OTP.Enabled, c.MFA.Enabled = true, true })
	return h, server
}

// password signs in by the first factor and returns the session of the second.
func (h *house) password(username string) answer {
	h.t.Helper()
	return h.ask(nil, "POST", collection+"auth-with-password", m{"identity": username, "password": testapp.Password})
}

// code asks for a one-time password and reads it in the mailbox.
func (h *house) code(server *testapp.Mailpit, u *core.Record) (id, code string) {
	h.t.Helper()
	before := server.Count(h.t)
	a := h.ask(nil, "POST", collection+"request-otp", m{"email": u.Email()})
	id, _ = a.at("otpId").(string)
	if a.status != 200 || id == "" {
		h.t.Fatalf("%d %s", a.status, a.raw)
	}
	// A mail about the last sign-in may come between.
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		for _, mail := range server.Mails(h.t)[before:] {
			if code = regexp.MustCompile(`\b\d{8}\b`).FindString(mail.Text); mail.To == u.Email() && code != "" {
				return id, code
			}
		}
	}
	h.t.Fatalf("no code has come to %s", u.Email())
	return "", ""
}

func TestTwoFactorsSignIn(t *testing.T) {
	h, server := openWithFactors(t)
	ann := h.user("ann", schema.RoleVisitor)
	first := h.password("ann")
	mfa, _ := first.at("mfaId").(string)
	if first.status != 401 || mfa == "" || first.at("token") != nil || !h.stored(ann).GetDateTime("lastLogin").IsZero() {
		t.Fatalf("the password alone: %d %s", first.status, first.raw)
	}
	id, code := h.code(server, ann)
	a := h.ask(nil, "POST", collection+"auth-with-otp", m{"otpId": id, "password": code, "mfaId": mfa})
	token, _ := a.at("token").(string)
	if a.status != 200 || h.with(token, "GET", "/api/library/me", "").status != 200 || h.stored(ann).GetDateTime("lastLogin").IsZero() {
		t.Errorf("both: %d %s", a.status, a.raw)
	}
	if n := h.count(core.CollectionNameMFAs) + h.count(core.CollectionNameOTPs); n != 0 {
		t.Errorf("%d halves of a sign-in are left", n)
	}
}

func TestOneFactorTwiceIsNotTwo(t *testing.T) {
	h, server := openWithFactors(t)
	ann := h.user("ann", schema.RoleVisitor)
	mfa := h.password("ann").at("mfaId")
	if a := h.ask(nil, "POST", collection+"auth-with-password", m{"identity": "ann", "password": testapp.Password, "mfaId": mfa}); a.status != 400 || a.at("token") != nil {
		t.Errorf("the password twice: %d %s", a.status, a.raw)
	}
	id, code := h.code(server, ann)
	a := h.ask(nil, "POST", collection+"auth-with-otp", m{"otpId": id, "password": code})
	if a.status != 401 || a.at("token") != nil {
		t.Fatalf("the code alone: %d %s", a.status, a.raw)
	}
	again, code := h.code(server, ann)
	if a := h.ask(nil, "POST", collection+"auth-with-otp", m{"otpId": again, "password": code, "mfaId": a.at("mfaId")}); a.status != 400 || a.at("token") != nil {
		t.Errorf("a code twice: %d %s", a.status, a.raw)
	}
}

func TestSecondFactorIsOfTheSameAccountAndOnce(t *testing.T) {
	h, server := openWithFactors(t)
	h.user("ann", schema.RoleVisitor)
	bob := h.user("bob", schema.RoleVisitor)
	anns := h.password("ann").at("mfaId")
	id, code := h.code(server, bob)
	if a := h.ask(nil, "POST", collection+"auth-with-otp", m{"otpId": id, "password": code, "mfaId": anns}); a.status != 400 || a.at("token") != nil {
		t.Errorf("another's password: %d %s", a.status, a.raw)
	}
	mfa := h.password("bob").at("mfaId")
	id, code = h.code(server, bob)
	if a := h.ask(nil, "POST", collection+"auth-with-otp", m{"otpId": id, "password": code, "mfaId": mfa}); a.status != 200 {
		t.Errorf("once: %d %s", a.status, a.raw)
	}
	if a := h.ask(nil, "POST", collection+"auth-with-otp", m{"otpId": id, "password": code, "mfaId": mfa}); a.status != 400 {
		t.Errorf("the same again: %d %s", a.status, a.raw)
	}
	id, code = h.code(server, bob)
	if a := h.ask(nil, "POST", collection+"auth-with-otp", m{"otpId": id, "password": code, "mfaId": mfa}); a.status != 400 || a.at("token") != nil {
		t.Errorf("a used session: %d %s", a.status, a.raw)
	}
}

func TestFactorsOpenNoClosedAccount(t *testing.T) {
	h, server := openWithFactors(t)
	for state, code := range map[string]string{schema.StatePending: "account_pending", schema.StateInactive: "account_inactive"} {
		u := h.user(state, schema.RoleVisitor, func(r *core.Record) { r.Set("state", state) })
		if a := h.password(state); a.status != 403 || a.code("fault") != code || a.at("mfaId") != nil {
			t.Errorf("%s, by password: %d %s", state, a.status, a.raw)
		}
		id, otp := h.code(server, u)
		if a := h.ask(nil, "POST", collection+"auth-with-otp", m{"otpId": id, "password": otp}); a.status != 403 || a.code("fault") != code || a.at("mfaId") != nil {
			t.Errorf("%s, by code: %d %s", state, a.status, a.raw)
		}
		if got := h.stored(u).GetString("state"); got != state {
			t.Errorf("%s became %s", state, got)
		}
	}
	if n := h.count(core.CollectionNameMFAs); n != 0 {
		t.Errorf("%d accounts are half signed in", n)
	}
}

func TestCodeProvesTheAddressThatItWentTo(t *testing.T) {
	h, server := openWithMail(t)
	h.options(func(c *core.Collection) { c.OTP.Enabled = true })
	h.set(schema.Library, schema.LibraryID, m{"activation": schema.ActivationEmail})
	waiting := h.user("waiting", schema.RoleVisitor, func(r *core.Record) {
		r.Set("state", schema.StatePending)
		r.Set(passwordUnproven, true)
		r.SetVerified(false)
	})
	shut := h.user("shut", schema.RoleVisitor, func(r *core.Record) { r.Set("state", schema.StateInactive); r.SetVerified(false) })
	id, code := h.code(server, waiting)
	if a := h.ask(nil, "POST", collection+"auth-with-otp", m{"otpId": id, "password": code}); a.status != 200 || h.stored(waiting).GetString("state") != schema.StateActive || !h.stored(waiting).Verified() {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if h.stored(waiting).ValidatePassword(testapp.Password) {
		t.Error("the password of whoever signed up lives")
	}
	before := h.stored(shut)
	id, code = h.code(server, shut)
	if a := h.ask(nil, "POST", collection+"auth-with-otp", m{"otpId": id, "password": code}); a.status != 403 || a.code("fault") != "account_inactive" {
		t.Errorf("an inactive account: %d %s", a.status, a.raw)
	}
	unchanged(t, "the code", before, h.stored(shut))
}

func TestCodesDieWithTheSessions(t *testing.T) {
	h, server := openWithMail(t)
	h.options(func(c *core.Collection) { c.OTP.Enabled = true })
	ann := h.user("ann", schema.RoleVisitor)
	id, code := h.code(server, ann)
	if a := h.ask(ann, "POST", end(ann.Id), nil); a.status != 204 {
		t.Fatal(a.status)
	}
	if a := h.ask(nil, "POST", collection+"auth-with-otp", m{"otpId": id, "password": code}); a.status != 400 || a.at("token") != nil {
		t.Errorf("%d %s", a.status, a.raw)
	}
}

func TestHalfASignInDiesWithTheSessions(t *testing.T) {
	h, server := openWithFactors(t)
	ann := h.user("ann", schema.RoleVisitor)
	mfa := h.password("ann").at("mfaId")
	if a := h.ask(ann, "POST", end(ann.Id), nil); a.status != 204 {
		t.Fatal(a.status)
	}
	id, code := h.code(server, ann)
	if a := h.ask(nil, "POST", collection+"auth-with-otp", m{"otpId": id, "password": code, "mfaId": mfa}); a.status != 400 || a.at("token") != nil {
		t.Errorf("%d %s", a.status, a.raw)
	}
}

func TestProviderIsAFactor(t *testing.T) {
	h := openWithProvider(t, schema.ActivationNone)
	h.options(func(c *core.Collection) { c.MFA.Enabled, c.OTP.Enabled = true, true })
	ann := h.user("ann", schema.RoleVisitor)
	a := h.signInBy(nil, person("ann"), nil)
	if a.status != 401 || a.at("mfaId") == nil || a.at("token") != nil {
		t.Fatalf("the provider alone: %d %s", a.status, a.raw)
	}
	a = h.ask(nil, "POST", collection+"auth-with-password", m{"identity": "ann", "password": testapp.Password, "mfaId": a.at("mfaId")})
	if a.status != 200 || a.at("record", "id") != ann.Id {
		t.Errorf("both: %d %s", a.status, a.raw)
	}
}
