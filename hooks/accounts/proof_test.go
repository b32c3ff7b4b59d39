package accounts

import (
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// byCode signs u in by a one-time password.
func (h *house) byCode(server *testapp.Mailpit, u *core.Record) answer {
	h.t.Helper()
	id, code := h.code(server, u)
	return h.ask(nil, "POST", collection+"auth-with-otp", m{"otpId": id, "password": code})
}

func unverified(r *core.Record) { r.SetVerified(false) }

func TestCodeEndsThePasswordOfWhoSignedUpAndSaysSo(t *testing.T) {
	h, server := openWithMail(t)
	h.options(func(c *core.Collection) { c.OTP.Enabled = true })
	h.set(schema.Library, schema.LibraryID, m{"activation": schema.ActivationNone})
	if a := h.ask(nil, "POST", users, signUpBody(m{"email": "zoe@example.org", "username": "hers", "language": "es"})); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	hers := h.byAddress("zoe@example.org")
	old := testapp.Token(t, hers)
	if a := h.byCode(server, hers); a.status != 200 || !h.stored(hers).Verified() {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	if h.stored(hers).ValidatePassword("a-good-password") || h.with(old, "GET", "/api/library/me", "").status != 401 {
		t.Error("the password or the token of who signed up lives")
	}
	mail := server.AwaitTo(t, hers.Email(), "Tu contraseña en")
	if !strings.Contains(mail.Text, "/reset-password?token=") || !strings.Contains(mail.Text, "hers") {
		t.Fatalf("the mail:\n%s", mail.Text)
	}
	_, token, _ := strings.Cut(mail.Text, "/reset-password?token=")
	token = strings.Fields(token)[0]
	a := h.ask(nil, "POST", collection+"confirm-password-reset", m{"token": token, "password": "of-her-own-choice", "passwordConfirm": "of-her-own-choice"})
	if a.status != 204 || !h.stored(hers).ValidatePassword("of-her-own-choice") {
		t.Errorf("the mail's link: %d %s", a.status, a.raw)
	}
}

func TestCodeKeepsThePasswordThatStaffGave(t *testing.T) {
	h, server := openWithMail(t)
	h.options(func(c *core.Collection) { c.OTP.Enabled = true })
	admin := h.user("admin", schema.RoleAdmin)
	if a := h.ask(admin, "POST", users, signUpBody(m{"email": "pupil@example.org", "username": "pupil", "role": schema.RoleVisitor})); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	pupil := h.byAddress("pupil@example.org")
	session := testapp.Token(t, pupil)
	if pupil.Verified() {
		t.Fatal("the address counts as proved")
	}
	for range 2 {
		if a := h.byCode(server, pupil); a.status != 200 || !h.stored(pupil).Verified() {
			t.Fatalf("%d %s", a.status, a.raw)
		}
		if a := h.ask(nil, "POST", collection+"auth-with-password", m{"identity": "pupil", "password": "a-good-password"}); a.status != 200 {
			t.Errorf("the password is gone: %d %s", a.status, a.raw)
		}
		if a := h.with(session, "GET", "/api/library/me", ""); a.status != 200 {
			t.Errorf("the session is gone: %d", a.status)
		}
	}
}

// Staff hand a new password over to who signed up and lost the old one.
func TestPasswordFromStaffOrACommandIsTheirs(t *testing.T) {
	h := open(t)
	admin := h.user("admin", schema.RoleAdmin)
	for who, give := range map[string]func(u *core.Record){
		"staff": func(u *core.Record) {
			if a := h.ask(admin, "PATCH", users+"/"+u.Id, m{"password": "from-the-desk", "passwordConfirm": "from-the-desk"}); a.status != 200 {
				t.Errorf("%d %s", a.status, a.raw)
			}
		},
		"command": func(u *core.Record) {
			if _, err := h.run("from-the-desk\n", "reset", u.GetString("username")); err != nil {
				t.Error(err)
			}
		},
	} {
		u := h.user(who, schema.RoleVisitor, unverified, func(r *core.Record) { r.Set(passwordUnproven, true) })
		if a := h.ask(u, "PATCH", users+"/"+u.Id, m{"name": "Other", passwordUnproven: false}); a.status != 200 || !h.stored(u).GetBool(passwordUnproven) {
			t.Errorf("%s says of themselves: %d %s", who, a.status, a.raw)
		}
		give(u)
		if got := h.stored(u); got.GetBool(passwordUnproven) || !got.ValidatePassword("from-the-desk") {
			t.Errorf("by %s the password is not theirs", who)
		}
	}
}

func TestProviderKeepsThePasswordThatStaffGave(t *testing.T) {
	h := openWithProvider(t, schema.ActivationNone)
	ann := h.user("ann", schema.RoleCustomer, unverified)
	if a := h.signInBy(nil, person("ann"), nil); a.status != 200 || a.at("record", "id") != ann.Id {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	if got := h.stored(ann); !got.Verified() || !got.ValidatePassword(testapp.Password) {
		t.Errorf("verified %v, the password lives %v", got.Verified(), got.ValidatePassword(testapp.Password))
	}
	if a := h.signInBy(nil, person("ann"), nil); a.status != 200 || a.at("record", "id") != ann.Id {
		t.Errorf("once more: %d %s", a.status, a.raw)
	}
}
