package accounts

import (
	"bytes"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// run runs the user command and returns what it prints, or its error.
func (h *house) run(stdin string, args ...string) (string, error) {
	h.t.Helper()
	c := Command(h.TestApp, h.deps())
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&out)
	c.SetIn(strings.NewReader(stdin))
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(args)
	err := c.Execute()
	return out.String(), err
}

func TestCommand(t *testing.T) {
	h := open(t)
	for _, test := range []struct {
		stdin, args, out, err string
	}{
		{"a-good-password\n", "create --email boss@example.org --name Boss --role admin", "boss was made, active, with the role Admin\n", ""},
		{"a-good-password\r\n", "create --username pupil", "pupil was made, active, with the role Visitor\n", ""},
		{"a-good-password", "create --username waiting --state pending --role " + schema.RoleCustomer, "waiting was made, pending, with the role Customer\n", ""},
		{"a-good-password\n", "create --username PUPIL", "", "username: Value must be unique"},
		{"a-good-password\n", "create --email nobody --username third", "", "email: must be a valid email address"},
		{"a-good-password\n", "create --username third --state asleep", "", "state: "},
		{"a-good-password\n", "create --username third --role chief", "", `there is no role "chief"`},
		{"short\n", "create --username third", "", "password: Must be at least 8"},
		{strings.Repeat("é", 40) + "\n", "create --username third", "", "password: This password is too long: at most 72 bytes"},
		{"\n", "create --username third", "", "no password on standard input"},
		{"", "activate WAITING", "waiting is active\n", ""},
		{"", "deactivate pupil", "pupil is inactive\n", ""},
		{"", "set-role Pupil librarian", "pupil has the role Librarian\n", ""},
		{"", "set-role nobody librarian", "", `there is no user "nobody"`},
		{"", "set-role pupil chief", "", `there is no role "chief"`},
		{"", "activate nobody@example.org", "", `there is no user "nobody@example.org"`},
		{"", "deactivate BOSS@example.org", "", "Somebody active has to be able to manage roles"},
		{"", "set-role boss visitor", "", "Somebody active has to be able to manage roles"},
		{"", "set-role boss visitor --force", "boss has the role Visitor\n", ""},
		{"", "deactivate", "", "accepts 1 arg"},
	} {
		out, err := h.run(test.stdin, strings.Fields(test.args)...)
		if test.err == "" && (err != nil || out != test.out) || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
			t.Errorf("%s: %q, %v", test.args, out, err)
		}
	}
	a := h.ask(nil, "POST", "/api/collections/users/auth-with-password", m{"identity": "boss@example.org", "password": "a-good-password"})
	if a.status != 200 || len(a.at("record", "channels").([]any)) != 2 {
		t.Errorf("sign-in of who was made: %d %s", a.status, a.raw)
	}
}

// The command ends the tokens of a server that it does not run in.
func TestCommandBesideServer(t *testing.T) {
	h := open(t)
	h.user("root", schema.RoleAdmin)
	ann := h.user("ann", schema.RoleCustomer)
	token := testapp.Token(t, ann)
	s := h.connect(token, "documents/*")

	beside := core.NewBaseApp(core.BaseAppConfig{DataDir: h.DataDir(), EncryptionEnv: "pb_test_env"})
	Bind(beside, h.deps())
	if err := beside.Bootstrap(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = beside.ClearBootstrap() })
	c := Command(beside, h.deps())
	c.SetOut(&bytes.Buffer{})
	c.SetArgs([]string{"deactivate", "ann"})
	if err := c.Execute(); err != nil {
		t.Fatal(err)
	}
	if a := h.with(token, "GET", "/api/library/me", ""); a.status != 401 {
		t.Errorf("the token lives: %d %s", a.status, a.raw)
	}
	s.closes(t, "deactivated by the command")
}

func TestResetGivesAnotherPassword(t *testing.T) {
	h := open(t)
	ann := h.user("ann", schema.RoleVisitor)
	token := testapp.Token(t, ann)
	s := h.connect(token, "users/"+ann.Id)
	out, err := h.run("another-password\n", "reset", "ANN@example.org")
	if err != nil || out != "ann has another password, and has to sign in again\n" {
		t.Fatalf("%q, %v", out, err)
	}
	s.closes(t, "reset")
	if a := h.with(token, "GET", "/api/library/me", ""); a.status != 401 {
		t.Errorf("the session lives: %d", a.status)
	}
	for password, want := range map[string]int{testapp.Password: 400, "another-password": 200} {
		if a := h.ask(nil, "POST", collection+"auth-with-password", m{"identity": "ann", "password": password}); a.status != want {
			t.Errorf("%s: %d %s", password, a.status, a.raw)
		}
	}
}

func TestResetTellsTheOwner(t *testing.T) {
	h, server := openWithMail(t)
	ana := h.user("ana", schema.RoleVisitor, reads("es", "America/Bogota"))
	if _, err := h.run("another-password\n", "reset", "ana"); err != nil {
		t.Fatal(err)
	}
	mail := server.AwaitTo(t, ana.Email(), "Se ha cambiado tu contraseña")
	if strings.Contains(mail.Text+mail.HTML, "another-password") {
		t.Error("the mail tells the password")
	}
	h.keepsNoSecret("another-password")
}

func TestResetLiftsNoState(t *testing.T) {
	h := open(t)
	u := h.user("shut", schema.RoleVisitor, func(r *core.Record) { r.Set("state", schema.StateInactive); r.SetVerified(false) })
	if _, err := h.run("another-password\n", "reset", "shut"); err != nil {
		t.Fatal(err)
	}
	if got := h.stored(u); got.GetString("state") != schema.StateInactive || got.Verified() || !got.ValidatePassword("another-password") {
		t.Errorf("%v", got.FieldsData())
	}
}

func TestResetRefuses(t *testing.T) {
	h := open(t)
	ann := h.user("ann", schema.RoleVisitor)
	for _, test := range []struct{ stdin, args, err string }{
		{"", "reset ann", "no password on standard input"},
		{"\n", "reset ann", "no password on standard input"},
		{"short\n", "reset ann", "password: Must be at least 8"},
		{strings.Repeat("é", 40), "reset ann", "password: This password is too long"},
		{"another-password\n", "reset nobody", `there is no user "nobody"`},
		{"another-password\n", "reset", "accepts 1 arg"},
		{"another-password\n", "reset ann another-password", "accepts 1 arg"},
	} {
		h.stays(test.args, ann, func() {
			if _, err := h.run(test.stdin, strings.Fields(test.args)...); err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: %v", test.args, err)
			}
		})
	}
}

func TestHelpOfTheCommand(t *testing.T) {
	h := open(t)
	for args, wants := range map[string][]string{
		"":              {"create", "activate", "deactivate", "set-role", "reset", "standard input"},
		"--help":        {"create", "activate", "deactivate", "set-role", "reset", "standard input"},
		"reset --help":  {"reset IDENT", "end all sessions"},
		"create --help": {"--email", "--username", "--name", "--role", "--state"},
	} {
		out, err := h.run("", strings.Fields(args)...)
		for _, want := range wants {
			if err != nil || !strings.Contains(out, want) {
				t.Errorf("%q does not tell of %s (%v):\n%s", args, want, err, out)
			}
		}
		if strings.Contains(out, "--password") {
			t.Errorf("%q takes a password as an argument:\n%s", args, out)
		}
	}
	if _, err := h.run("", "frobnicate"); err == nil || !strings.Contains(err.Error(), "unknown command") {
		t.Errorf("an unknown command: %v", err)
	}
}
