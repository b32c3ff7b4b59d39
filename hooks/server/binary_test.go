package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"onlibrary/internal/config"
)

// These tests run the program itself.

const (
	email    = "ada@example.org"
	password = "reading-room-1"
)

// program is the built binary, made once and deleted by TestMain.
type program struct {
	once sync.Once
	dir  string
	path string
	err  error
}

func (p *program) build(t testing.TB) string {
	t.Helper()
	p.once.Do(func() {
		if p.dir, p.err = os.MkdirTemp("", "onlibrary-test-"); p.err != nil {
			return
		}
		if p.err = lookAtSources(); p.err != nil {
			return
		}
		p.path = filepath.Join(p.dir, "onlibrary")
		out, err := exec.Command("go", "build", "-o", p.path, "onlibrary").CombinedOutput()
		if err != nil {
			p.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if p.err != nil {
		t.Fatal(p.err)
	}
	return p.path
}

var binary program

// lookAtSources looks at what the program is made of, by which the go command
// knows that these tests are to run again when it changes.
func lookAtSources() error {
	for _, folder := range []string{"hooks", "internal", "pb_migrations", "locales", filepath.Join("ui", "dist"), "main.go", "go.sum"} {
		err := filepath.WalkDir(filepath.Join("..", "..", folder), func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				_, err = os.Stat(path)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
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
		config.Prefix + "SUPERUSER_EMAIL=" + email, config.Prefix + "SUPERUSER_PASSWORD=" + password,
	}
	return c
}

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

// running is a server that runs.
type running struct {
	cmd    *exec.Cmd
	url    string
	stdout *lockedBuffer
	stderr *lockedBuffer
	exited chan error
	token  string
	client *http.Client
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func start(t testing.TB, dir string, args ...string) *running {
	t.Helper()
	r := begin(t, command(t, dir, append([]string{"serve"}, args...)...))
	r.signIn(t)
	return r
}

// begin starts a server and waits until it listens.
func begin(t testing.TB, c *exec.Cmd) *running {
	t.Helper()
	r := &running{
		cmd: c, stdout: &lockedBuffer{}, stderr: &lockedBuffer{}, exited: make(chan error, 1),
		client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	}
	r.cmd.Stdout, r.cmd.Stderr = r.stdout, r.stderr
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.exited <- r.cmd.Wait() }()
	t.Cleanup(func() { _ = r.cmd.Process.Kill() }) // it has ended where the test went well
	address := regexp.MustCompile(`Library\s+(https?://\S+)`)
	for end := time.Now().Add(60 * time.Second); r.url == ""; time.Sleep(10 * time.Millisecond) {
		if match := address.FindStringSubmatch(r.stdout.String()); match != nil {
			r.url = match[1]
		} else if time.Now().After(end) || r.cmd.ProcessState != nil {
			t.Fatalf("no server: %s %s", r.stdout, r.stderr)
		}
	}
	return r
}

// signIn signs the Admin in.
func (r *running) signIn(t testing.TB) {
	t.Helper()
	body := fmt.Sprintf(`{"identity":%q,"password":%q}`, email, password)
	var session struct{ Token string }
	if status := r.do(t, "POST", "/api/collections/users/auth-with-password", strings.NewReader(body), "application/json", &session); status != 200 {
		t.Fatalf("sign-in: %d", status)
	}
	r.token = session.Token
}

// stop tells the server to end and returns its exit code.
func (r *running) stop(t testing.TB) int {
	t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	return r.wait(t)
}

// complaints are what the log holds that is no mere news, and what is no log.
func (r *running) complaints() string {
	var b strings.Builder
	for line := range strings.Lines(r.stderr.String()) {
		if !strings.Contains(line, " level=INFO ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func (r *running) wait(t testing.TB) int {
	t.Helper()
	select {
	case <-r.exited:
	case <-time.After(60 * time.Second):
		t.Fatal("it does not end")
	}
	return r.cmd.ProcessState.ExitCode()
}

// do sends a request as the Admin; a status of 0 is no answer.
func (r *running) do(t testing.TB, method, path string, body io.Reader, contentType string, into any) int {
	request, err := http.NewRequestWithContext(context.Background(), method, r.url+path, body)
	if err != nil {
		t.Error(err)
		return 0
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Authorization", r.token)
	response, err := r.client.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return 0
	}
	if into != nil && response.StatusCode == 200 {
		if err := json.Unmarshal(raw, into); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	return response.StatusCode
}

// upload is what the server says of an upload.
type upload struct{ ID, File, SHA256, State string }

// send uploads a text of size bytes, written as it goes, and returns its sum.
func (r *running) send(t testing.TB, size int64) (u upload, sum string, status int) {
	read, write := io.Pipe()
	form := multipart.NewWriter(write)
	hash := sha256.New()
	go func() {
		part, err := form.CreateFormFile("file", "noise.txt")
		if err == nil {
			_, err = io.Copy(io.MultiWriter(part, hash), io.LimitReader(&noise{rand.NewChaCha8([32]byte{byte(size)})}, size))
		}
		if err == nil {
			err = form.WriteField("visibility", "public")
		}
		if err == nil {
			err = form.Close()
		}
		write.CloseWithError(err)
	}()
	status = r.do(t, "POST", "/api/collections/documents/records", read, form.FormDataContentType(), &u)
	read.Close()
	return u, hex.EncodeToString(hash.Sum(nil)), status
}

// noise is text without an end.
type noise struct{ source *rand.ChaCha8 }

func (n *noise) Read(p []byte) (int, error) {
	if _, err := n.source.Read(p); err != nil {
		return 0, err
	}
	for i := range p {
		p[i] = 'a' + p[i]%26
	}
	return len(p), nil
}

func TestServes(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir)
	banner := r.stdout.String()
	for _, want := range []string{"OnLibrary dev", "Dashboard  " + r.url + "/_/"} {
		if !strings.Contains(banner, want) {
			t.Errorf("no %q in %s", want, banner)
		}
	}
	if strings.Contains(banner, "/setup") {
		t.Errorf("set up already: %s", banner)
	}
	for path, want := range map[string]int{"/": 200, "/_/": 200, "/api/health": 200} {
		if status := r.do(t, "GET", path, nil, "", nil); status != want {
			t.Errorf("%s: %d", path, status)
		}
	}

	t.Run("one server a data folder", func(t *testing.T) {
		_, stderr, code := run(t, command(t, dir, "serve"))
		if code != 1 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "another server") || !strings.Contains(stderr, dir) {
			t.Errorf("%d %s", code, stderr)
		}
	})
	t.Run("one server a port", func(t *testing.T) {
		address := strings.TrimPrefix(r.url, "http://")
		_, stderr, code := run(t, command(t, t.TempDir(), "serve", "--http", address))
		if code != 1 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, address) || !strings.Contains(stderr, "in use") || !strings.Contains(stderr, "--http") {
			t.Errorf("%d %s", code, stderr)
		}
	})
	t.Run("commands beside it", func(t *testing.T) {
		out, stderr, code := run(t, command(t, dir, "migrate", "status"))
		if code != 0 || !strings.Contains(out, "applied 1764000000_create_roles.go") {
			t.Errorf("%d %s %s", code, out, stderr)
		}
	})
	t.Run("the version", func(t *testing.T) {
		if out, stderr, code := run(t, command(t, dir, "version")); code != 0 || out != "onlibrary dev\n" {
			t.Errorf("%d %s %s", code, out, stderr)
		}
	})
	if code := r.stop(t); code != 0 || r.complaints() != "" {
		t.Errorf("ended with %d: %s", code, r.stderr)
	}
	if left, err := os.ReadDir(filepath.Join(dir, spool)); err != nil || len(left) != 0 {
		t.Errorf("the spool holds %v: %v", left, err)
	}
}

// Told to stop in the middle of everything, it loses nothing that it said yes to.
func TestStopUnderLoad(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir)
	sse, err := http.NewRequestWithContext(t.Context(), "GET", r.url+"/api/realtime", nil)
	if err != nil {
		t.Fatal(err)
	}
	listening, err := http.DefaultClient.Do(sse) // would last for half an hour
	if err != nil {
		t.Fatal(err)
	}
	defer listening.Body.Close()
	var mu sync.Mutex
	said := map[string]string{}
	var senders sync.WaitGroup
	for range 6 {
		senders.Go(func() {
			for size := int64(100_000); ; size += 50_000 {
				u, sum, status := r.send(t, size)
				if status != 200 {
					return
				}
				mu.Lock()
				said[u.ID] = sum
				mu.Unlock()
			}
		})
	}
	for enough := false; !enough; time.Sleep(5 * time.Millisecond) {
		mu.Lock()
		enough = len(said) >= 20
		mu.Unlock()
	}
	code := r.stop(t)
	senders.Wait()
	if code != 0 {
		t.Errorf("ended with %d: %s", code, r.stderr)
	}
	r = start(t, dir)
	for id, sum := range said {
		var u upload
		if status := r.do(t, "GET", "/api/collections/documents/records/"+id, nil, "", &u); status != 200 || u.SHA256 != sum {
			t.Errorf("%s: %d, sum %s, want %s", id, status, u.SHA256, sum)
			continue
		}
		b, err := http.Get(r.url + "/api/files/documents/" + id + "/" + u.File)
		if err != nil {
			t.Fatal(err)
		}
		hash := sha256.New()
		if _, err := io.Copy(hash, b.Body); err != nil {
			t.Fatal(err)
		}
		b.Body.Close()
		if got := hex.EncodeToString(hash.Sum(nil)); got != sum {
			t.Errorf("%s: stored %s, want %s", id, got, sum)
		}
	}
	r.stop(t)
}

// A large file goes through without being held: in memory, by the writer.
func TestLargeUploadIsStreamed(t *testing.T) {
	const size, most = 160 << 20, 150 << 20 // ONLIBRARY_TEST_UPLOAD sets another size, in bytes
	n := int64(size)
	if s := os.Getenv("ONLIBRARY_TEST_UPLOAD"); s != "" {
		var err error
		if n, err = strconv.ParseInt(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	} else if testing.Short() {
		t.Skip("short: 160 MB go over the loopback")
	}
	r := start(t, t.TempDir())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if u, sum, status := r.send(t, n); status != 200 || u.SHA256 != sum {
			t.Errorf("%d, sum %s, want %s", status, u.SHA256, sum)
		}
	}()
	saves := 0
	for sent := false; !sent; {
		select {
		case <-done:
			sent = true
		default:
			body := strings.NewReader(fmt.Sprintf(`{"description":"save %d"}`, saves))
			if status := r.do(t, "PATCH", "/api/collections/library/records/library00000000", body, "application/json", nil); status != 200 {
				t.Errorf("a save beside it: %d", status)
			}
			saves++
		}
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.cmd.Process.Pid))
	if err != nil {
		t.Skip("no /proc: the memory it took is not known here")
	}
	match := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindStringSubmatch(string(status))
	if match == nil {
		t.Fatalf("no VmHWM in %s", status)
	}
	kilobytes, err := strconv.ParseInt(match[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MB sent, %d saves beside it, at most %d MB of memory", n>>20, saves, kilobytes>>10)
	if kilobytes<<10 > most {
		t.Errorf("%d MB of memory, want at most %d", kilobytes>>10, most>>20)
	}
	r.stop(t)
}

// Restoring a backup restarts the program within the process.
func TestRestore(t *testing.T) {
	r := start(t, t.TempDir())
	var session struct{ Token string }
	body := fmt.Sprintf(`{"identity":%q,"password":%q}`, email, password)
	if status := r.do(t, "POST", "/api/collections/_superusers/auth-with-password", strings.NewReader(body), "application/json", &session); status != 200 {
		t.Fatalf("superuser: %d", status)
	}
	r.token = session.Token
	u, sum, status := r.send(t, 50_000)
	if status != 200 {
		t.Fatalf("upload: %d", status)
	}
	record := "/api/collections/documents/records/" + u.ID
	for _, step := range []struct {
		method, path, body string
		want               int
	}{
		{"POST", "/api/backups", `{"name":"a.zip"}`, 204},
		{"DELETE", record, "", 204},
		{"POST", "/api/backups/a.zip/restore", "", 204},
	} {
		if status := r.do(t, step.method, step.path, strings.NewReader(step.body), "application/json", nil); status != step.want {
			t.Fatalf("%s %s: %d", step.method, step.path, status)
		}
	}
	r.url = "" // port 0 is another now
	address := regexp.MustCompile(`(?s)Dashboard.*Library\s+(http://\S+)`)
	for end := time.Now().Add(60 * time.Second); r.url == ""; time.Sleep(20 * time.Millisecond) {
		if match := address.FindStringSubmatch(r.stdout.String()); match != nil {
			r.url = match[1]
		} else if time.Now().After(end) {
			t.Fatalf("it does not come back: %s %s", r.stdout, r.stderr)
		}
	}
	var back upload
	if status := r.do(t, "GET", record, nil, "", &back); status != 200 || back.SHA256 != sum {
		t.Errorf("restored: %d %+v", status, back)
	}
	if code := r.stop(t); code != 0 {
		t.Errorf("ended with %d: %s", code, r.stderr)
	}
}

func TestMigrate(t *testing.T) {
	dir := t.TempDir()
	step := func(want string, args ...string) string {
		t.Helper()
		out, stderr, code := run(t, command(t, dir, append([]string{"migrate"}, args...)...))
		if code != 0 || !strings.Contains(out, want) {
			t.Fatalf("migrate %v: %d, no %q in %s%s", args, code, want, out, stderr)
		}
		return out
	}
	refused := func(want string, args ...string) {
		t.Helper()
		_, stderr, code := run(t, command(t, dir, append([]string{"migrate"}, args...)...))
		if code != 1 || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("migrate %v: %d %s", args, code, stderr)
		}
	}
	if out := step("1764000000_create_roles.go", "status"); strings.Contains(out, "applied") {
		t.Errorf("a fresh database: %s", out)
	}
	step("applied 1764000005_create_documents.go", "up")
	step("nothing to do", "up")
	all, err := filepath.Glob("../../pb_migrations/1*_*.go") // in their order
	if err != nil || len(all) < 9 {
		t.Fatal(all, err)
	}
	last := func(n int) string { return filepath.Base(all[len(all)-n]) }
	step("undone "+last(1), "down")
	step("undone "+last(3), "down", "2")
	step("undone 1764000006", "down", "create_document_shares")
	refused("is not applied", "down", "create_document_shares")
	refused("no migration is named", "down", "x")
	refused("no number", "down", "0")
	out := step("undone 1764000004", "down", "create_categories")
	if !strings.Contains(out, "1764000005") || strings.Contains(out, "1764000003") {
		t.Errorf("down to a name: %s", out)
	}
	status := step("applied 1764000003", "status")
	if strings.Contains(status, "applied 1764000004") {
		t.Errorf("after going down: %s", status)
	}
	step("applied "+last(1), "up")

	c := command(t, dir, "migrate", "create", "add_shelves")
	if err := os.Mkdir(filepath.Join(c.Dir, "pb_migrations"), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, stderr, code := run(t, c); code != 0 || !regexp.MustCompile(`wrote pb_migrations.\d{10}_add_shelves\.go`).MatchString(out) {
		t.Errorf("%d %s %s", code, out, stderr)
	}
	made, err := filepath.Glob(filepath.Join(c.Dir, "pb_migrations", "*_add_shelves.go"))
	if err != nil || len(made) != 1 {
		t.Errorf("made %v: %v", made, err)
	}
	refused("lower case", "create", "Shelves")
}

// A word that no command knows is a mistake that a script has to notice, and
// help needs no database.
func TestUnknownSubcommand(t *testing.T) {
	for _, parent := range []string{"user", "seed", "import", "locales", "migrate"} {
		dir := filepath.Join(t.TempDir(), "data")
		_, stderr, code := run(t, command(t, dir, parent, "nonsense"))
		if want := fmt.Sprintf("onlibrary: unknown command \"nonsense\" for \"onlibrary %s\"\n", parent); code != 1 || stderr != want {
			t.Errorf("%s nonsense: %d %s", parent, code, stderr)
		}
		out, stderr, code := run(t, command(t, dir, parent))
		if code != 0 || !strings.Contains(out, "Available Commands") || stderr != "" {
			t.Errorf("%s: %d %s%s", parent, code, out, stderr)
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s alone made a database: %v", parent, err)
		}
	}
}

func TestReachable(t *testing.T) {
	for address, want := range map[string]string{"127.0.0.1:80": "127.0.0.1:80", "0.0.0.0:80": "localhost:80", "[::]:80": "localhost:80", "[::1]:80": "[::1]:80"} {
		at, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if got := reachable(at); got != want {
			t.Errorf("%s: %s", address, got)
		}
	}
}
