package accounts

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

func TestSignUp(t *testing.T) {
	for _, test := range []struct {
		name, activation string
		smtp             bool
		inForce, state   string
		mails            int
	}{
		{"none", schema.ActivationNone, true, schema.ActivationNone, schema.StateActive, 0},
		{"approval", schema.ActivationApproval, true, schema.ActivationApproval, schema.StatePending, 0},
		{"email", schema.ActivationEmail, true, schema.ActivationEmail, schema.StatePending, 1},
		{"email without SMTP", schema.ActivationEmail, false, schema.ActivationApproval, schema.StatePending, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := open(t)
			h.set(schema.Library, schema.LibraryID, m{"activation": test.activation})
			h.Settings().SMTP.Enabled = test.smtp
			a := h.ask(nil, "POST", users, signUpBody(m{"name": "New Reader", "emailVisibility": true, "language": "pt-BR"}))
			if a.status != 200 || a.at("activation") != test.inForce || a.at("state") != test.state || a.at("role") != schema.RoleVisitor ||
				a.at("username") != "new" || a.at("verified") != false || a.at("emailVisibility") != false {
				t.Fatalf("%d %s", a.status, a.raw)
			}
			if got := a.at("channels"); len(got.([]any)) != 2 {
				t.Errorf("channels = %v, want both", got)
			}
			for _, hidden := range []string{"usernameKey", "tokenKey", "password"} {
				if a.at(hidden) != nil {
					t.Errorf("the answer tells %s", hidden)
				}
			}
			in := h.ask(nil, "POST", "/api/collections/users/auth-with-password", m{"identity": "NEW@Example.org", "password": "a-good-password"})
			if test.state == schema.StateActive && in.status != 200 || test.state == schema.StatePending && (in.status != 403 || in.code("fault") != "account_pending") {
				t.Errorf("sign-in: %d %s", in.status, in.raw)
			}
			if test.mails > 0 {
				eventually(t, "the verification mail", func() bool { return h.TestMailer.TotalSend() == test.mails })
				mail := h.TestMailer.LastMessage()
				if mail.Subject != "Confirme seu endereço em OnLibrary" || mail.To[0].Address != "new@example.org" ||
					!strings.Contains(mail.HTML, `lang="pt-BR"`) || !strings.Contains(mail.Text, "Olá, New Reader,") {
					t.Errorf("subject %q to %v\n%s", mail.Subject, mail.To, mail.Text)
				}
				for _, body := range []string{mail.HTML, mail.Text} {
					if !strings.Contains(body, "https://books.example.org/verify?token=") || strings.Contains(body, "/_/") {
						t.Errorf("a wrong link in:\n%s", body)
					}
				}
			}
			if got := h.TestMailer.TotalSend(); got != test.mails {
				t.Errorf("%d mails, want %d", got, test.mails)
			}
		})
	}
}

func TestSignUpClosed(t *testing.T) {
	h := open(t)
	h.set(schema.Library, schema.LibraryID, m{"signup": schema.SignupClosed})
	customer, admin := h.user("ann", schema.RoleCustomer), h.user("root", schema.RoleAdmin)
	for who, as := range map[string]*core.Record{"guest": nil, "customer": customer} {
		if a := h.ask(as, "POST", users, signUpBody(nil)); a.status != 403 || a.code("fault") != "signup_closed" {
			t.Errorf("%s: %d %s", who, a.status, a.raw)
		}
	}
	a := h.ask(admin, "POST", users, signUpBody(m{"email": nil, "username": "pupil", "verified": true}))
	if a.status != 200 || a.at("state") != schema.StateActive || a.at("role") != schema.RoleVisitor || a.at("verified") != true || a.at("activation") != nil {
		t.Errorf("staff: %d %s", a.status, a.raw)
	}
	if a := h.ask(nil, "POST", "/api/collections/users/auth-with-password", m{"identity": "PUPIL", "password": "a-good-password"}); a.status != 200 {
		t.Errorf("a pupil without an address: %d %s", a.status, a.raw)
	}
}

// No field that staff decide on is for a guest to choose, by no door.
func TestSignUpChoosesNothing(t *testing.T) {
	h := open(t)
	h.Settings().Batch.Enabled, h.Settings().Batch.MaxRequests = true, 10
	for field, value := range map[string]string{
		"role": schema.RoleAdmin, "state": "active", "verified": "true", "lastLogin": "2026-01-01 00:00:00.000Z", "id": "aaaaaaaaaaaaaaa",
	} {
		plain := signUpBody(m{field: value})
		multi := newForm("email", "new@example.org", "password", "a-good-password", "passwordConfirm", "a-good-password", field, value)
		payload := newForm("@jsonPayload", `{"email":"new@example.org","password":"a-good-password","passwordConfirm":"a-good-password","`+field+`":"`+value+`"}`)
		for door, body := range map[string]any{"JSON": plain, "multipart": multi, "@jsonPayload": payload} {
			if a := h.ask(nil, "POST", users, body); a.status != 400 || a.code(field) != "field_forbidden" {
				t.Errorf("%s by %s: %d %s", field, door, a.status, a.raw)
			}
		}
	}
	for _, body := range []m{{"role+": schema.RoleAdmin}, {"+role": schema.RoleAdmin}} {
		if a := h.ask(nil, "POST", users, signUpBody(body)); a.status == 200 && a.at("role") != schema.RoleVisitor {
			t.Errorf("%v: %s", body, a.raw)
		}
	}
	a := h.ask(nil, "POST", users, signUpBody(m{"email": "bob@example.org", "tokenKey": strings.Repeat("x", 50), "usernameKey": "root", "created": "2000-01-01 00:00:00Z"}))
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	u, err := h.FindRecordById(schema.Users, a.at("id").(string))
	if err != nil {
		t.Fatal(err)
	}
	if u.TokenKey() == strings.Repeat("x", 50) || u.GetString("usernameKey") != "bob" || u.GetDateTime("created").Time().Year() == 2000 {
		t.Errorf("a hidden field was taken from the body: %v", u.FieldsData())
	}
	a = h.ask(nil, "POST", "/api/batch", m{"requests": []m{{"method": "POST", "url": users, "body": signUpBody(m{"email": "c@example.org"})}}})
	if a.status == 200 {
		t.Errorf("a batch signed up: %s", a.raw)
	}
}

func TestSignUpRefusals(t *testing.T) {
	h := open(t)
	h.user("ann", schema.RoleVisitor)
	h.set(schema.LibrarySettings, schema.LibrarySettingsID, m{"allowedEmailDomains": []string{"example.org", "school.example"}})
	big := func(w, height int) []byte {
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
			t.Fatal(err)
		}
		raw := b.Bytes()
		copy(raw[16:], []byte{byte(w >> 24), byte(w >> 16), byte(w >> 8), byte(w), byte(height >> 24), byte(height >> 16), byte(height >> 8), byte(height)})
		return fixPNG(raw)
	}
	for _, test := range []struct {
		name, field, code string
		body              any
	}{
		{"no address", "email", "validation_required", signUpBody(m{"email": nil, "username": "someone"})},
		{"bad address", "email", "validation_is_email", signUpBody(m{"email": "new@"})},
		{"taken address", "email", "validation_not_unique", signUpBody(m{"email": "ANN@example.org", "username": "other"})},
		{"taken username", "username", "validation_not_unique", signUpBody(m{"username": "Ann"})},
		{"taken username in another form", "username", "validation_not_unique", signUpBody(m{"username": "ＡＮＮ"})},
		{"short username", "username", "validation_min_text_constraint", signUpBody(m{"username": "ab"})},
		{"long username", "username", "validation_max_text_constraint", signUpBody(m{"username": strings.Repeat("a", 65)})},
		{"address as username", "username", "validation_invalid_format", signUpBody(m{"username": "bob@example.org"})},
		{"space in username", "username", "validation_invalid_format", signUpBody(m{"username": "bob "})},
		{"huge username", "username", "validation_max_text_constraint", signUpBody(m{"username": strings.Repeat("\ufdfa", 1<<20)})},
		{"username that folds to a long key", "username", "validation_max_text_constraint", signUpBody(m{"username": strings.Repeat("\ufdfa", 64)})},
		{"NUL in username", "username", "validation_invalid_format", signUpBody(m{"username": "a\x00b"})},
		{"zero width in username", "username", "validation_invalid_format", signUpBody(m{"username": "bo\u200bb"})},
		{"other domain", "email", "email_domain_not_allowed", signUpBody(m{"email": "new@other.example"})},
		{"subdomain", "email", "email_domain_not_allowed", signUpBody(m{"email": "new@sub.example.org"})},
		{"short password", "password", "validation_min_text_constraint", signUpBody(m{"password": "short", "passwordConfirm": "short"})},
		{"long password", "password", "validation_max_text_constraint", signUpBody(m{"password": strings.Repeat("a", 72), "passwordConfirm": strings.Repeat("a", 72)})},
		{"password beyond bcrypt", "password", "password_too_long", signUpBody(m{"password": strings.Repeat("é", 37), "passwordConfirm": strings.Repeat("é", 37)})},
		{"passwords that differ", "passwordConfirm", "validation_values_mismatch", signUpBody(m{"passwordConfirm": "another-one"})},
		{"quiet hours", "quietHours", "quiet_hours_invalid", signUpBody(m{"quietHours": m{"from": "25:00", "to": "07:00"}})},
		{"quiet hours of no or all time", "quietHours", "quiet_hours_equal", signUpBody(m{"quietHours": m{"from": "22:00", "to": "22:00"}})},
		{"half of quiet hours", "quietHours", "quiet_hours_invalid", signUpBody(m{"quietHours": m{"from": "22:00"}})},
		{"channel", "channels", "validation_invalid_value", signUpBody(m{"channels": []string{"pigeon"}})},
		{"pixel bomb", "avatar", "image_too_large", avatarForm(t, "a.png", big(50_000, 50_000))},
		{"broken picture", "avatar", "image_unreadable", avatarForm(t, "a.png", []byte("\x89PNG\r\n\x1a\nnothing"))},
		{"text as picture", "avatar", "validation_invalid_mime_type", avatarForm(t, "a.png", []byte("just words"))},
	} {
		if a := h.ask(nil, "POST", users, test.body); a.status != 400 || a.code(test.field) != test.code {
			t.Errorf("%s: %d %s", test.name, a.status, a.raw)
		}
	}
	if n, err := h.CountRecords(schema.Users); err != nil || n != 1 {
		t.Errorf("%d users (%v), want ann alone", n, err)
	}
	ok := signUpBody(m{"email": "new@SCHOOL.example", "username": "Élise_2", "quietHours": m{"from": "22:00", "to": "07:00"}, "channels": []string{}})
	a := h.ask(nil, "POST", users, ok)
	if a.status != 200 || a.at("quietHours", "to") != "07:00" || len(a.at("channels").([]any)) != 0 {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if a := h.ask(nil, "POST", users, avatarForm(t, "a.png", big(4000, 3000))); a.status != 200 {
		t.Errorf("a picture within bounds: %d %s", a.status, a.raw)
	}
}

// Under email, whether an address is taken shows in nothing that is answered.
func TestSignUpDiscreetly(t *testing.T) {
	h := open(t)
	h.smtp()
	h.set(schema.Library, schema.LibraryID, m{"activation": schema.ActivationEmail})
	owner := h.user("taken.one", schema.RoleCustomer, func(r *core.Record) { r.Set("language", "fr") })
	free := h.ask(nil, "POST", users, signUpBody(m{"email": "free.one@example.org", "name": "A"}))
	eventually(t, "the mail to the free address", func() bool { return h.TestMailer.TotalSend() == 1 })
	h.TestMailer.Reset()
	for i := range 3 {
		taken := h.ask(nil, "POST", users, signUpBody(m{"email": "Taken.One@example.org", "name": "A"}))
		if free.status != 200 || taken.status != 200 {
			t.Fatalf("free %d %s\ntaken %d %s", free.status, free.raw, taken.status, taken.raw)
		}
		for k, v := range free.body.(m) {
			got, told := taken.body.(m)[k]
			if !told {
				t.Errorf("the answer to a taken address lacks %s", k)
			}
			if !slices.Contains([]string{"id", "username", "created", "updated"}, k) && !equal(got, v) {
				t.Errorf("%s: free %v, taken %v", k, v, got)
			}
		}
		if len(taken.body.(m)) != len(free.body.(m)) {
			t.Errorf("fields: %v and %v", slices.Sorted(maps.Keys(taken.body.(m))), slices.Sorted(maps.Keys(free.body.(m))))
		}
		// As for a free address whose name somebody has, and once more.
		if free.at("username") != "free.one" || taken.at("username") != fmt.Sprint("taken.one", i+2) {
			t.Errorf("usernames %v and %v", free.at("username"), taken.at("username"))
		}
		if id, _ := taken.at("id").(string); len(id) != 15 || id == owner.Id {
			t.Errorf("id %q", id)
		}
	}
	if n, err := h.CountRecords(schema.Users); err != nil || n != 2 {
		t.Errorf("%d users (%v), want 2: something was stored", n, err)
	}
	eventually(t, "the mail to the owner", func() bool { return h.TestMailer.TotalSend() > 0 })
	if n := h.TestMailer.TotalSend(); n != 1 {
		t.Errorf("the owner got %d mails for three tries, want 1", n)
	}
	mail := h.TestMailer.LastMessage()
	if mail.Subject != "Vous avez déjà un compte chez OnLibrary" || mail.To[0].Address != owner.Email() || strings.Contains(mail.Text, "token=") {
		t.Errorf("%q to %v\n%s", mail.Subject, mail.To, mail.Text)
	}
	// What is checked openly stays so, and comes to the same for both.
	for _, email := range []string{"taken.one@example.org", "third@example.org"} {
		if a := h.ask(nil, "POST", users, signUpBody(m{"email": email, "username": "Taken.One"})); a.status != 400 || a.code("username") != "validation_not_unique" || a.code("email") != nil {
			t.Errorf("%s: %d %s", email, a.status, a.raw)
		}
		if a := h.ask(nil, "POST", users, signUpBody(m{"email": email, "password": "short", "passwordConfirm": "short"})); a.status != 400 || a.code("password") == nil || a.code("email") != nil {
			t.Errorf("%s: %d %s", email, a.status, a.raw)
		}
	}
	// A picture leaves no file behind.
	a := h.ask(nil, "POST", users, avatarForm(t, "picture.png", tinyPNG(t), "email", "taken.one@example.org"))
	if a.status != 200 || !strings.HasPrefix(a.at("avatar").(string), "picture_") {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	fsys, err := h.NewFilesystem()
	if err != nil {
		t.Fatal(err)
	}
	defer fsys.Close()
	if left, err := fsys.List(owner.Collection().BaseFilesPath() + "/" + a.at("id").(string)); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

// A name answered for a taken address is held as one that an account was made
// with, against whoever signs up next, for an hour.
func TestSignUpDiscreetlyTwice(t *testing.T) {
	h := open(t)
	h.smtp()
	h.set(schema.Library, schema.LibraryID, m{"activation": schema.ActivationEmail})
	h.user("owner", schema.RoleCustomer)
	admin := h.user("root", schema.RoleAdmin)
	for _, email := range []string{"owner@example.org", "free@example.org"} {
		if a := h.ask(nil, "POST", users, signUpBody(m{"email": email, "username": "probe." + email[:4]})); a.status != 200 {
			t.Fatalf("%s: %d %s", email, a.status, a.raw)
		}
	}
	again := func(username, email string, more m) answer {
		body := m{"email": email, "username": username}
		maps.Copy(body, more)
		return h.ask(nil, "POST", users, signUpBody(body))
	}
	for _, more := range []m{nil, {"password": "short", "passwordConfirm": "short"}, {"quietHours": m{"from": "25:00"}}, {"name": strings.Repeat("a", 129)}} {
		for _, email := range []string{"owner@example.org", "third@example.org"} {
			taken, held := again("probe.owne", email, more), again("PROBE.FREE", email, more)
			if taken.status != 400 || taken.raw != held.raw || more == nil && taken.code("username") != "validation_not_unique" {
				t.Errorf("%s, %v: after a taken address %d %s\nafter a free one %d %s", email, more, taken.status, taken.raw, held.status, held.raw)
			}
		}
	}
	if a := again("ｐｒｏｂｅ.OWNE", "third@example.org", nil); a.code("username") != "validation_not_unique" {
		t.Errorf("in another form: %d %s", a.status, a.raw)
	}
	// Names that the library makes step aside, too.
	if a := h.ask(nil, "POST", users, signUpBody(m{"email": "probe.owne@example.org"})); a.at("username") != "probe.owne2" {
		t.Errorf("made: %d %s", a.status, a.raw)
	}
	if n, err := h.CountRecords(schema.Users); err != nil || n != 4 {
		t.Errorf("%d users (%v), want 4", n, err)
	}
	if a := h.ask(admin, "POST", users, signUpBody(m{"email": "staff@example.org", "username": "probe.owne", "verified": true})); a.status != 200 {
		t.Errorf("staff are held, too: %d %s", a.status, a.raw)
	}
	again("another.name", "owner@example.org", nil)
	h.now.Add(60*60 + 1)
	if a := again("another.name", "fourth@example.org", nil); a.status != 200 {
		t.Errorf("an hour later: %d %s", a.status, a.raw)
	}
}

// Signing in with what was just chosen tells nothing either: an account waits,
// whether it does or not.
func TestSignInAfterADiscreetSignUp(t *testing.T) {
	h := open(t)
	h.smtp()
	h.set(schema.Library, schema.LibraryID, m{"activation": schema.ActivationEmail})
	h.user("owner", schema.RoleCustomer)
	const chosen = "chosen-by-whoever-1"
	for _, email := range []string{"Owner@example.org", "free@example.org"} {
		a := h.ask(nil, "POST", users, signUpBody(m{"email": email, "password": chosen, "passwordConfirm": chosen}))
		if a.status != 200 {
			t.Fatalf("%s: %d %s", email, a.status, a.raw)
		}
		for _, identity := range []any{email, a.at("username")} {
			if a := h.ask(nil, "POST", "/api/collections/users/auth-with-password", m{"identity": identity, "password": chosen}); a.status != 403 || a.code("fault") != "account_pending" {
				t.Errorf("%v: %d %s", identity, a.status, a.raw)
			}
			if a := h.ask(nil, "POST", "/api/collections/users/auth-with-password", m{"identity": identity, "password": "another-1-word"}); a.status != 400 {
				t.Errorf("%v with another password: %d %s", identity, a.status, a.raw)
			}
		}
	}
	if a := h.ask(nil, "POST", "/api/collections/users/auth-with-password", m{"identity": "owner@example.org", "password": testapp.Password}); a.status != 200 {
		t.Errorf("the owner: %d %s", a.status, a.raw)
	}
}

// Of two sign-ups with one free address at once, neither answer tells that the
// other was there.
func TestSignUpDiscreetlyAtOnce(t *testing.T) {
	h := open(t)
	h.smtp()
	h.set(schema.Library, schema.LibraryID, m{"activation": schema.ActivationEmail})
	var all sync.WaitGroup
	status := make([]int, 8)
	for i := range status {
		all.Go(func() {
			status[i] = h.ask(nil, "POST", users, signUpBody(m{"username": "reader" + string(rune('a'+i))})).status
		})
	}
	all.Wait()
	for _, s := range status {
		if s != http.StatusOK {
			t.Errorf("%v", status)
			break
		}
	}
	if n, err := h.CountRecords(schema.Users); err != nil || n != 1 {
		t.Errorf("%d users (%v), want 1", n, err)
	}
}

func TestVerify(t *testing.T) {
	h := open(t)
	h.smtp()
	n := 0
	for _, test := range []struct{ activation, from, to string }{
		{schema.ActivationEmail, schema.StatePending, schema.StateActive},
		{schema.ActivationEmail, schema.StateInactive, schema.StateInactive},
		{schema.ActivationApproval, schema.StatePending, schema.StatePending},
		{schema.ActivationNone, schema.StatePending, schema.StatePending},
		{schema.ActivationNone, schema.StateActive, schema.StateActive},
	} {
		h.set(schema.Library, schema.LibraryID, m{"activation": test.activation})
		for _, by := range []string{"verification", "reset", "verification once more"} {
			n++
			u := h.user(fmt.Sprintf("ann%d", n), schema.RoleVisitor, func(r *core.Record) {
				r.SetVerified(by == "verification once more")
				r.Set("state", test.from)
			})
			token, err := u.NewVerificationToken()
			path, body := "/api/collections/users/confirm-verification", m{}
			if by == "reset" {
				token, err = u.NewPasswordResetToken()
				path, body = "/api/collections/users/confirm-password-reset", m{"password": "another-good-one", "passwordConfirm": "another-good-one"}
			}
			if err != nil {
				t.Fatal(err)
			}
			body["token"] = token
			a, got := h.ask(nil, "POST", path, body), h.stored(u)
			if a.status != 204 || got.GetString("state") != test.to || !got.Verified() {
				t.Errorf("%s, %s, by %s: %d %s: state %s, verified %v", test.activation, test.from, by, a.status, a.raw, got.GetString("state"), got.Verified())
			}
		}
	}
}

func TestActivationChangesNobody(t *testing.T) {
	h := open(t)
	h.smtp()
	h.user("ann", schema.RoleVisitor, func(r *core.Record) { r.SetVerified(false) })
	for _, activation := range []string{schema.ActivationEmail, schema.ActivationApproval, schema.ActivationNone} {
		h.set(schema.Library, schema.LibraryID, m{"activation": activation})
		if a := h.ask(nil, "POST", "/api/collections/users/auth-with-password", m{"identity": "ann", "password": testapp.Password}); a.status != 200 {
			t.Errorf("under %s: %d %s", activation, a.status, a.raw)
		}
	}
}
