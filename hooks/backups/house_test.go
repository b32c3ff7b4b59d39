package backups

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tests"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	"onlibrary/internal/archive"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
	"onlibrary/internal/translate"
	"onlibrary/locales"
)

// house is an app with this room in it.
type house struct {
	*tests.TestApp
	room    *room
	notices []string // user ids, in the order in which they are told
	at      time.Time
}

func furnish(t testing.TB, changes ...func(*Deps)) *house {
	t.Helper()
	texts, err := translate.Load(locales.FS)
	if err != nil {
		t.Fatal(err)
	}
	app := testapp.New(t)
	h := &house{TestApp: app, at: time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)}
	d := Deps{
		DataDir: app.DataDir(), Version: "v1", Spool: filepath.Join(app.DataDir(), "tmp"), Keep: []string{"tmp", "cache", ".lock", "certs"},
		Open: func() error { return nil }, Close: func() error { return nil }, Text: texts.Text,
		Recipient: func(*core.Record) (string, *time.Location) { return "en", time.UTC },
		Notify: func(_ core.App, user *core.Record, key string, data map[string]any) error {
			if title := texts.Text("en", "notice."+key+".title", data); title == "" {
				t.Errorf("no words for %s", key)
			}
			h.notices = append(h.notices, user.Id)
			return nil
		},
		Now: func() time.Time { h.at = h.at.Add(time.Second); return h.at },
	}
	for _, change := range changes {
		change(&d)
	}
	Bind(app, d)
	h.room = &room{d}
	return h
}

// document makes a document with a file of the given text.
func (h *house) document(t testing.TB, text string) *core.Record {
	t.Helper()
	return testapp.Document(t, h.TestApp, nil, "public", func(r *core.Record) {
		f, err := filesystem.NewFileFromBytes([]byte(text), "text.txt")
		if err != nil {
			t.Fatal(err)
		}
		r.Set("file", f)
	})
}

// stored is the name of a document's file in an archive.
func stored(doc *core.Record) string {
	return core.LocalStorageDirName + "/" + doc.BaseFilesPath() + "/" + doc.GetString("file")
}

// backup makes one where PocketBase has them and returns its path.
func (h *house) backup(t testing.TB, name string) string {
	t.Helper()
	if err := h.CreateBackup(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	found, err := all(t.Context(), h)
	if err != nil || len(found) == 0 {
		t.Fatal(found, err)
	}
	return filepath.Join(h.DataDir(), core.LocalBackupsDirName, found[0].name)
}

// inside are the texts of the files in an archive.
func inside(t testing.TB, path string) (*archive.Archive, map[string]string) {
	t.Helper()
	a, f, err := open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dir := t.TempDir()
	if err := a.Extract(t.Context(), func(name string) string { return filepath.Join(dir, name) }, func(int) {}); err != nil {
		t.Fatal(err)
	}
	return a, texts(t, dir)
}

// texts are the files in a folder: small ones in full, others by their sum.
func texts(t testing.TB, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if len(text) > 500 {
			text = fmt.Appendf(nil, "%d bytes, %x", len(text), sha256.Sum256(text))
		}
		name, _ := filepath.Rel(dir, path)
		found[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return found
}

// rows is every row of every table of a database, in an order of its own.
func rows(t testing.TB, path string) string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	names, err := db.Query("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	defer names.Close()
	var out strings.Builder
	for names.Next() {
		var table string
		if err := names.Scan(&table); err != nil {
			t.Fatal(err)
		}
		dump(t, db, table, &out)
	}
	if err := names.Err(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func dump(t testing.TB, db *sql.DB, table string, out *strings.Builder) {
	t.Helper()
	found, err := db.Query("SELECT * FROM \"" + table + "\" ORDER BY 1, 2")
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	columns, err := found.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for found.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := found.Scan(values...); err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(out, table)
		for _, v := range values {
			fmt.Fprintf(out, "|%v", *v.(*any))
		}
		out.WriteByte('\n')
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
}

// put restores an archive into dir, as `restore --yes` does.
func (h *house) put(t testing.TB, path, dir string) (restored, error) {
	t.Helper()
	d := h.room.Deps
	d.DataDir = dir
	return (&room{d}).restore(context.Background(), path, nil, func(*archive.Archive) error { return nil },
		func(string) func(done, all int64) { return func(int64, int64) {} })
}

// roundTrip restores a backup elsewhere and compares.
func (h *house) roundTrip(t testing.TB, path string) {
	t.Helper()
	a, want := inside(t, path)
	dir := filepath.Join(t.TempDir(), "data")
	if _, err := h.put(t, path, dir); err != nil {
		t.Fatal(err)
	}
	got := texts(t, dir)
	delete(want, archive.ManifestName)
	delete(got, ".open")
	if diff := cmp.Diff(want, got); diff != "" || a.Stock {
		t.Error(diff)
	}
	for _, name := range a.Manifest.Missing {
		t.Errorf("%s is missing", name)
	}
}

// command runs a backup command and returns what it prints.
func (h *house) command(t testing.TB, args ...string) (string, error) {
	t.Helper()
	c := Command(h.TestApp, h.room.Deps)
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&out)
	c.SetIn(strings.NewReader(""))
	c.SilenceUsage, c.SilenceErrors = true, true
	c.SetArgs(args)
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

func customer(t testing.TB, h *house, name string) *core.Record {
	return testapp.User(t, h.TestApp, name, schema.RoleCustomer)
}

func contextWith(t testing.TB, o *order) context.Context {
	return context.WithValue(t.Context(), orderKey{}, o)
}

// workOn has the commands work on another data folder, which is not open.
func (h *house) workOn(dir string) { h.room.DataDir = dir }

func sqlOpen(path string) (*sql.DB, error) { return sql.Open("sqlite", path) }
