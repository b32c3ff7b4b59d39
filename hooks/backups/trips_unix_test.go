//go:build unix

package backups

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"onlibrary/internal/archive"
	"onlibrary/internal/schema"
)

var errBusy = errors.New("the library is busy")

// running is a server that runs.
type running struct {
	cmd   *exec.Cmd
	ended chan struct{}
	url   string
	token string
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

func serve(t testing.TB, dir string) *running {
	t.Helper()
	r := &running{cmd: command(t, dir, "serve"), ended: make(chan struct{})}
	var out output
	r.cmd.Stdout, r.cmd.Stderr = &out, &out
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { defer close(r.ended); _ = r.cmd.Wait() }()
	t.Cleanup(func() { _ = r.cmd.Process.Kill(); <-r.ended })
	address := regexp.MustCompile(`Library\s+(http://\S+)`)
	for end := time.Now().Add(60 * time.Second); r.url == ""; time.Sleep(10 * time.Millisecond) {
		if match := address.FindStringSubmatch(out.String()); match != nil {
			r.url = match[1]
		} else if time.Now().After(end) {
			t.Fatalf("no server: %s", out.String())
		}
	}
	response, err := http.PostForm(r.url+"/api/collections/_superusers/auth-with-password", url.Values{"identity": {email}, "password": {secret}})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var session struct{ Token string }
	if err := json.NewDecoder(response.Body).Decode(&session); err != nil || session.Token == "" {
		t.Fatal(response.Status, err)
	}
	r.token = session.Token
	return r
}

// end ends the server and waits for it.
func (r *running) end(t testing.TB, how os.Signal) {
	t.Helper()
	if err := r.cmd.Process.Signal(how); err != nil {
		t.Fatal(err)
	}
	<-r.ended
}

func (r *running) do(method, path, contentType string, body io.Reader, into any) error {
	request, err := http.NewRequest(method, r.url+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", r.token)
	request.Header.Set("Content-Type", contentType)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusServiceUnavailable {
		return errBusy
	}
	if response.StatusCode >= 300 {
		text, err := io.ReadAll(response.Body)
		return fmt.Errorf("%s %s: %s %s %w", method, path, response.Status, text, err)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(into)
}

// upload makes a document of noise, or replaces the file of one.
func (r *running) upload(id string, size int) (string, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "noise.txt")
	if err != nil {
		return "", err
	}
	noise := make([]byte, size/2)
	_, _ = rand.Read(noise) // never fails
	if _, err := io.WriteString(part, hex.EncodeToString(noise)); err != nil {
		return "", err
	}
	if err := form.Close(); err != nil {
		return "", err
	}
	method, path := http.MethodPost, "/api/collections/documents/records"
	if id != "" {
		method, path = http.MethodPatch, path+"/"+id
	}
	var made struct{ ID string }
	err = r.do(method, path, form.FormDataContentType(), &body, &made)
	return made.ID, err
}

// load writes, replaces and deletes documents until stop is called.
func (r *running) load(t testing.TB) (stop func() (writes int64)) {
	var done atomic.Bool
	var writes atomic.Int64
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			var ids []string
			for n := 0; !done.Load(); n++ {
				var err error
				switch n % 4 {
				case 3:
					if err = r.do(http.MethodDelete, "/api/collections/documents/records/"+ids[0], "", nil, nil); err == nil {
						ids = ids[1:]
					}
				case 2:
					_, err = r.upload(ids[0], 40_000)
				default:
					var id string
					if id, err = r.upload("", 20_000); err == nil {
						ids = append(ids, id)
					}
				}
				switch {
				case errors.Is(err, errBusy): // two programs wrote at once, and it says to try again
					n--
				case err != nil:
					t.Error(err)
					return
				default:
					writes.Add(1)
				}
			}
		})
	}
	return func() int64 {
		done.Store(true)
		all.Wait()
		return writes.Load()
	}
}

// library makes a data folder with documents.
func library(t testing.TB, documents, size int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	r := serve(t, dir)
	for range documents {
		if _, err := r.upload("", size); err != nil {
			t.Fatal(err)
		}
	}
	r.end(t, os.Interrupt)
	return dir
}

// trip makes a backup with the program, restores it with the program into a new
// folder, and compares.
func trip(t testing.TB, dir string, quiet bool) {
	t.Helper()
	work := t.TempDir()
	defer os.RemoveAll(work)
	zip, to := filepath.Join(work, "b.zip"), filepath.Join(work, "data")
	good(t, dir, "backup", "create", zip)
	a, want := inside(t, zip)
	good(t, to, "backup", "restore", "--yes", zip)
	got := texts(t, to)
	delete(want, archive.ManifestName)
	delete(got, ".open")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	if len(a.Manifest.Missing) > 0 {
		t.Fatalf("missing: %v", a.Manifest.Missing)
	}
	sums(t, to)
	if !quiet {
		return
	}
	// That a backup was made is noted after it.
	but := regexp.MustCompile(`(?m)^audit_logs\|.*\n`)
	if diff := cmp.Diff(but.ReplaceAllString(rows(t, filepath.Join(dir, "data.db")), ""), but.ReplaceAllString(rows(t, filepath.Join(to, "data.db")), "")); diff != "" {
		t.Fatal(diff)
	}
	for name, text := range texts(t, filepath.Join(dir, "storage")) {
		if got["storage/"+name] != text {
			t.Fatalf("%s came back as another", name)
		}
	}
}

// sums compares every stored file with the sum that its document has, and looks
// at the database.
func sums(t testing.TB, dir string) {
	t.Helper()
	if err := archive.CheckDatabase(t.Context(), filepath.Join(dir, "data.db"), known); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "data.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var collection string
	if err := db.QueryRow("SELECT id FROM _collections WHERE name = ?", schema.Documents).Scan(&collection); err != nil {
		t.Fatal(err)
	}
	found, err := db.Query("SELECT id, file, sha256 FROM documents")
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	n := 0
	for found.Next() {
		var id, file, sum string
		if err := found.Scan(&id, &file, &sum); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, "storage", collection, id, file))
		if err != nil {
			t.Fatal(err)
		}
		if got := sha256.Sum256(text); hex.EncodeToString(got[:]) != sum {
			t.Fatalf("%s of %s is another", file, id)
		}
		n++
	}
	if err := found.Err(); err != nil || n == 0 {
		t.Fatal(n, err)
	}
}

// trips makes some round trips, and some more beside a server that is written to.
func trips(t *testing.T, quiet, busy int) {
	dir := library(t, 12, 60_000)
	for range quiet {
		trip(t, dir, true)
	}
	r := serve(t, dir)
	stop := r.load(t)
	for range busy {
		trip(t, dir, false)
	}
	writes := stop()
	t.Logf("%d writes beside %d backups", writes, busy)
	if writes < int64(busy) {
		t.Errorf("%d writes are no load", writes)
	}
}

// What is backed up comes back byte by byte, beside writers too.
func TestRoundTrips(t *testing.T) { trips(t, 2, 1) }

// The program refuses to restore beside a server, and restores when that is gone.
func TestProgramRestores(t *testing.T) {
	dir := library(t, 2, 1000)
	zip := filepath.Join(t.TempDir(), "b.zip")
	r := serve(t, dir)
	good(t, dir, "backup", "create", zip)
	if _, errs, code := run(t, command(t, dir, "backup", "restore", "--yes", zip)); code != 1 || !strings.Contains(errs, "stop the server") || strings.Count(errs, "\n") != 1 {
		t.Errorf("beside a server: %d %s", code, errs)
	}
	if _, errs, code := run(t, command(t, dir, "backup", "restore", zip)); code != 1 || !strings.Contains(errs, "--yes") || strings.Count(errs, "\n") != 1 {
		t.Errorf("without a terminal: %d %s", code, errs)
	}
	if _, err := r.upload("", 1000); err != nil {
		t.Errorf("the server is harmed: %v", err)
	}
	r.end(t, os.Kill)
	if out := good(t, dir, "backup", "restore", "--yes", zip); !strings.Contains(out, "is kept in") {
		t.Error(out)
	}
	sums(t, dir)
	if out := good(t, dir, "migrate", "status"); !strings.Contains(out, "applied") {
		t.Error(out)
	}
}
