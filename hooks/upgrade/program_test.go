package upgrade_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// These tests run the program itself, built as an earlier and as a newer one.

const (
	email    = "ada@example.org"
	password = "reading-room-1"
	earlier  = "v1.0.0"
	newer    = "v2.0.0"
)

// built are the programs by version, made once and deleted by TestMain.
type built struct {
	mu    sync.Mutex
	dir   string
	paths map[string]string
}

var programs = built{paths: map[string]string{}}

func TestMain(m *testing.M) {
	code := m.Run()
	if programs.dir != "" {
		_ = os.RemoveAll(programs.dir) // of no worth, in the machine's own folder for such
	}
	os.Exit(code)
}

// program builds a version. The newer one has migrations laid over it that are
// in no shipped program.
func program(t testing.TB, version string) string {
	t.Helper()
	programs.mu.Lock()
	defer programs.mu.Unlock()
	if path := programs.paths[version]; path != "" {
		return path
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if programs.dir == "" {
		lookAtSources(t, root)
		if programs.dir, err = os.MkdirTemp("", "onlibrary-upgrade-"); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(programs.dir, version)
	args := []string{"build", "-ldflags", "-s -w -X main.version=" + version, "-o", path}
	if version == newer {
		overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
			filepath.Join(root, "pb_migrations", "newer.go"): filepath.Join(root, "hooks", "upgrade", "testdata", "newer.go"),
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+".json", overlay, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "-overlay", path+".json")
	}
	cmd := exec.Command("go", append(args, ".")...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v: %s", version, err, out)
	}
	programs.paths[version] = path
	return path
}

// lookAtSources looks at what the program is made of, by which the go command
// knows that these tests are to run again when it changes.
func lookAtSources(t testing.TB, root string) {
	t.Helper()
	for _, part := range []string{"hooks", "internal", "pb_migrations", "locales", "main.go", "go.sum"} {
		err := filepath.WalkDir(filepath.Join(root, part), func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				_, err = os.Stat(path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// command is a version of the program on a data folder, with nothing of this
// process's settings.
func command(t testing.TB, version, dir string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(program(t, version), args...)
	c.Dir = t.TempDir()
	c.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "ONLIBRARY_DATA_DIR=" + dir, "ONLIBRARY_HTTP_ADDR=127.0.0.1:0",
		"ONLIBRARY_SUPERUSER_EMAIL=" + email, "ONLIBRARY_SUPERUSER_PASSWORD=" + password,
	}
	return c
}

// run runs a command to its end, which comes within a minute.
func run(t testing.TB, c *exec.Cmd) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, func() { _ = c.Process.Kill() }) // of which the exit code tells
	defer late.Stop()
	var exit *exec.ExitError
	if err := c.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

// refused runs a command that is to end with one line that holds all of want.
func refused(t testing.TB, c *exec.Cmd, want ...string) {
	t.Helper()
	out, stderr, code := run(t, c)
	if code != 1 || strings.Count(stderr, "\n") != 1 || strings.Contains(stderr, "goroutine") {
		t.Errorf("%v: %d, not one line: %s%s", c.Args[1:], code, out, stderr)
	}
	for _, w := range want {
		if !strings.Contains(stderr, w) {
			t.Errorf("%v: no %q in %s", c.Args[1:], w, stderr)
		}
	}
}

// done runs a command that is to succeed.
func done(t testing.TB, c *exec.Cmd) (stdout string) {
	t.Helper()
	out, stderr, code := run(t, c)
	if code != 0 {
		t.Fatalf("%v: %d %s%s", c.Args[1:], code, out, stderr)
	}
	return out
}

// server is a version that serves.
type server struct {
	cmd    *exec.Cmd
	url    string
	out    *output
	exited chan error
	token  string
}

type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// begin starts a version on a data folder, and does not wait for it.
func begin(t testing.TB, version, dir string, env ...string) *server {
	t.Helper()
	s := &server{cmd: command(t, version, dir, "serve"), out: &output{}, exited: make(chan error, 1)}
	s.cmd.Env = append(s.cmd.Env, env...)
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.out
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.exited <- s.cmd.Wait() }()
	t.Cleanup(func() { _ = s.cmd.Process.Kill() }) // it has ended where the test went well
	return s
}

// serve starts a version and signs in.
func serve(t testing.TB, version, dir string, env ...string) *server {
	t.Helper()
	s := begin(t, version, dir, env...)
	address := regexp.MustCompile(`Library\s+(http://\S+)`)
	for end := time.Now().Add(60 * time.Second); s.url == ""; time.Sleep(10 * time.Millisecond) {
		if match := address.FindStringSubmatch(s.out.String()); match != nil {
			s.url = match[1]
		} else if len(s.exited) > 0 || time.Now().After(end) {
			t.Fatalf("no server: %s", s.out)
		}
	}
	var session struct{ Token string }
	s.do(t, "POST", "/api/collections/_superusers/auth-with-password", "application/json",
		strings.NewReader(fmt.Sprintf(`{"identity":%q,"password":%q}`, email, password)), &session)
	s.token = session.Token
	return s
}

// do sends a request that is to be answered by a 200.
func (s *server) do(t testing.TB, method, path, contentType string, body io.Reader, into any) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Authorization", s.token)
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, response.StatusCode, raw)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	return raw
}

// document is a document as the API gives it.
type document struct{ ID, Title, Description, File, SHA256 string }

// upload stores a text.
func (s *server) upload(t testing.TB, title string) document {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "text.txt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(part, "the text of "+title); err != nil {
		t.Fatal(err)
	}
	for field, value := range map[string]string{"title": title, "description": "as it was", "visibility": "public"} {
		if err := form.WriteField(field, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	var d document
	s.do(t, "POST", "/api/collections/documents/records", form.FormDataContentType(), &body, &d)
	return d
}

// has finds the document with its file, described as told.
func (s *server) has(t testing.TB, d document, description string) {
	t.Helper()
	var got document
	s.do(t, "GET", "/api/collections/documents/records/"+d.ID, "", nil, &got)
	if got.Title != d.Title || got.SHA256 != d.SHA256 || got.Description != description {
		t.Errorf("%+v, want %+v described %q", got, d, description)
	}
	if text := s.do(t, "GET", "/api/files/documents/"+d.ID+"/"+d.File, "", nil, nil); string(text) != "the text of "+d.Title {
		t.Errorf("its file: %s", text)
	}
}

// stop ends the server.
func (s *server) stop(t testing.TB) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := s.wait(t); code != 0 {
		t.Errorf("ended with %d: %s", code, s.out)
	}
}

func (s *server) wait(t testing.TB) int {
	t.Helper()
	select {
	case <-s.exited:
	case <-time.After(60 * time.Second):
		t.Fatal("it does not end")
	}
	return s.cmd.ProcessState.ExitCode()
}
