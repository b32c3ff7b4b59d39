package accounts

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

const collection = "/api/collections/users/"

// reads makes a user read a language in a zone.
func reads(language, zone string) func(*core.Record) {
	return func(r *core.Record) { r.Set("language", language); r.Set("timezone", zone) }
}

// linked returns the token of the link to page that a mail carries in both its
// bodies, and nothing but links to the library.
func linked(t *testing.T, mail testapp.Mail, page string) string {
	t.Helper()
	link := regexp.MustCompile(regexp.QuoteMeta("https://books.example.org"+page) + `([\w.-]+)`)
	found := link.FindStringSubmatch(mail.Text)
	if found == nil || !strings.Contains(mail.HTML, `href="`+found[0]+`"`) {
		t.Fatalf("no link to %s in\n%s\n%s", page, mail.Text, mail.HTML)
	}
	for _, other := range regexp.MustCompile(`https?://[^\s"<]+`).FindAllString(mail.HTML+mail.Text, -1) {
		if other != found[0] {
			t.Errorf("a link to %s", other)
		}
	}
	if strings.Contains(mail.HTML+mail.Text, "/_/") {
		t.Error("a link to the dashboard")
	}
	return found[1]
}

// keepsNoSecret fails if a job holds one of the secrets, or any token.
func (h *house) keepsNoSecret(secrets ...string) {
	h.t.Helper()
	var rows []dbx.NullStringMap
	if err := h.DB().NewQuery("SELECT * FROM jobs").All(&rows); err != nil || len(rows) == 0 {
		h.t.Fatalf("%d jobs: %v", len(rows), err)
	}
	for _, row := range rows {
		for column, value := range row {
			for _, secret := range append(secrets, "eyJ") {
				if strings.Contains(value.String, secret) {
					h.t.Errorf("%s of a job holds a secret: %s", column, value.String)
				}
			}
		}
	}
}

// header sends a request as a guest with headers, names and values by turns.
func (h *house) header(path string, body m, headers ...string) answer {
	h.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		h.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, h.url+path, strings.NewReader(string(raw)))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
	}
	return h.send(req)
}

func TestPasswordResetByMail(t *testing.T) {
	h, server := openWithMail(t)
	ana := h.user("ana", schema.RoleVisitor, reads("es", "America/Bogota"))
	a := h.header(collection+"request-password-reset", m{"email": "ANA@example.org"}, "Accept-Language", "en", "Host", "evil.example", "X-Forwarded-Host", "evil.example")
	if a.status != 204 || a.raw != "" {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	mail := server.AwaitTo(t, ana.Email(), "Elige una contraseña nueva")
	if !strings.Contains(mail.HTML, `lang="es"`) || !strings.Contains(mail.Text, "Hola, ana:") {
		t.Errorf("not in the recipient's language:\n%s", mail.Text)
	}
	token := linked(t, mail, "/reset-password?token=")
	h.keepsNoSecret(token)
	for _, other := range []string{"confirm-verification", "confirm-email-change"} {
		if a := h.ask(nil, "POST", collection+other, m{"token": token, "password": testapp.Password}); a.status != 400 {
			t.Errorf("a token of one purpose used for another: %s %d %s", other, a.status, a.raw)
		}
	}
	body := m{"token": token, "password": "another-password", "passwordConfirm": "another-password"}
	if a := h.ask(nil, "POST", collection+"confirm-password-reset", body); a.status != 204 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	if a := h.ask(nil, "POST", collection+"confirm-password-reset", body); a.status != 400 {
		t.Errorf("the token works twice: %d %s", a.status, a.raw)
	}
	if a := h.ask(nil, "POST", collection+"auth-with-password", m{"identity": "ana", "password": "another-password"}); a.status != 200 {
		t.Errorf("the new password: %d %s", a.status, a.raw)
	}
	notice := server.AwaitTo(t, ana.Email(), "Se ha cambiado tu contraseña")
	if !strings.Contains(notice.Text, "(America/Bogota)") || strings.Contains(notice.Text, "token=") {
		t.Errorf("the notice:\n%s", notice.Text)
	}
	h.keepsNoSecret("another-password")
}

func TestPasswordResetAnswersAllAlike(t *testing.T) {
	h, server := openWithMail(t)
	h.user("ann", schema.RoleVisitor)
	h.user("shut", schema.RoleVisitor, func(r *core.Record) { r.Set("state", schema.StateInactive) })
	for _, email := range []string{"ann@example.org", "ann@example.org", "nobody@example.org", "shut@example.org"} {
		if a := h.ask(nil, "POST", collection+"request-password-reset", m{"email": email}); a.status != 204 || a.raw != "" {
			t.Errorf("%s: %d %q", email, a.status, a.raw)
		}
	}
	shut := server.AwaitTo(t, "shut@example.org", "switched off")
	if strings.Contains(shut.HTML+shut.Text, "token=") {
		t.Errorf("a link that would let nobody in:\n%s", shut.Text)
	}
	server.AwaitTo(t, "ann@example.org", "Choose a new password")
	if n := server.Count(t); n != 2 {
		t.Errorf("%d mails, want one each to ann and shut", n)
	}
	if n, err := h.CountRecords(schema.Jobs); err != nil || n != 2 {
		t.Errorf("%d jobs (%v): what evens the answers out has left something", n, err)
	}
	h.now.Store(121)
	h.ask(nil, "POST", collection+"request-password-reset", m{"email": "ann@example.org"})
	server.Await(t, 3)
}

func TestVerificationIsSentAgain(t *testing.T) {
	h, server := openWithMail(t)
	h.set(schema.Library, schema.LibraryID, m{"activation": schema.ActivationEmail})
	h.user("done", schema.RoleVisitor)
	if a := h.ask(nil, "POST", users, signUpBody(m{"language": "fr"})); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	first := linked(t, server.AwaitTo(t, "new@example.org", "Confirmez votre adresse"), "/verify?token=")
	for _, email := range []string{"new@example.org", "done@example.org", "nobody@example.org"} {
		if a := h.header(collection+"request-verification", m{"email": email}, "Accept-Language", "en"); a.status != 204 || a.raw != "" {
			t.Errorf("%s: %d %q", email, a.status, a.raw)
		}
	}
	mails := server.Await(t, 2)
	if len(mails) != 2 || mails[1].Subject != mails[0].Subject || mails[0].MessageID == mails[1].MessageID {
		t.Errorf("%v", mails)
	}
	h.keepsNoSecret(first)
	if a := h.ask(nil, "POST", collection+"confirm-verification", m{"token": linked(t, mails[1], "/verify?token=")}); a.status != 204 {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if a := h.ask(nil, "POST", collection+"auth-with-password", m{"identity": "new@example.org", "password": "a-good-password"}); a.status != 200 {
		t.Errorf("%d %s", a.status, a.raw)
	}
}

func TestEmailChangeByMail(t *testing.T) {
	h, server := openWithMail(t)
	amal := h.user("amal", schema.RoleVisitor, reads("ar", "Asia/Riyadh"))
	if a := h.ask(amal, "POST", collection+"request-email-change", m{"newEmail": "new.amal@example.org"}); a.status != 204 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	asked := server.AwaitTo(t, "new.amal@example.org", "أكّد عنوانك الجديد")
	if !strings.Contains(asked.HTML, `dir="rtl"`) {
		t.Errorf("not read from the right:\n%s", asked.HTML)
	}
	told := server.AwaitTo(t, "amal@example.org", "طُلب عنوان جديد")
	if !strings.Contains(told.Text, "new.amal@example.org") || !strings.Contains(told.Text, "(Asia/Riyadh)") || strings.Contains(told.Text, "token=") {
		t.Errorf("the notice:\n%s", told.Text)
	}
	token := linked(t, asked, "/change-email?token=")
	h.keepsNoSecret(token)
	if a := h.ask(nil, "POST", collection+"confirm-password-reset", m{"token": token, "password": "another-password", "passwordConfirm": "another-password"}); a.status != 400 {
		t.Errorf("a token of one purpose used for another: %d %s", a.status, a.raw)
	}
	if a := h.ask(nil, "POST", collection+"confirm-email-change", m{"token": token, "password": testapp.Password}); a.status != 204 || h.stored(amal).Email() != "new.amal@example.org" {
		t.Errorf("%d %s", a.status, a.raw)
	}
}

func TestFirstAddressByMail(t *testing.T) {
	h, server := openWithMail(t)
	pupil := h.user("pupil", schema.RoleVisitor, func(r *core.Record) { r.SetEmail(""); r.SetVerified(false) })
	if a := h.ask(pupil, "POST", collection+"request-email-change", m{"newEmail": "pupil@example.org"}); a.status != 204 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	token := linked(t, server.AwaitTo(t, "pupil@example.org", "Confirm your new address"), "/change-email?token=")
	if a := h.ask(nil, "POST", collection+"confirm-email-change", m{"token": token, "password": testapp.Password}); a.status != 204 || h.stored(pupil).Email() != "pupil@example.org" {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if n := server.Count(t); n != 1 {
		t.Errorf("%d mails", n)
	}
}

func TestEmailChangeRefusesOddAddresses(t *testing.T) {
	h, _ := openWithMail(t)
	ann := h.user("ann", schema.RoleVisitor)
	for _, email := range []string{"a@b.example\r\nBcc: all@example.org", "a@b.example\n", "a@b.example,c@d.example", "A <a@b.example>"} {
		if a := h.ask(ann, "POST", collection+"request-email-change", m{"newEmail": email}); a.status != 400 || a.code("newEmail") == nil {
			t.Errorf("%q: %d %s", email, a.status, a.raw)
		}
	}
	if n, err := h.CountRecords(schema.Jobs); err != nil || n != 0 {
		t.Errorf("%d jobs (%v)", n, err)
	}
}

func TestPasswordSetByStaffIsToldInTheOwnersLanguage(t *testing.T) {
	h, server := openWithMail(t)
	admin := h.user("root", schema.RoleAdmin, reads("en", "UTC"))
	rita := h.user("rita", schema.RoleVisitor, reads("pt-BR", "America/Sao_Paulo"))
	body := m{"password": "set-by-the-staff", "passwordConfirm": "set-by-the-staff"}
	if a := h.ask(admin, "PATCH", users+"/"+rita.Id, body); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	mail := server.AwaitTo(t, rita.Email(), "A sua senha em OnLibrary foi alterada")
	if !strings.Contains(mail.Text, "(America/Sao_Paulo)") {
		t.Errorf("not in the recipient's zone:\n%s", mail.Text)
	}
	if a := h.ask(admin, "PATCH", users+"/"+rita.Id, m{"name": "Rita"}); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	if n, err := h.CountRecords(schema.Jobs); err != nil || n != 1 {
		t.Errorf("%d mails (%v): another name is no other password", n, err)
	}
}

// options changes how users sign in.
func (h *house) options(change func(*core.Collection)) {
	h.t.Helper()
	c, err := h.FindCollectionByNameOrId(schema.Users)
	if err != nil {
		h.t.Fatal(err)
	}
	change(c)
	if err := h.Save(c); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) signIn(agent string) answer {
	return h.header(collection+"auth-with-password", m{"identity": "ana", "password": testapp.Password}, "User-Agent", agent)
}

func TestSignInAlertByMail(t *testing.T) {
	h, server := openWithMail(t)
	h.options(func(c *core.Collection) { c.AuthAlert.Enabled = true })
	h.user("ana", schema.RoleVisitor, reads("es", "America/Bogota"))
	for _, agent := range []string{"Home/1.0", "Home/1.0", "Café <b>2</b>"} {
		if a := h.signIn(agent); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.raw)
		}
	}
	mail := server.AwaitTo(t, "ana@example.org", "Un nuevo inicio de sesión")
	if !strings.Contains(mail.Text, "Café <b>2</b>") || !strings.Contains(mail.Text, "127.0.0.1") || !strings.Contains(mail.Text, "(America/Bogota)") {
		t.Errorf("the alert:\n%s", mail.Text)
	}
	if strings.Contains(mail.HTML, "<b>2") {
		t.Error("what the program calls itself is taken for HTML")
	}
	if n := server.Count(t); n != 1 {
		t.Errorf("%d alerts, want 1", n)
	}
}

func TestSignInWaitsForNoMailServer(t *testing.T) {
	app := testapp.New(t)
	testapp.NewMailpit(t).Use(app)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	app.Settings().SMTP.Port = silent.Addr().(*net.TCPAddr).Port
	h := furnish(t, app)
	h.options(func(c *core.Collection) { c.AuthAlert.Enabled = true })
	h.user("ana", schema.RoleVisitor)
	for _, agent := range []string{"one", "two"} {
		if a := h.signIn(agent); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.raw)
		}
	}
	var attempts []int
	if err := h.DB().Select("attempts").From(schema.Jobs).Where(dbx.HashExp{"kind": Mail}).Column(&attempts); err != nil {
		t.Fatal(err)
	}
	if len(attempts) != 1 || attempts[0] > 1 {
		t.Errorf("tries of the alert: %v", attempts)
	}
}

func TestOneTimePasswordByMail(t *testing.T) {
	h, server := openWithMail(t)
	h.options(func(c *core.Collection) { c.OTP.Enabled = true; c.OTP.Length = 8; c.OTP.Duration = 180 })
	ana := h.user("ana", schema.RoleVisitor, reads("fr", "Europe/Paris"))
	a := h.header(collection+"request-otp", m{"email": ana.Email()}, "Accept-Language", "en")
	id, _ := a.at("otpId").(string)
	if a.status != 200 || id == "" {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	mail := server.AwaitTo(t, ana.Email(), "Votre mot de passe à usage unique")
	code := regexp.MustCompile(`\b\d{8}\b`).FindString(mail.Text)
	if code == "" || !strings.Contains(mail.HTML, ">"+code+"<") {
		t.Fatalf("no code:\n%s", mail.Text)
	}
	h.keepsNoSecret(code)
	if a := h.ask(nil, "POST", collection+"auth-with-otp", m{"otpId": id, "password": "00000000"}); a.status != 400 {
		t.Errorf("a wrong code: %d %s", a.status, a.raw)
	}
	if a := h.ask(nil, "POST", collection+"auth-with-otp", m{"otpId": id, "password": code}); a.status != 200 {
		t.Errorf("%d %s", a.status, a.raw)
	}
	nobody := h.ask(nil, "POST", collection+"request-otp", m{"email": "nobody@example.org"})
	if other, _ := nobody.at("otpId").(string); nobody.status != 200 || len(other) != len(id) || len(nobody.body.(m)) != 1 {
		t.Errorf("nobody's: %d %s", nobody.status, nobody.raw)
	}
	if n := server.Count(t); n != 1 {
		t.Errorf("%d mails", n)
	}
}

func TestMailsOutlastAnOutage(t *testing.T) {
	app := testapp.New(t)
	server := testapp.NewMailpit(t)
	server.Use(app)
	h := furnish(t, app)
	h.user("ann", schema.RoleVisitor)
	if a := h.ask(nil, "POST", collection+"request-password-reset", m{"email": "ann@example.org"}); a.status != 204 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	eventually(t, "a try in vain", func() bool {
		n, err := h.CountRecords(schema.Jobs, dbx.NewExp("lastError LIKE '%refused%'"))
		return err == nil && n == 1
	})
	server.Start(t)
	token := linked(t, server.AwaitTo(t, "ann@example.org", "Choose a new password"), "/reset-password?token=")
	if a := h.ask(nil, "POST", collection+"confirm-password-reset", m{"token": token, "password": "another-password", "passwordConfirm": "another-password"}); a.status != 204 {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if mails := server.Await(t, 2); len(mails) != 2 {
		t.Errorf("%v", mails)
	}
}

func TestWhatPeopleAreCalledAddsNoHeader(t *testing.T) {
	h, server := openWithMail(t)
	ann := h.user("ann", schema.RoleVisitor)
	for table, name := range map[string]string{schema.Users: ann.Id, schema.Library: schema.LibraryID} {
		_, err := h.DB().Update(table, dbx.Params{"name": "A\r\nBcc: all@example.org\r\n\r\n.\r\n"}, dbx.HashExp{"id": name}).Execute()
		if err != nil {
			t.Fatal(err)
		}
	}
	h.ask(nil, "POST", collection+"request-password-reset", m{"email": ann.Email()})
	mail := server.Await(t, 1)[0]
	if mail.To != ann.Email() || mail.Header["Bcc"] != nil || !strings.Contains(mail.Subject, "A Bcc: all@example.org .") {
		t.Errorf("%+v", mail)
	}
	linked(t, mail, "/reset-password?token=")
}

func TestDashboardsTestMailsAreOurs(t *testing.T) {
	h, server := openWithMail(t)
	root := testapp.Superuser(t, h.TestApp)
	for i, template := range []string{"verification", "password-reset", "email-change", "otp", "login-alert"} {
		a := h.ask(root, "POST", "/api/settings/test/email", m{"email": "root@example.org", "template": template, "collection": schema.Users})
		if a.status != 204 {
			t.Errorf("%s: %d %s", template, a.status, a.raw)
			continue
		}
		mail := server.Await(t, i+1)[i]
		if strings.Contains(mail.HTML, "/_/") || !strings.Contains(mail.HTML, "Hello __pb_test_name__,") {
			t.Errorf("%s:\n%s", template, mail.HTML)
		}
	}
}

func TestEveryMailReadsWellInEveryLanguage(t *testing.T) {
	h := open(t)
	p := postman{&room{Deps: h.deps()}, h.TestApp}
	bodies := map[string]string{}
	for _, language := range []string{"en", "pt-BR", "es", "fr", "ar"} {
		user := h.user("u"+strings.ToLower(language[:2]), schema.RoleVisitor, reads(language, "Asia/Tokyo"), func(r *core.Record) { r.SetVerified(false) })
		for _, about := range []string{aboutVerify, aboutTaken, aboutReset, aboutInactive, aboutChange, aboutChanging, aboutPassword, aboutProved, aboutAlert, aboutOTP} {
			e := errand{About: about, NewEmail: "new@example.org", IP: "192.0.2.7", Agent: "Browser/1", At: time.Date(2026, 1, 1, 20, 0, 0, 0, time.UTC)}
			letter, _, err := p.compose(user, e)
			if err != nil {
				t.Fatal(err)
			}
			_, html, text, err := letter.Render()
			if err != nil {
				t.Fatal(err)
			}
			for _, bad := range []string{"mail." + about, "<no value>", "{{", "}}"} {
				if strings.Contains(letter.Subject+html+text, bad) {
					t.Errorf("%s in %s: %q in\n%s", about, language, bad, text)
				}
			}
			if at := "2026-01-02 05:00 (Asia/Tokyo)"; slices.Contains([]string{aboutChanging, aboutPassword, aboutAlert}, about) && !strings.Contains(text, at) {
				t.Errorf("%s in %s is not told at %s:\n%s", about, language, at, text)
			}
			if other, twice := bodies[letter.Paragraphs[0]]; twice {
				t.Errorf("%s in %s reads as %s", about, language, other)
			}
			bodies[letter.Paragraphs[0]] = fmt.Sprint(about, " in ", language)
		}
	}
}
