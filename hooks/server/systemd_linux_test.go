package server

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"

	"onlibrary/internal/testapp"
)

// handOver has the program take over the listeners as systemd hands them over.
func handOver(t testing.TB, c *exec.Cmd, names string, listeners ...net.Listener) {
	t.Helper()
	for _, l := range listeners {
		f, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		c.ExtraFiles = append(c.ExtraFiles, f)
	}
	c.Env = append(c.Env, fmt.Sprint("LISTEN_FDS=", len(listeners)), "LISTEN_FDNAMES="+names)
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	// Only the process that they are for may take them, whose number the shell keeps.
	c.Args = append([]string{"sh", "-c", `LISTEN_PID=$$ exec "$@"`, "sh", c.Path}, c.Args[1:]...)
	c.Path = shell
}

func localListener(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// Sockets of systemd are served by their names, and by the program too that a
// restore puts in this one's place.
func TestSocketActivation(t *testing.T) {
	cert, key, trusted := ownCertificate(t, domain)
	https, plain := localListener(t), localListener(t)
	c := command(t, t.TempDir(), "serve", "--https", "127.0.0.1:1", "--http-challenge", "127.0.0.1:1", "--tls-cert", cert, "--tls-key", key)
	handOver(t, c, "http:https", plain, https)
	s := begin(t, c)
	s.url = "https://" + domain
	s.client = clientAt(https.Addr().String(), trusted, false)
	response, err := clientAt(plain.Addr().String(), nil, false).Get("http://" + domain + "/x")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusMovedPermanently {
		t.Errorf("the plain socket: %d", response.StatusCode)
	}
	var session struct{ Token string }
	body := fmt.Sprintf(`{"identity":%q,"password":%q}`, email, password)
	if status := s.do(t, "POST", "/api/collections/_superusers/auth-with-password", strings.NewReader(body), "application/json", &session); status != 200 {
		t.Fatalf("superuser: %d", status)
	}
	s.token = session.Token
	for _, path := range []string{"/api/backups", "/api/backups/a.zip/restore"} {
		if status := s.do(t, "POST", path, strings.NewReader(`{"name":"a.zip"}`), "application/json", nil); status != 204 {
			t.Fatalf("%s: %d", path, status)
		}
	}
	for end := time.Now().Add(60 * time.Second); strings.Count(s.stdout.String(), "Dashboard") < 2; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it does not come back: %s %s", s.stdout, s.stderr)
		}
	}
	if status := s.do(t, "GET", "/api/health", nil, "", nil); status != 200 {
		t.Errorf("after a restore: %d", status)
	}
	if code := s.stop(t); code != 0 || s.complaints() != "" {
		t.Errorf("ended with %d: %s", code, s.stderr)
	}
}

// A lone socket needs no name, and what is wrong with sockets is said in a line.
func TestLoneSocket(t *testing.T) {
	l := localListener(t)
	c := command(t, t.TempDir(), "serve", "--http", "127.0.0.1:1")
	handOver(t, c, "onlibrary.socket", l)
	s := begin(t, c)
	if s.url != "http://"+l.Addr().String() {
		t.Errorf("it is at %s", s.url)
	}
	if status := s.do(t, "GET", "/api/health", nil, "", nil); status != 200 {
		t.Errorf("%d", status)
	}
	if code := s.stop(t); code != 0 {
		t.Errorf("ended with %d: %s", code, s.stderr)
	}
	for names, want := range map[string]string{"http:other": `"other"`, "http:http": "two sockets", "http:https": "neither domains nor a certificate"} {
		c := command(t, t.TempDir(), "serve")
		handOver(t, c, names, localListener(t), localListener(t))
		if _, stderr, code := run(t, c); code != 1 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%s: %d %s", names, code, stderr)
		}
	}
}

// systemd's own program hands the socket over as this expects.
func TestSocketActivate(t *testing.T) {
	tool := testapp.Tool(t, "systemd-socket-activate")
	addr := freeAddress(t)
	c := command(t, t.TempDir(), "serve", "--http", "127.0.0.1:1")
	args := []string{tool, "--listen=" + addr, "--fdname=http"}
	for _, v := range c.Env { // it passes on only what it is told to
		name, _, _ := strings.Cut(v, "=")
		args = append(args, "--setenv="+name)
	}
	c.Args, c.Path = append(append(args, c.Path), c.Args[1:]...), tool
	s := &running{cmd: c, stdout: &lockedBuffer{}, stderr: &lockedBuffer{}, exited: make(chan error, 1), url: "http://" + addr, client: http.DefaultClient}
	c.Stdout, c.Stderr = s.stdout, s.stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.exited <- c.Wait() }()
	t.Cleanup(func() { _ = c.Process.Kill() })
	for end := time.Now().Add(60 * time.Second); s.do(t, "GET", "/api/health", nil, "", nil) != 200; time.Sleep(20 * time.Millisecond) { // the first request has it started
		if time.Now().After(end) {
			t.Fatalf("no server: %s %s", s.stdout, s.stderr)
		}
	}
	if code := s.stop(t); code != 0 {
		t.Errorf("ended with %d: %s", code, s.stderr)
	}
}

// notifySocket is where systemd would listen; what it is told comes out.
func notifySocket(t testing.TB) (path string, told <-chan string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "n") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path = filepath.Join(dir, "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	out := make(chan string, 1000)
	go func() {
		for {
			b := make([]byte, 4096)
			n, err := c.Read(b)
			if err != nil {
				return
			}
			out <- string(b[:n])
		}
	}()
	return path, out
}

// systemd is told when the library can be reached, that it lives, and when it stops.
func TestNotifies(t *testing.T) {
	path, told := notifySocket(t)
	c := command(t, t.TempDir(), "serve")
	c.Env = append(c.Env, "NOTIFY_SOCKET="+path, "WATCHDOG_USEC=200000")
	s := begin(t, c)
	if got, want := hear(t, told), fmt.Sprintf("READY=1\nMAINPID=%d", c.Process.Pid); got != want {
		t.Errorf("first it tells %q, want %q", got, want)
	}
	for range 3 {
		if got := hear(t, told); got != "WATCHDOG=1" {
			t.Errorf("then %q", got)
		}
	}
	if code := s.stop(t); code != 0 {
		t.Errorf("ended with %d: %s", code, s.stderr)
	}
	for got := hear(t, told); got != "STOPPING=1"; got = hear(t, told) {
		if got != "WATCHDOG=1" {
			t.Errorf("at last %q", got)
		}
	}
}

// A server whose database does not answer is not said to live.
func TestWatchdogAsksTheDatabase(t *testing.T) {
	path, told := notifySocket(t)
	t.Setenv("NOTIFY_SOCKET", path)
	app := testapp.New(t)
	go live(t.Context(), app, 50*time.Millisecond)
	hear(t, told)
	db, ok := app.ConcurrentDB().(*dbx.DB)
	if !ok {
		t.Fatal("no database")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	<-ctx.Done()
	for len(told) > 0 {
		<-told // from before
	}
	select {
	case got := <-told:
		t.Errorf("it tells %q", got)
	case <-time.After(500 * time.Millisecond):
	}
}
