package audit

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

const auth = "/api/collections/users/auth-with-"

// signIns waits for as many rows as there were sign-ins: one is written as its
// answer leaves.
func (h *house) await(t *testing.T, n int) []*core.Record {
	t.Helper()
	var all []*core.Record
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if all = h.records(t); len(all) >= n {
			break
		}
	}
	if len(all) != n {
		t.Fatalf("want %d rows, got %q", n, h.rows(t))
	}
	return all
}

func TestSignInByPasswordIsKept(t *testing.T) {
	h := open(t)
	h.ok(t, nil, "POST", auth+"password", m{"identity": "patron@example.org", "password": testapp.Password})
	r := h.await(t, 1)[0]
	if r.GetString("action") != Login || r.GetString("actor") != h.patron.Id || r.GetString("actorName") != "patron" ||
		r.GetString("collection") != "users" || r.GetString("note") != "password" || r.GetString("ip") == "" {
		t.Errorf("row: %v", r.FieldsData())
	}
}

func TestSuperusersSignInIsKept(t *testing.T) {
	h := open(t)
	h.ok(t, nil, "POST", "/api/collections/_superusers/auth-with-password", m{"identity": "root@example.org", "password": testapp.Password})
	h.await(t, 1)
	h.check(t, "root@example.org login _superusers []")
}

func TestWrongPasswordIsKeptWithoutWhatWasTyped(t *testing.T) {
	h := open(t)
	if a := h.Do(t, nil, "POST", auth+"password", m{"identity": "patron@example.org", "password": "not-it-at-all"}); a.Status != 400 {
		t.Fatal(a.Status)
	}
	r := h.await(t, 1)[0]
	if r.GetString("action") != LoginFailed || r.GetString("record") != h.patron.Id || r.GetString("actor") != "" || r.GetString("ip") == "" {
		t.Errorf("row: %v", r.FieldsData())
	}
	if all := fmt.Sprint(r.FieldsData()); strings.Contains(all, "not-it") || strings.Contains(all, "example.org") {
		t.Errorf("what was typed is in %s", all)
	}
}

// A password is easily typed where the name belongs.
func TestUnknownIdentityIsKeptWithoutWhatWasTyped(t *testing.T) {
	h := open(t)
	if a := h.Do(t, nil, "POST", auth+"password", m{"identity": "my-Secret-1", "password": "nobody"}); a.Status != 400 {
		t.Fatal(a.Status)
	}
	r := h.await(t, 1)[0]
	if r.GetString("action") != LoginFailed || r.GetString("record") != "" {
		t.Errorf("row: %v", r.FieldsData())
	}
	if all := fmt.Sprint(r.FieldsData()); strings.Contains(all, "Secret") || strings.Contains(all, "nobody") {
		t.Errorf("what was typed is in %s", all)
	}
}

func TestSignInByOneTimePasswordIsKept(t *testing.T) {
	h := open(t)
	otp := h.otp(t)
	if a := h.Do(t, nil, "POST", auth+"otp", m{"otpId": otp.Id, "password": "000000"}); a.Status != 400 {
		t.Fatal(a.Status)
	}
	h.ok(t, nil, "POST", auth+"otp", m{"otpId": otp.Id, "password": "123456"})
	rows := h.await(t, 2)
	h.check(t, "guest loginFailed users []", "patron login users []")
	if rows[0].GetString("record") != h.patron.Id || rows[0].GetString("note") != "otp" || rows[1].GetString("note") != "otp" {
		t.Errorf("rows: %v %v", rows[0].FieldsData(), rows[1].FieldsData())
	}
}

func (h *house) otp(t *testing.T, changes ...func(*core.Collection)) *core.OTP {
	t.Helper()
	c, err := h.FindCollectionByNameOrId(schema.Users)
	if err != nil {
		t.Fatal(err)
	}
	c.OTP.Enabled = true
	for _, change := range changes {
		change(c)
	}
	if err := h.Save(c); err != nil {
		t.Fatal(err)
	}
	otp := core.NewOTP(h)
	otp.SetCollectionRef(c.Id)
	otp.SetRecordRef(h.patron.Id)
	otp.SetPassword("123456")
	otp.SetSentTo(h.patron.Email())
	if err := h.Save(otp); err != nil {
		t.Fatal(err)
	}
	return otp
}

// With two factors a sign-in is one row, when it is complete.
func TestFirstFactorAloneIsNoSignIn(t *testing.T) {
	h := open(t)
	otp := h.otp(t, func(c *core.Collection) { c.MFA.Enabled = true })
	a := h.Do(t, nil, "POST", auth+"password", m{"identity": "patron@example.org", "password": testapp.Password})
	if a.Status != 401 || a.At("mfaId") == nil {
		t.Fatalf("%d %s", a.Status, a.Raw)
	}
	h.check(t)
	h.ok(t, nil, "POST", auth+"otp", m{"otpId": otp.Id, "password": "123456", "mfaId": a.At("mfaId")})
	h.await(t, 1)
	h.check(t, "patron login users []")
}

func TestShutOutAccountsSignInIsKeptAsFailed(t *testing.T) {
	h := open(t)
	if a := h.Do(t, nil, "POST", auth+"password", m{"identity": "inactive@example.org", "password": testapp.Password}); a.Status != 403 {
		t.Fatal(a.Status)
	}
	if r := h.await(t, 1)[0]; r.GetString("action") != LoginFailed || r.GetString("record") != h.inactive.Id {
		t.Errorf("row: %v", r.FieldsData())
	}
}

func TestSignInPutOffByALimitHasNoRow(t *testing.T) {
	h := open(t)
	h.Settings().RateLimits.Enabled = true
	h.Settings().RateLimits.Rules = []core.RateLimitRule{{Label: "*:auth", MaxRequests: 1, Duration: 60}}
	for i := range 3 {
		a := h.Do(t, nil, "POST", auth+"password", m{"identity": "patron@example.org", "password": "wrong"})
		if i > 0 && a.Status != 429 {
			t.Fatal(a.Status)
		}
	}
	h.await(t, 1)
}

func TestRenewedTokenIsNoSignIn(t *testing.T) {
	h := open(t)
	h.ok(t, h.patron, "POST", "/api/collections/users/auth-refresh", nil)
	h.check(t)
}

func TestImpersonationIsKept(t *testing.T) {
	h := open(t)
	h.ok(t, h.root, "POST", "/api/collections/users/impersonate/"+h.patron.Id, nil)
	r := h.await(t, 1)[0]
	h.check(t, "root@example.org impersonate users []")
	if r.GetString("record") != h.patron.Id {
		t.Errorf("record %q", r.GetString("record"))
	}
}

// Who opens the link of a letter acts as the account that it was sent to.
func TestResetAndVerificationAreByTheAccount(t *testing.T) {
	h := open(t)
	reset, err := h.patron.NewPasswordResetToken()
	if err != nil {
		t.Fatal(err)
	}
	h.ok(t, nil, "POST", "/api/collections/users/confirm-password-reset", m{"token": reset, "password": "a-new-password", "passwordConfirm": "a-new-password"})
	h.sql(t, "UPDATE users SET verified = false WHERE id = {:id}", map[string]any{"id": h.other.Id})
	verify, err := h.other.NewVerificationToken()
	if err != nil {
		t.Fatal(err)
	}
	h.ok(t, nil, "POST", "/api/collections/users/confirm-verification", m{"token": verify})
	change, err := h.librarian.NewEmailChangeToken("l2@example.org")
	if err != nil {
		t.Fatal(err)
	}
	h.ok(t, nil, "POST", "/api/collections/users/confirm-email-change", m{"token": change, "password": testapp.Password})
	h.check(t, `patron password users ["password"]`, `other update users ["verified"]`, `librarian update users ["email"]`)
}

func TestSignUpIsByAGuest(t *testing.T) {
	h := open(t)
	h.ok(t, nil, "POST", users, m{"email": "new@example.org", "username": "newcomer", "usernameKey": "newcomer", "role": schema.RoleVisitor, "state": "active",
		"password": "a-new-password", "passwordConfirm": "a-new-password"})
	h.check(t, "guest create users []")
}

func TestOldRowsGoInBatchesAndYoungOnesStay(t *testing.T) {
	h := open(t)
	h.sql(t, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1201)
		INSERT INTO audit_logs (id, action, created, updated) SELECT 'old' || i, 'create', '2020-01-01 00:00:00.000Z', '' FROM n`, nil)
	h.category(t, "young")
	settings, err := h.FindRecordById(schema.LibrarySettings, schema.LibrarySettingsID)
	if err != nil {
		t.Fatal(err)
	}
	r := &room{Deps: Deps{Now: time.Now}}
	if err := r.expire(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	h.check(t, "job create categories []")
	settings.Set("auditDays", 2)
	if err := h.Save(settings); err != nil {
		t.Fatal(err)
	}
	h.forget(t)
	h.category(t, "again")
	r.Now = func() time.Time { return time.Now().Add(49 * time.Hour) }
	if err := r.expire(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	h.check(t)
}

func TestNothingIsKeptForEver(t *testing.T) {
	h := open(t)
	for days, want := range map[int]int{0: 400, -1: 400, 36501: 400, 1: 200} {
		a := h.Do(t, h.admin, "PATCH", "/api/collections/library_settings/records/"+schema.LibrarySettingsID, m{"auditDays": days})
		if a.Status != want {
			t.Errorf("auditDays %d: %d", days, a.Status)
		}
	}
	r := &room{Deps: Deps{Now: time.Now}}
	h.sql(t, "UPDATE library_settings SET auditDays = 0", nil)
	if err := r.expire(context.Background(), h); err == nil {
		t.Error("no bound, and rows were deleted by it")
	}
}
