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
