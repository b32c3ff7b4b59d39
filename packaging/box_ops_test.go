//go:build ops && linux

package packaging

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"onlibrary/internal/testapp"
)

// cache outlives a run: a fresh Debian, packed, and the packages that apt fetched.
const cache = "../.cache/roots"

// desk is where scripts run in a box.
const desk = "/srv"

// box is a machine of its own: a fresh Debian 12 in which systemd is process 1.
// It shares this machine's network.
type box struct {
	t      *testing.T
	root   string
	leader int // its process 1, seen from here; 0 while it is off
	out    bytes.Buffer
}

// fresh lays a Debian out, as debootstrap makes it and a server comes with.
func fresh(t *testing.T) *box {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can make a machine")
	}
	dir, err := filepath.Abs(cache)
	if err != nil {
		t.Fatal(err)
	}
	packed := filepath.Join(dir, "debian-12.tar")
	if _, err := os.Stat(packed); err != nil {
		made := filepath.Join(dir, "debian-12")
		must(t, os.RemoveAll(made))
		must(t, os.MkdirAll(dir, 0o755))
		do(t, testapp.Tool(t, "debootstrap"), "--variant=minbase", "--include=systemd,systemd-sysv,dbus", "bookworm", made)
		do(t, "tar", "--numeric-owner", "-C", made, "-cf", packed+".new", ".")
		must(t, os.Rename(packed+".new", packed))
		must(t, os.RemoveAll(made))
	}
	b := &box{t: t, root: filepath.Join(t.TempDir(), "root")}
	must(t, os.Mkdir(b.root, 0o755))
	do(t, "tar", "--numeric-owner", "-C", b.root, "-xpf", packed)
	// As on a server. A package that is refused a start by this file would be installed, but not run.
	must(t, os.RemoveAll(filepath.Join(b.root, "usr/sbin/policy-rc.d")))
	return b
}

// boots starts it.
func (b *box) boots() {
	b.t.Helper()
	archives, err := filepath.Abs(filepath.Join(cache, "archives"))
	must(b.t, err)
	must(b.t, os.MkdirAll(filepath.Join(archives, "partial"), 0o755))
	cmd := exec.Command(testapp.Tool(b.t, "systemd-nspawn"), "--quiet", "--register=no", "--keep-unit",
		"--system-call-filter=landlock_create_ruleset landlock_add_rule landlock_restrict_self", // as a server has them
		"--machine=onlibrary-"+strconv.Itoa(os.Getpid()),
		"--bind="+archives+":/var/cache/apt/archives", "--directory="+b.root, "--boot", "--console=pipe")
	cmd.Stdout, cmd.Stderr = &b.out, &b.out
	must(b.t, cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	b.t.Cleanup(func() {
		if b.leader > 0 {
			_, _ = b.tries("systemctl poweroff --no-block")
		}
		select {
		case <-ended:
		case <-time.After(30 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
	})
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("it does not boot:\n%s", &b.out)
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", cmd.Process.Pid, cmd.Process.Pid))
		if err != nil {
			b.t.Fatalf("it does not boot:\n%s", &b.out)
		}
		first, _, _ := strings.Cut(string(text), " ")
		pid, err := strconv.Atoi(first)
		if err != nil {
			continue
		}
		b.leader = pid
		if out, _ := b.tries("systemctl is-system-running"); strings.HasPrefix(out, "running") || strings.HasPrefix(out, "degraded") {
			return
		}
	}
}

// tries runs a script in it, as its superuser, at its desk, and returns all that it says.
func (b *box) tries(script string, stdin ...string) (string, error) {
	b.t.Helper()
	cmd := exec.Command("nsenter", "--target", strconv.Itoa(b.leader), "--mount", "--uts", "--ipc", "--pid", "--cgroup",
		"env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME="+desk, "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive",
		"sh", "-ec", "cd "+desk+"\n"+script)
	if b.leader == 0 { // off: only its files are there
		cmd = exec.Command("chroot", b.root, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME="+desk, "sh", "-ec", "cd "+desk+"\n"+script)
	}
	cmd.Stdin = strings.NewReader(strings.Join(stdin, ""))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// runs is tries of what has to go well.
func (b *box) runs(script string, stdin ...string) string {
	b.t.Helper()
	out, err := b.tries(script, stdin...)
	if err != nil {
		log, _ := b.tries("journalctl --no-pager -u onlibrary | tail -n 40")
		b.t.Fatalf("%s\n%v\n%s\n%s", script, err, out, log)
	}
	return out
}

// says wants a script to say just that.
func (b *box) says(script, want string) {
	b.t.Helper()
	if got := strings.TrimSpace(b.runs(script)); got != want {
		b.t.Errorf("%s: %q, want %q", script, got, want)
	}
}

// given puts a file of this machine there.
func (b *box) given(from, to string) {
	b.t.Helper()
	text, err := os.ReadFile(from)
	must(b.t, err)
	to = filepath.Join(b.root, to)
	must(b.t, os.MkdirAll(filepath.Dir(to), 0o755))
	must(b.t, os.WriteFile(to, text, 0o644))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func do(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}
