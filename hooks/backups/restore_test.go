package backups

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"onlibrary/internal/archive"
	"onlibrary/internal/archive/swap"
	"onlibrary/internal/hold"
)

// closed is the path of a data folder with a library that nobody has open.
func closed(t testing.TB, h *house) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if _, err := h.put(t, h.backup(t, "seed.zip"), dir); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"backups/b.zip": "kept", "certs/key.pem": "kept", ".lock": "", "cache/x": "kept"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRestoreKeepsTheOldAside(t *testing.T) {
	h := furnish(t)
	old := h.document(t, "old")
	dir := closed(t, h)
	before := texts(t, dir)
	if err := h.Delete(old); err != nil {
		t.Fatal(err)
	}
	fresh := h.document(t, "new")
	out, err := h.put(t, h.backup(t, "new.zip"), dir)
	if err != nil {
		t.Fatal(err)
	}
	after := texts(t, dir)
	if after[stored(fresh)] != "new" || after[stored(old)] != "" {
		t.Errorf("%v", after)
	}
	for _, name := range []string{"backups/b.zip", "certs/key.pem", ".lock", "cache/x"} {
		if _, ok := after[name]; !ok || after[name] != before[name] {
			t.Errorf("%s is %q", name, after[name])
		}
	}
	if len(out.kept) != 1 {
		t.Fatal(out.kept)
	}
	aside := texts(t, out.kept[0])
	if aside[stored(old)] != "old" || aside["data.db"] != before["data.db"] {
		t.Errorf("aside is %v", aside)
	}
	if _, ok := after[archive.ManifestName]; ok {
		t.Error("the manifest is in the data folder")
	}
}

// A damaged, cut, foreign or newer archive changes nothing, and makes nothing.
func TestRefusedArchiveChangesNothing(t *testing.T) {
	h := furnish(t)
	h.document(t, strings.Repeat("a text ", 200))
	dir := closed(t, h)
	good, err := os.ReadFile(h.backup(t, "good.zip"))
	if err != nil {
		t.Fatal(err)
	}
	bad := map[string][]byte{"empty": {}, "no zip": []byte(strings.Repeat("no zip ", 1000))}
	for _, at := range []int{1, 100, len(good) / 4, len(good) / 2, len(good) - 5000, len(good) - 100, len(good) - 1} {
		bad["cut at "+amount(int64(at))] = good[:at]
	}
	for _, at := range []int{100, 5000, len(good) / 3, len(good) / 2, len(good) - len(good)/8} {
		flipped := append([]byte{}, good...)
		flipped[at] ^= 0x40
		bad["flipped at "+amount(int64(at))] = flipped
	}
	for name, database := range foreign(t, h) {
		bad[name] = database
	}
	library := filepath.Join(t.TempDir(), "library.db")
	if _, err := h.DB().NewQuery("VACUUM INTO '" + library + "'").Execute(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(library)
	if err != nil {
		t.Fatal(err)
	}
	bad["damaged log"] = zipWith(t, map[string]string{database: string(whole), logs: "no database"})
	bad["copied in a change"] = zipWith(t, map[string]string{database: string(whole), database + "-journal": "a page as it was"})
	before := texts(t, dir)
	for name, raw := range bad {
		path := filepath.Join(t.TempDir(), "b.zip")
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := h.put(t, path, dir); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(before, texts(t, dir)); diff != "" {
			t.Fatalf("%s: %s", name, diff)
		}
		none := filepath.Join(t.TempDir(), "x", "data")
		if _, err := h.put(t, path, none); err == nil {
			t.Errorf("%s: taken", name)
		}
		if _, err := os.Stat(filepath.Dir(none)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a folder is made: %v", name, err)
		}
	}
}

// foreign are stock archives whose database is no library's, is damaged or is of
// a newer program.
func foreign(t testing.TB, h *house) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	change := func(name string, statements ...string) []byte {
		path := filepath.Join(dir, name+".db")
		if _, err := h.DB().NewQuery("VACUUM INTO '" + path + "'").Execute(); err != nil {
			t.Fatal(err)
		}
		db, err := sqlOpen(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range statements {
			if _, err := db.Exec(s); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		return zipOf(t, path)
	}
	damaged := filepath.Join(dir, "damaged.db")
	raw := change("x")
	_ = raw
	text, err := os.ReadFile(filepath.Join(dir, "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	for i := 20_000; i < 60_000; i++ {
		text[i] ^= 0x55
	}
	if err := os.WriteFile(damaged, text, 0o600); err != nil {
		t.Fatal(err)
	}
	nonsense := filepath.Join(dir, "nonsense.db")
	if err := os.WriteFile(nonsense, []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"of another program": change("other", "DROP TABLE library"),
		"of a newer one":     change("newer", "INSERT INTO _migrations (file, applied) VALUES ('1999999999_from_the_future.go', 1)"),
		"damaged database":   zipOf(t, damaged),
		"no database":        zipOf(t, nonsense),
	}
}

func zipOf(t testing.TB, database string) []byte {
	t.Helper()
	path := database + ".zip"
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	w, err := z.Create(archive.Database)
	if err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(database)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(w, in)
	if err := errors.Join(err, in.Close(), z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// PocketBase's own archive restores, too.
func TestStockArchiveRestores(t *testing.T) {
	h := furnish(t)
	doc := h.document(t, "a text")
	h.OnBackupCreate().Unbind("onlibrary.backups.create")
	path := h.backup(t, "stock.zip")
	dir := filepath.Join(t.TempDir(), "data")
	out, err := h.put(t, path, dir)
	if err != nil || !out.archive.Stock {
		t.Fatal(err)
	}
	if got := texts(t, dir); got[stored(doc)] != "a text" {
		t.Errorf("%v", got)
	}
	if out, err := h.command(t, "verify", path); err != nil || !strings.Contains(out, "made by PocketBase itself") {
		t.Error(out, err)
	}
}

func TestRestoreWaitsForNobody(t *testing.T) {
	h := furnish(t)
	h.document(t, "a text")
	dir := closed(t, h)
	path := h.backup(t, "a.zip")
	before := texts(t, dir)
	held, err := hold.Share(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.put(t, path, dir); !errors.Is(err, hold.ErrHeld) || strings.Contains(err.Error(), "\n") {
		t.Errorf("beside a server: %v", err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, texts(t, dir)); diff != "" {
		t.Error(diff)
	}
	h.workOn(dir)
	if _, err := h.command(t, "restore", path); err == nil || !strings.Contains(err.Error(), "--yes") {
		t.Errorf("without a terminal: %v", err)
	}
	if out, err := h.command(t, "restore", "--yes", path); err != nil || !strings.Contains(out, "restored 4 files") || !strings.Contains(out, "is kept in") {
		t.Error(out, err)
	}
}

// While a restore is under way nobody else opens the folder; cut off, the next
// who does ends it.
func TestSettle(t *testing.T) {
	h := furnish(t)
	h.document(t, "a text")
	dir := closed(t, h)
	before := texts(t, dir)
	s, err := swap.Begin(dir, "x", h.room.own())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.Path("data.db"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	held, err := hold.Share(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := held.Alone(); err != nil {
		t.Fatal(err)
	}
	if err := Settle(dir); err == nil || !strings.Contains(err.Error(), "being restored") && !errors.Is(err, hold.ErrHeld) {
		t.Errorf("beside it: %v", err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	h.workOn(dir)
	if out, err := h.command(t, "list"); err != nil { // opens it, too
		t.Fatal(out, err)
	}
	if diff := cmp.Diff(before, texts(t, dir)); diff != "" || swap.Pending(dir) {
		t.Error(diff)
	}
}

func TestEncrypted(t *testing.T) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	identity := filepath.Join(t.TempDir(), "key.txt")
	if err := os.WriteFile(identity, []byte(key.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := furnish(t, func(d *Deps) { d.Recipients = key.Recipient().String() })
	doc := h.document(t, "a secret text")
	path := h.backup(t, "a.zip")
	raw, err := os.ReadFile(path)
	if err != nil || !strings.HasSuffix(path, ".zip.age") || strings.Contains(string(raw), "secret") {
		t.Fatal(path, err)
	}
	if err := h.RestoreBackup(t.Context(), filepath.Base(path)); err == nil || !strings.Contains(err.Error(), "`backup restore`") {
		t.Errorf("the dashboard restores it: %v", err)
	}
	if _, err := h.command(t, "verify", path); err == nil {
		t.Error("verified without a key")
	}
	if out, err := h.command(t, "verify", "--identity", identity, path); err != nil || !strings.Contains(out, "encrypted") {
		t.Error(out, err)
	}
	dir := filepath.Join(t.TempDir(), "data")
	h.workOn(dir)
	if out, err := h.command(t, "restore", "--yes", "--identity", identity, path); err != nil {
		t.Fatal(out, err)
	}
	if got := texts(t, dir); got[stored(doc)] != "a secret text" {
		t.Errorf("%v", got)
	}
}

// The dashboard's restore refuses what is damaged before it moves anything.
func TestDashboardRefusesDamaged(t *testing.T) {
	h := furnish(t)
	h.document(t, "a text")
	path := h.backup(t, "a.zip")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)/3] ^= 1
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := h.RestoreBackup(context.Background(), "a.zip"); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Error(err)
	}
}

// What is no library of this program is refused before PocketBase puts it in the
// place of ours, which its next start would delete.
func TestDashboardRefusesForeign(t *testing.T) {
	h := furnish(t)
	doc := h.document(t, "a text")
	for name, raw := range foreign(t, h) {
		if err := os.MkdirAll(filepath.Join(h.DataDir(), "backups"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(h.DataDir(), "backups", "a.zip"), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := h.RestoreBackup(t.Context(), "a.zip"); err == nil || !strings.Contains(err.Error(), "a.zip") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.FindRecordById(doc.Collection(), doc.Id); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(h.room.Spool); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
}

// zipWith is a zip with files of these texts, as PocketBase makes them.
func zipWith(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
