package backups

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"onlibrary/internal/config"
)

// program is the built binary, made once and deleted by TestMain.
type program struct {
	once sync.Once
	dir  string
	path string
	err  error
}

var binary program

func (p *program) build(t testing.TB) string {
	t.Helper()
	p.once.Do(func() {
		if p.dir, p.err = os.MkdirTemp("", "onlibrary-test-"); p.err != nil {
			return
		}
		p.path = filepath.Join(p.dir, "onlibrary")
		if out, err := exec.Command("go", "build", "-o", p.path, "onlibrary").CombinedOutput(); err != nil {
			p.err = errors.New(string(out))
		}
	})
	if p.err != nil {
		t.Fatal(p.err)
	}
	return p.path
}

func TestMain(m *testing.M) {
	code := m.Run()
	if binary.dir != "" {
		_ = os.RemoveAll(binary.dir) // of no worth, in the machine's own folder for such
	}
	os.Exit(code)
}

// command is the program with a data folder of its own and nothing of this
// process's settings.
func command(t testing.TB, dir string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(binary.build(t), args...)
	c.Dir = t.TempDir()
	c.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), config.Prefix + "DATA_DIR=" + dir, config.Prefix + "HTTP_ADDR=127.0.0.1:0",
		config.Prefix + "SUPERUSER_EMAIL=" + email, config.Prefix + "SUPERUSER_PASSWORD=" + secret,
	}
	return c
}

const (
	email  = "ada@example.org"
	secret = "reading-room-1"
)

// run runs a command to its end and returns what it printed and its exit code.
func run(t testing.TB, c *exec.Cmd) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

// good runs a command that has to go well.
func good(t testing.TB, dir string, args ...string) string {
	t.Helper()
	out, errs, code := run(t, command(t, dir, args...))
	if code != 0 {
		t.Fatalf("%v: %d %s%s", args, code, out, errs)
	}
	return out
}
