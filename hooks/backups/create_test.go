package backups

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/archive"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	format "onlibrary/internal/archive"
)

func TestCreate(t *testing.T) {
	h := furnish(t)
	doc := h.document(t, "a long text"+strings.Repeat(" and so on", 100_000))
	for name, text := range map[string]string{
		"certs/key.pem": "secret", "tmp/upload": "x", "cache/pdfium": "x", ".lock": "", ".autocert_cache/key": "secret", "notes/today.txt": "of the operator",
		"storage/" + doc.BaseFilesPath() + "/thumbs_x.png/100x100_x.png": "made anew", "storage/" + doc.BaseFilesPath() + "/orphan_y.txt": "named by nothing",
	} {
		path := filepath.Join(h.DataDir(), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := h.backup(t, "")
	if !strings.HasPrefix(filepath.Base(path), "onlibrary_20261124") {
		t.Errorf("named %s", path)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	a, files := inside(t, path)
	var names []string
	for name := range files {
		if !strings.HasPrefix(name, "storage/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if want := []string{"auxiliary.db", "data.db", "notes/today.txt"}; !slices.Equal(names, want) {
		t.Errorf("beside the files it holds %v, want %v", names, want)
	}
	if files[stored(doc)] == "" || files[stored(doc)+attrs] == "" || len(files) != 5 {
		t.Errorf("it holds %v", files)
	}
	m := a.Manifest
	if m.Version != "v1" || m.PocketBase == "" || m.Storage != format.Disk || !m.FilesInside || !strings.HasSuffix(m.Migration, ".go") || m.Created.IsZero() || len(m.Missing) > 0 {
		t.Errorf("%+v", m)
	}
	if left, err := os.ReadDir(filepath.Join(h.DataDir(), workshopName)); err != nil || len(left) != 1 {
		t.Errorf("the workshop holds %v: %v", left, err)
	}
	h.roundTrip(t, path)
	if got, want := rows(t, restoredTo(t, h, path)), rows(t, filepath.Join(h.DataDir(), "data.db")); got != want {
		t.Error("the rows of the database came back as others")
	}
}

func restoredTo(t testing.TB, h *house, path string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if _, err := h.put(t, path, dir); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "data.db")
}

// PocketBase's own way of unpacking takes ours, and what the dashboard lists.
func TestStockTakesOurs(t *testing.T) {
	h := furnish(t)
	doc := h.document(t, "a text")
	dir := t.TempDir()
	if err := archive.Extract(h.backup(t, "a.zip"), dir); err != nil {
		t.Fatal(err)
	}
	got := texts(t, dir)
	if got[stored(doc)] != "a text" || got["data.db"] == "" {
		t.Errorf("%v", got)
	}
}

// The schedule is PocketBase's, and so is the rotation: ours counts.
func TestScheduleRotates(t *testing.T) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"plain": "", "encrypted": key.Recipient().String()} {
		t.Run(name, func(t *testing.T) {
			h := furnish(t, func(d *Deps) { d.Recipients = to })
			h.document(t, "a text")
			h.Settings().Backups.Cron, h.Settings().Backups.CronMaxKeep = "0 3 * * *", 2
			if err := h.Save(h.Settings()); err != nil {
				t.Fatal(err)
			}
			byHand := h.backup(t, "by_hand.zip")
			var last []string
			for range 3 {
				for _, job := range h.Cron().Jobs() {
					if job.Id() == "__pbAutoBackup__" {
						job.Run()
					}
				}
				time.Sleep(1100 * time.Millisecond) // PocketBase names them by the second
				found, err := all(t.Context(), h)
				if err != nil {
					t.Fatal(err)
				}
				last = nil
				for _, b := range found {
					if strings.HasPrefix(b.name, "@auto_pb_backup_") {
						last = append(last, b.name)
					}
				}
			}
			if len(last) != 2 || strings.HasSuffix(last[0], sealed) != (to != "") {
				t.Errorf("kept %v", last)
			}
			if _, err := os.Stat(byHand); err != nil {
				t.Errorf("one made by hand is gone: %v", err)
			}
			var keys []age.Identity
			if to != "" {
				keys = append(keys, key)
			}
			if _, err := h.room.verify(t.Context(), filepath.Join(h.DataDir(), "backups", last[0]), t.TempDir(), keys, func(int64, int64) {}); err != nil {
				t.Error(err)
			}
		})
	}
}

// What is deleted, replaced or added while a backup is made does not harm it: it
// holds the files that its database names.
func TestChangesMeanwhile(t *testing.T) {
	h := furnish(t)
	var docs []*core.Record
	for range 6 {
		docs = append(docs, h.document(t, strings.Repeat("a text ", 1000)))
	}
	victim, replaced := docs[4], docs[5]
	before := stored(replaced)
	done := false
	o := &order{progress: func(int64, int64) {
		if done {
			return
		}
		done = true
		if err := h.Delete(victim); err != nil {
			t.Error(err)
		}
		f, err := filesystem.NewFileFromBytes([]byte("another"), "text.txt")
		if err != nil {
			t.Error(err)
		}
		replaced.Set("file", f)
		if err := h.Save(replaced); err != nil {
			t.Error(err)
		}
		h.document(t, "a new text")
		for _, name := range []string{stored(victim), before} {
			for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
				if _, err := os.Stat(filepath.Join(h.DataDir(), name)); err != nil {
					break
				}
				if time.Now().After(end) {
					t.Error("PocketBase deletes nothing: this proves nothing")
					break
				}
			}
		}
	}}
	path := filepath.Join(t.TempDir(), "b.zip")
	o.file = path
	if err := h.CreateBackup(contextWith(t, o), "b.zip"); err != nil {
		t.Fatal(err)
	}
	a, files := inside(t, path)
	if len(a.Manifest.Missing) > 0 || files[stored(victim)] == "" || files[before] == "" || len(files) != 2+2*6 {
		t.Errorf("missing %v, holds %d files", a.Manifest.Missing, len(files))
	}
	if _, err := h.room.verify(t.Context(), path, t.TempDir(), nil, func(int64, int64) {}); err != nil {
		t.Error(err)
	}
}

// A file that is not there is told, and keeps nobody from a backup of the rest.
func TestMissingFileIsTold(t *testing.T) {
	h := furnish(t)
	doc := h.document(t, "a text")
	h.document(t, "another")
	if err := os.Remove(filepath.Join(h.DataDir(), stored(doc))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "b.zip")
	out, err := h.command(t, "create", path)
	if err != nil || !strings.Contains(out, "missing: "+stored(doc)) {
		t.Fatal(out, err)
	}
	out, err = h.command(t, "verify", path)
	if err != nil || !strings.Contains(out, "without 1 that were missing then") {
		t.Error(out, err)
	}
}

func TestOneAtATime(t *testing.T) {
	h := furnish(t)
	other, err := openWorkshop(h.DataDir()) // another program
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "b.zip")
	if _, err := h.command(t, "create", path); err == nil || !strings.Contains(err.Error(), "another backup") {
		t.Error(err)
	}
	if err := other.close(); err != nil {
		t.Fatal(err)
	}
	if out, err := h.command(t, "create", path); err != nil {
		t.Error(out, err)
	}
	if _, err := h.command(t, "create", path); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("a file is replaced: %v", err)
	}
}

// A workshop that a killed backup left is taken for none.
func TestKilledBackup(t *testing.T) {
	h := furnish(t)
	gone := filepath.Join(h.DataDir(), workshopName, goneName)
	if err := os.MkdirAll(gone, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.DataDir(), workshopName, "archive"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := h.Delete(h.document(t, "a text")); err != nil {
		t.Fatal(err)
	}
	if left := texts(t, gone); len(left) > 0 {
		t.Errorf("kept for nobody: %v", left)
	}
	clearWorkshop(h)
	if left := texts(t, filepath.Join(h.DataDir(), workshopName)); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
	h.roundTrip(t, h.backup(t, "a.zip"))
}

func TestListAndName(t *testing.T) {
	h := furnish(t)
	h.document(t, "a text")
	if out, err := h.command(t, "list"); err != nil || !strings.Contains(out, "no backups") {
		t.Error(out, err)
	}
	out, err := h.command(t, "create")
	if err != nil || !strings.Contains(out, "made ") || !strings.Contains(out, "4 files") {
		t.Fatal(out, err)
	}
	found, err := all(t.Context(), h)
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	if out, err := h.command(t, "list"); err != nil || !strings.Contains(out, found[0].name) {
		t.Error(out, err)
	}
	if out, err := h.command(t, "verify", found[0].name); err != nil || !strings.Contains(out, "is good: made by OnLibrary v1") {
		t.Error(out, err)
	}
}

// Without a terminal, progress is plain lines, and few.
func TestPlainProgress(t *testing.T) {
	var out strings.Builder
	m := newMeter(&out, "writing")
	m.progress(1, 4)
	m.shown = m.shown.Add(-m.every)
	m.progress(2, 4)
	m.progress(3, 4)
	m.end()
	if got := out.String(); !strings.HasPrefix(got, "writing 50 % of 4 B, ") || strings.Count(got, "\n") != 1 || strings.Contains(got, "\x1b") {
		t.Errorf("%q", got)
	}
}
