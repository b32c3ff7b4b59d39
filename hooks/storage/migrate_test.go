package storage

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// migrate runs the command and returns what it prints.
func (h *house) migrate(t testing.TB, stdin string, args ...string) (string, error) {
	t.Helper()
	c := Command(h.TestApp, CommandDeps{Hold: func() (io.Closer, error) { return io.NopCloser(nil), nil }, pause: 10 * time.Millisecond})
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&out)
	c.SetIn(strings.NewReader(stdin))
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(append([]string{"migrate"}, args...))
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

// bucketFlags name the bucket.
func bucketFlags(s3 *testapp.S3) []string {
	return []string{
		"--to", "s3", "--bucket", s3.Bucket, "--region", s3.Region, "--endpoint", s3.Endpoint, "--access-key", s3.AccessKey, "--path-style",
	}
}

// stocked is a library on the disk with documents, the longest of so many
// bytes, and an avatar.
func stocked(t testing.TB, longest int) (*house, []*core.Record) {
	t.Helper()
	h := open(t, nil)
	docs := []*core.Record{
		h.upload(t, picture("plan.png", 300)), h.upload(t, text("tiny.txt", 1)), h.upload(t, text("long.txt", longest)),
		h.upload(t, testapp.File{Name: "ação, 50% “x”.csv", Content: []byte("a,b\n1,2\n")}),
	}
	h.want(t, 200, h.ann, "PATCH", users+"/"+h.ann.Id, testapp.Form{"avatar": picture("me.png", 20)})
	h.want(t, 200, nil, "GET", address(t, docs[0], docs[0].GetString("file"), h.ann, "thumb=100x100"), nil)
	return h, docs
}

// read returns what the library hands out for each document, by name and content.
func (h *house) read(t testing.TB, docs []*core.Record) (all []string) {
	t.Helper()
	for _, doc := range docs {
		a := h.want(t, 200, nil, "GET", address(t, doc, doc.GetString("file"), h.ann, ""), nil)
		all = append(all, fmt.Sprintf("%s|%s|%x", a.Header.Get("Content-Type"), a.Header.Get("Content-Disposition"), a.Raw))
		if small := doc.GetString("thumbnail"); small != "" {
			a := h.want(t, 200, nil, "GET", address(t, doc, small, h.ann, ""), nil)
			all = append(all, fmt.Sprintf("%s|%x", a.Header.Get("Content-Type"), a.Raw))
		}
	}
	return all
}

// Every file goes to S3 and back; what is handed out is the same all the while.
func TestMigrateThereAndBack(t *testing.T) {
	h, docs := stocked(t, 17<<20)
	s3 := testapp.StartS3(t)
	before, onDisk := h.read(t, docs), h.disk(t)
	out, err := h.migrate(t, s3.Secret+"\n", bucketFlags(s3)...)
	if err != nil || !strings.Contains(out, "6 files: 6 copied, 0 there already, 0 missing, 0 failed") {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := h.Settings().S3; got != s3.S3Config {
		t.Errorf("the setting is %+v", got)
	}
	if got := h.disk(t); !slices.Equal(got, onDisk) {
		t.Errorf("the originals: %v, want %v", got, onDisk)
	}
	if err := os.Rename(filepath.Join(h.DataDir(), core.LocalStorageDirName), filepath.Join(h.DataDir(), "away")); err != nil {
		t.Fatal(err)
	}
	if got := h.read(t, docs); !slices.Equal(got, before) {
		t.Errorf("on S3 the files are others")
	}
	h.want(t, 200, nil, "GET", address(t, docs[0], docs[0].GetString("file"), h.ann, "thumb=100x100"), nil)

	out, err = h.migrate(t, "", "--to", "disk", "--delete")
	if err != nil || !strings.Contains(out, "6 files: 6 copied") || h.Settings().S3.Enabled || h.Settings().S3.Secret != s3.Secret {
		t.Fatalf("back: %v\n%s", err, out)
	}
	if got := s3.Keys(t, ""); len(got) > 0 {
		t.Errorf("left on S3: %v", got)
	}
	s3.Stop()
	if got := h.read(t, docs); !slices.Equal(got, before) {
		t.Errorf("back on the disk the files are others")
	}
	if left, err := filepath.Glob(filepath.Join(h.DataDir(), ".storage*")); err != nil || len(left) > 0 {
		t.Errorf("left: %v %v", left, err)
	}
}

// A library whose S3 was switched on in the dashboard, with all its files on
// the disk still, is brought there too, by what is stored.
func TestMigrateAfterSwitching(t *testing.T) {
	h, docs := stocked(t, 1<<10)
	before := h.read(t, docs)
	s3 := testapp.StartS3(t)
	s3.Use(t, h)
	if out, err := h.migrate(t, "", "--to", "s3", "--delete"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := h.read(t, docs); !slices.Equal(got, before) || len(h.disk(t)) > 0 {
		t.Errorf("the files are others, or on the disk: %v", h.disk(t))
	}
	out, err := h.migrate(t, "", "--to", "s3", "--delete")
	if err != nil || !strings.Contains(out, "0 copied, 6 there already") {
		t.Errorf("once more: %v\n%s", err, out)
	}
}

// What is not right is not switched to, is named, and is done by the next run.
func TestMigrateGoesOn(t *testing.T) {
	h, docs := stocked(t, 1<<10)
	s3 := testapp.StartS3(t)
	path := func(i int) string {
		return filepath.Join(h.DataDir(), core.LocalStorageDirName, docs[i].BaseFilesPath(), docs[i].GetString("file"))
	}
	damaged, err := os.ReadFile(path(3))
	if err != nil {
		t.Fatal(err)
	}
	spoilt := bytes.Clone(damaged)
	spoilt[0] ^= 1
	write := func(path string, content []byte) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(path(3), spoilt)
	if err := os.Rename(path(1), path(1)+".away"); err != nil {
		t.Fatal(err)
	}
	out, err := h.migrate(t, s3.Secret, bucketFlags(s3)...)
	for _, want := range []string{"4 copied, 0 there already, 1 missing, 1 failed", "missing\t" + docs[1].BaseFilesPath(), "failed\t" + docs[3].BaseFilesPath(), "damaged"} {
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("no %q: %v\n%s", want, err, out)
		}
	}
	if h.Settings().S3.Enabled || slices.ContainsFunc(s3.Keys(t, ""), func(key string) bool { return strings.HasPrefix(key, docs[3].BaseFilesPath()) }) {
		t.Error("switched, or kept what is damaged")
	}
	write(path(3), damaged)
	out, err = h.migrate(t, s3.Secret, bucketFlags(s3)...)
	if err == nil || !strings.Contains(err.Error(), "1 files that records name are gone") || !strings.Contains(out, "1 copied, 4 there already, 1 missing, 0 failed") || h.Settings().S3.Enabled {
		t.Errorf("one is missing: %v\n%s", err, out)
	}
	// A copy that was right, and is so no more.
	key := docs[0].BaseFilesPath() + "/" + docs[0].GetString("file")
	if err := s3.Open(t).Upload([]byte("short"), key); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path(1)+".away", path(1)); err != nil {
		t.Fatal(err)
	}
	out, err = h.migrate(t, s3.Secret, append(bucketFlags(s3), "--delete")...)
	if err != nil || !strings.Contains(out, "2 copied, 4 there already, 0 missing, 0 failed") || !h.Settings().S3.Enabled || len(h.disk(t)) > 0 {
		t.Errorf("%v\n%s\non the disk %v", err, out, h.disk(t))
	}
	h.read(t, docs)

	if err := s3.Open(t).Delete(key); err != nil {
		t.Fatal(err)
	}
	out, err = h.migrate(t, "", "--to", "disk", "--ignore-missing")
	if err != nil || !strings.Contains(out, "5 copied, 0 there already, 1 missing") || h.Settings().S3.Enabled {
		t.Errorf("without what is gone: %v\n%s", err, out)
	}
}

func TestMigrateRefuses(t *testing.T) {
	h := open(t, nil)
	h.upload(t, text("tiny.txt", 1))
	s3 := testapp.StartS3(t)
	website := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "Welcome!") // to whatever is asked
	}))
	defer website.Close()
	for name, test := range map[string]struct {
		stdin, want string
		args        []string
	}{
		"nowhere":      {"", "--to has to be s3 or disk", nil},
		"no S3":        {"", "S3 is not set up", []string{"--to", "s3"}},
		"no S3 at all": {"", "S3 is not set up", []string{"--to", "disk"}},
		"wrong secret": {"wrong", "does not do", bucketFlags(s3)},
		"no bucket":    {s3.Secret, "does not do", append(bucketFlags(s3), "--bucket", "elsewhere")},
		"no S3 there":  {s3.Secret, "does not do", append(bucketFlags(s3), "--endpoint", website.URL)},
		"nobody there": {s3.Secret, "does not do", append(bucketFlags(s3), "--endpoint", "http://127.0.0.1:1")},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := h.migrate(t, test.stdin, test.args...)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.ContainsAny(err.Error(), "\n<") {
				t.Errorf("%v\n%s", err, out)
			}
			if h.Settings().S3.Enabled || len(s3.Keys(t, "")) > 0 {
				t.Error("something changed")
			}
		})
	}
	t.Run("beside a server", func(t *testing.T) {
		c := Command(h.TestApp, CommandDeps{Hold: func() (io.Closer, error) { return nil, errors.New("another server works on it") }})
		c.SetArgs(append([]string{"migrate"}, bucketFlags(s3)...))
		c.SilenceErrors, c.SilenceUsage = true, true
		if err := c.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "stop the server first") {
			t.Error(err)
		}
	})
	t.Run("another bucket", func(t *testing.T) {
		s3.Use(t, h)
		if _, err := h.migrate(t, "x", append(bucketFlags(s3), "--bucket", "another")...); err == nil || !strings.Contains(err.Error(), "bring them to the disk first") {
			t.Error(err)
		}
	})
}

// S3 goes away amidst a move: it ends soon, and the next run goes on.
func TestMigrateOverAnOutage(t *testing.T) {
	h := open(t, nil)
	for i := range 40 {
		testapp.Document(t, h, h.ann, schema.VisibilityPrivate, func(doc *core.Record) { doc.Set("title", fmt.Sprint(i)) })
	}
	s3 := testapp.StartS3(t)
	gate := openGate(t, s3.Endpoint)
	behind := *s3
	behind.Endpoint = gate.endpoint
	gate.at(15_000, s3.Stop)
	out, err := h.migrate(t, s3.Secret, bucketFlags(&behind)...)
	if err == nil || h.Settings().S3.Enabled {
		t.Fatalf("%v\n%s", err, out)
	}
	s3.Start(t)
	out, err = h.migrate(t, s3.Secret, bucketFlags(&behind)...)
	if err != nil || strings.Contains(out, " 0 there already") || !h.Settings().S3.Enabled {
		t.Fatalf("%v\n%s", err, out)
	}
	var named int
	if err := h.DB().Select("count(*)").From(schema.Documents).Where(dbx.NewExp("file != ''")).Row(&named); err != nil || len(s3.Keys(t, "")) != named {
		t.Errorf("%d of %d files on S3: %v", len(s3.Keys(t, "")), named, err)
	}
}

func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	open := func(move string) *journal {
		t.Helper()
		j, err := openJournal(path, move)
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	j := open("s3 here")
	if err := errors.Join(j.add("a/b/c.txt", 7), j.add("a/b/d.txt", 0), j.close()); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(content, "99 a/b/ha"...), 0o600); err != nil { // cut off by a kill
		t.Fatal(err)
	}
	j = open("s3 here")
	if n, ok := j.size("a/b/c.txt"); !ok || n != 7 {
		t.Errorf("c.txt: %d %v", n, ok)
	}
	if _, ok := j.size("a/b/ha"); ok {
		t.Error("half a line counts")
	}
	if err := errors.Join(j.add("a/b/e.txt", 5), j.close()); err != nil {
		t.Fatal(err)
	}
	j = open("s3 here")
	if n, ok := j.size("a/b/e.txt"); !ok || n != 5 || len(j.sizes) != 3 {
		t.Errorf("after half a line: %v", j.sizes)
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	if j = open("s3 elsewhere"); len(j.sizes) != 0 {
		t.Errorf("another move's: %v", j.sizes)
	}
	if err := j.remove(); err != nil {
		t.Fatal(err)
	}
}
