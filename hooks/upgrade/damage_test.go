package upgrade

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// A data folder with a library of some size in it.
func dataFolder(t *testing.T) string {
	t.Helper()
	app := testapp.New(t)
	for range 300 {
		r := core.NewRecord(must(t, app, schema.Categories))
		r.Set("code", core.GenerateDefaultRandomId())
		r.Set("name", strings.Repeat("name ", 10))
		r.Set("description", strings.Repeat("words of a shelf ", 20))
		if err := app.Save(r); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	for _, name := range []string{dataFile, auxFile} {
		if err := duplicate(filepath.Join(app.DataDir(), name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func must(t *testing.T, app core.App, name string) *core.Collection {
	t.Helper()
	c, err := app.FindCollectionByNameOrId(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A damaged database is told from a sound one before anything is written: a
// kilobyte of noise at twenty places is either found, or hits no more than text,
// so that every row can still be read.
func TestDamage(t *testing.T) {
	dir := dataFolder(t)
	if s, err := examine(dir, true); err != nil || s.isNew() || len(s.wants(true)) != 0 {
		t.Fatalf("a sound one: %+v %v", s, err)
	}
	sound, err := os.ReadFile(filepath.Join(dir, dataFile))
	if err != nil {
		t.Fatal(err)
	}
	noise := rand.NewChaCha8([32]byte{4})
	found := 0
	for i := range 20 {
		at := i * (len(sound) - 1024) / 19
		text := bytes.Clone(sound)
		if _, err := noise.Read(text[at : at+1024]); err != nil {
			t.Fatal(err)
		}
		place := t.TempDir()
		path := filepath.Join(place, dataFile)
		write(t, path, text)
		_, err := examine(place, true)
		if errors.As(err, &damage{}) {
			found++
			plain(t, err, path, "onlibrary backup restore")
		} else if err != nil {
			t.Errorf("at %d: %v", at, err)
		} else if err := readAll(path); err != nil {
			t.Errorf("at %d: not found, yet %v", at, err)
		}
		after, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(after, text) {
			t.Errorf("at %d: looking changed it (%v)", at, err)
		}
	}
	if found < 5 { // of its pages, so many hold more than text
		t.Errorf("only %d of 20 are found", found)
	}
	t.Logf("%d of 20 are found", found)
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// plain wants one line with all of want.
func plain(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Error("no error")
		return
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("no %q in %v", w, err)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than a line: %v", err)
	}
}

// readAll reads every row.
func readAll(path string) error {
	db, err := dbx.Open("sqlite", path)
	if err != nil {
		return err
	}
	defer db.Close()
	var tables []string
	if err := db.NewQuery("SELECT name FROM sqlite_master WHERE type = 'table'").Column(&tables); err != nil {
		return err
	}
	for _, table := range tables {
		rows, err := db.NewQuery("SELECT * FROM `" + table + "`").Rows()
		if err != nil {
			return err
		}
		for rows.Next() {
		}
		if err := rows.Err(); err != nil {
			return err
		}
	}
	return nil
}

// What is no library is neither taken for one nor made into one.
func TestForeignFolders(t *testing.T) {
	for name, c := range map[string]struct {
		make func(t *testing.T, dir string)
		want string // empty: a library is begun
	}{
		"nothing":        {func(*testing.T, string) {}, ""},
		"a killed start": {func(t *testing.T, dir string) { write(t, filepath.Join(dir, dataFile), nil) }, ""},
		"an empty store": {func(t *testing.T, dir string) { mkdir(t, filepath.Join(dir, "storage")) }, ""},
		"no database": {func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, dataFile), []byte(strings.Repeat("text ", 999)))
		}, "damaged"},
		"emptied": {func(t *testing.T, dir string) {
			mkdir(t, filepath.Join(dir, "storage", "documents"))
			write(t, filepath.Join(dir, dataFile), nil)
		}, "storage is there"},
		"taken away":      {func(t *testing.T, dir string) { write(t, filepath.Join(dir, auxFile), []byte("x")) }, auxFile + " is there"},
		"only the log":    {func(t *testing.T, dir string) { write(t, filepath.Join(dir, dataFile+"-wal"), []byte("x")) }, dataFile + "-wal is there"},
		"another program": {func(t *testing.T, dir string) { table(t, filepath.Join(dir, dataFile), "CREATE TABLE songs (title)") }, "another program's"},
		"a folder":        {func(t *testing.T, dir string) { mkdir(t, filepath.Join(dir, dataFile)) }, dataFile},
		"a log of noise": {func(t *testing.T, dir string) {
			table(t, filepath.Join(dir, dataFile), "CREATE TABLE _migrations (file)")
			write(t, filepath.Join(dir, auxFile), []byte(strings.Repeat("text ", 999)))
		}, "holds only the log"},
		"a newer one": {func(t *testing.T, dir string) {
			table(t, filepath.Join(dir, dataFile), "CREATE TABLE _migrations (file); CREATE TABLE _params (id, value); "+
				"INSERT INTO _migrations VALUES ('2999999999_fly.go'); INSERT INTO _params VALUES ('onlibraryVersion', '\"v9.0.0\"')")
		}, "written by onlibrary v9.0.0"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c.make(t, dir)
			s, err := examine(dir, true)
			if err == nil {
				err = s.fits(dir, "v1.0.0")
			}
			if c.want == "" {
				if err != nil || !s.isNew() {
					t.Errorf("%+v %v", s, err)
				}
				return
			}
			plain(t, err, c.want, dir)
		})
	}
}

func parse(t *testing.T, at string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339, at)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

func table(t *testing.T, path, sql string) {
	t.Helper()
	db, err := dbx.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.NewQuery(sql).Execute(); err != nil {
		t.Fatal(err)
	}
}

// Undoing may itself be killed between any two of its steps.
func TestUndoIsResumed(t *testing.T) {
	const copied, aside = "pre-upgrade_a_b_1", "replaced_b_1"
	old := map[string]string{
		"upgrades/" + copied + "/data.db": "old", "upgrades/" + copied + "/auxiliary.db": "old log",
		"data.db": "new", "data.db-wal": "new wal", "data.db-shm": "shm", "auxiliary.db": "new log",
	}
	for _, kept := range []string{"", aside} {
		// Each step as undo takes it: what is moved, and to where (nowhere: removed).
		steps := [][2]string{{"data.db-wal", ""}, {"data.db-shm", ""}, {"upgrades/" + copied + "/data.db", "data.db"}, {"upgrades/" + copied + "/auxiliary.db", "auxiliary.db"}}
		if kept != "" {
			steps = [][2]string{
				{"data.db-wal", "upgrades/" + aside + "/data.db-wal"}, {"data.db", "upgrades/" + aside + "/data.db"}, {"data.db-shm", ""},
				{"upgrades/" + copied + "/data.db", "data.db"}, {"auxiliary.db", "upgrades/" + aside + "/auxiliary.db"}, {"upgrades/" + copied + "/auxiliary.db", "auxiliary.db"},
			}
		}
		for killed := range len(steps) + 1 {
			dir := t.TempDir()
			mkdir(t, filepath.Join(dir, "upgrades", copied))
			mkdir(t, filepath.Join(dir, "upgrades", aside))
			for name, text := range old {
				write(t, filepath.Join(dir, name), []byte(text))
			}
			m := marker{Copy: copied, PutBack: true, Aside: kept}
			if err := m.write(dir); err != nil {
				t.Fatal(err)
			}
			for _, s := range steps[:killed] {
				var err error
				if s[1] == "" {
					err = os.Remove(filepath.Join(dir, s[0]))
				} else {
					err = os.Rename(filepath.Join(dir, s[0]), filepath.Join(dir, s[1]))
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			again, err := readMarker(dir)
			if err != nil || again == nil {
				t.Fatal(again, err)
			}
			if err := again.undo(dir); err != nil {
				t.Fatalf("after %d steps: %v", killed, err)
			}
			want := map[string]string{"data.db": "old", "auxiliary.db": "old log", "data.db-wal": "", "data.db-shm": "", "upgrades/" + markerFile: "", "upgrades/" + copied: ""}
			if kept != "" {
				want["upgrades/"+aside+"/data.db"], want["upgrades/"+aside+"/data.db-wal"], want["upgrades/"+aside+"/auxiliary.db"] = "new", "new wal", "new log"
			}
			for name, text := range want {
				got, err := os.ReadFile(filepath.Join(dir, name))
				if string(got) != text || (text != "" && err != nil) {
					t.Errorf("after %d steps of %d: %s is %q, want %q (%v)", killed, len(steps), name, got, text, err)
				}
			}
		}
	}
}

// Only so many copies stay, and none that is not whole.
func TestPrune(t *testing.T) {
	dir := dataFolder(t)
	s, err := examine(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	begun := parse(t, "2026-11-24T19:00:00Z")
	mkdir(t, filepath.Join(dir, folder, "pre-upgrade_killed"+unready))
	for i := range 5 {
		if _, err := copyDatabase(dir, s, "v1", begun.AddDate(0, 0, i)); err != nil {
			t.Fatal(err)
		}
		if err := prune(dir); err != nil {
			t.Fatal(err)
		}
	}
	found, err := copies(dir)
	if err != nil || len(found) != kept || !found[0].Made.Equal(begun.AddDate(0, 0, 4)) {
		t.Errorf("%v %v", found, err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, folder)); err != nil || len(left) != kept {
		t.Errorf("%v %v", left, err)
	}
	if c, err := choose(dir, ""); err != nil || c.Name != found[0].Name {
		t.Errorf("the newest is %v, not %v (%v)", found[0], c, err)
	}
}
