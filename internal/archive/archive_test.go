package archive

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
)

func contents() map[string]string {
	return map[string]string{
		Database:                        strings.Repeat("a database ", 5_000),
		"auxiliary.db":                  "logs",
		"storage/c1/r1/one_x.pdf":       strings.Repeat("\x00\x01", 300_000), // more than a chunk
		"storage/c1/r1/one_x.pdf.attrs": `{"user.content_type":"application/pdf"}`,
		"storage/c1/r2/empty_y.txt":     "",
	}
}

// build writes an archive of the files.
func build(t testing.TB, files map[string]string, recipients ...age.Recipient) []byte {
	t.Helper()
	var out bytes.Buffer
	w := io.Writer(&out)
	seal := io.Closer(io.NopCloser(nil))
	if len(recipients) > 0 {
		s, err := Seal(&out, recipients)
		if err != nil {
			t.Fatal(err)
		}
		w, seal = s, s
	}
	a := NewWriter(w)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		n, err := a.Add(t.Context(), name, time.Unix(1_700_000_000, 0), strings.NewReader(files[name]))
		if err != nil || n != int64(len(files[name])) {
			t.Fatal(n, err)
		}
	}
	if err := a.Close(Manifest{Version: "1", Created: time.Unix(1_700_000_000, 0).UTC(), Storage: Disk, FilesInside: true, Missing: []string{"storage/c1/r3/gone_z.txt"}}); err != nil {
		t.Fatal(err)
	}
	if err := seal.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// read opens, checks and extracts an archive and returns its files.
func read(t testing.TB, raw []byte, identities ...age.Identity) (*Archive, map[string]string, error) {
	t.Helper()
	a, err := Open(bytes.NewReader(raw), int64(len(raw)), identities...)
	if err != nil {
		return nil, nil, err
	}
	if err := a.Check(t.Context(), func(int) {}); err != nil {
		return nil, nil, err
	}
	dir := t.TempDir()
	place := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	if err := a.Extract(t.Context(), place, func(int) {}); err != nil {
		return nil, nil, err
	}
	if err := a.Compare(t.Context(), place, func(int) {}); err != nil {
		return nil, nil, err
	}
	got := map[string]string{}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		got[filepath.ToSlash(name)] = string(text)
		return err
	})
	return a, got, err
}

func equal(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for name, text := range a {
		if other, ok := b[name]; !ok || other != text {
			return false
		}
	}
	return true
}

func TestRoundTrip(t *testing.T) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	word, err := age.NewScryptRecipient("a long passphrase")
	if err != nil {
		t.Fatal(err)
	}
	word.SetWorkFactor(10)
	asked := Asking(func() (string, error) { return "a long passphrase", nil })
	for name, tc := range map[string]struct {
		to   []age.Recipient
		with []age.Identity
	}{
		"plain": {}, "key": {[]age.Recipient{key.Recipient()}, []age.Identity{key}}, "passphrase": {[]age.Recipient{word}, []age.Identity{asked}},
	} {
		t.Run(name, func(t *testing.T) {
			a, got, err := read(t, build(t, contents(), tc.to...), tc.with...)
			if err != nil {
				t.Fatal(err)
			}
			if !equal(got, contents()) {
				t.Errorf("came back as %d files", len(got))
			}
			m := a.Manifest
			if m.Format != Format || m.Program != Program || m.Version != "1" || len(m.Missing) != 1 || a.Stock || a.Encrypted != (len(tc.to) > 0) || a.Files != 5 {
				t.Errorf("%+v", a)
			}
		})
	}
}

func TestEncryptedForOthers(t *testing.T) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	raw := build(t, contents(), key.Recipient())
	asked := Asking(func() (string, error) { t.Error("a passphrase is asked for where none opens it"); return "", nil })
	for _, identities := range [][]age.Identity{nil, {other}, {asked}} {
		if _, err := Open(bytes.NewReader(raw), int64(len(raw)), identities...); !errors.Is(err, ErrIdentity) {
			t.Errorf("%v: %v", identities, err)
		}
	}
	word, err := age.NewScryptRecipient("right")
	if err != nil {
		t.Fatal(err)
	}
	word.SetWorkFactor(10)
	raw = build(t, contents(), word)
	wrong := Asking(func() (string, error) { return "wrong", nil })
	if _, err := Open(bytes.NewReader(raw), int64(len(raw)), wrong); err == nil || !strings.Contains(err.Error(), "passphrase is another") {
		t.Errorf("a wrong passphrase: %v", err)
	}
}

// Cut short anywhere, an archive is refused before anything is written.
func TestCutShort(t *testing.T) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{"plain": build(t, contents()), "encrypted": build(t, contents(), key.Recipient())} {
		for at := 0; at < len(raw); at += 1 + len(raw)/700 {
			if readable(t, raw[:at], key) {
				t.Fatalf("%s: cut at %d of %d it is taken", name, at, len(raw))
			}
		}
		for at := len(raw) - 200; at < len(raw); at++ {
			if readable(t, raw[:at], key) {
				t.Fatalf("%s: cut at %d of %d it is taken", name, at, len(raw))
			}
		}
	}
}

func readable(t testing.TB, raw []byte, identities ...age.Identity) bool {
	a, err := Open(bytes.NewReader(raw), int64(len(raw)), identities...)
	return err == nil && a.Check(t.Context(), func(int) {}) == nil
}

// With any bit turned, an archive is refused or comes back as it was: there are
// bytes, such as a date's, that say nothing of the contents.
func TestFlippedBits(t *testing.T) {
	files := map[string]string{Database: strings.Repeat("data", 300), "storage/c/r/f.txt": "a quiet text"}
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{"plain": build(t, files), "encrypted": build(t, files, key.Recipient())} {
		tried, refused := 0, 0
		step := 1
		if name == "encrypted" {
			step = 5
		}
		for at := 0; at < len(raw); at += step {
			tried++
			bad := bytes.Clone(raw)
			bad[at] ^= 1 << (at % 8)
			_, got, err := read(t, bad, key)
			if err != nil {
				refused++
				continue
			}
			if !equal(got, files) {
				t.Fatalf("%s: byte %d of %d flipped, and %v comes back", name, at, len(raw), got)
			}
		}
		if refused < tried/2 {
			t.Errorf("%s: only %d of %d are refused", name, refused, tried)
		}
	}
}

// zipped makes a zip by hand, with the manifest that it should have unless one
// is in files.
func zipped(t testing.TB, files []zipFile, change func(*Manifest)) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	m := Manifest{Format: Format, Program: Program, Storage: Disk, FilesInside: true}
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: f.method}
		header.SetMode(f.mode)
		w, err := z.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f.text); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(f.text))
		m.Files = append(m.Files, File{f.name, int64(len(f.text)), hex.EncodeToString(sum[:])})
	}
	if change != nil {
		change(&m)
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		w, err := z.Create(ManifestName)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type zipFile struct {
	name, text string
	mode       fs.FileMode
	method     uint16
}

func TestStockArchive(t *testing.T) {
	raw := zipped(t, []zipFile{{Database, "stock", 0o644, zip.Deflate}, {"storage/c/r/f.txt", "text", 0o600, zip.Deflate}}, nil)
	a, got, err := read(t, raw)
	if err != nil || !a.Stock || got[Database] != "stock" || got["storage/c/r/f.txt"] != "text" {
		t.Errorf("%+v %v %v", a, got, err)
	}
}

// What no backup has in it is refused as it is opened.
func TestHostile(t *testing.T) {
	data := zipFile{Database, "data", 0o600, zip.Store}
	file := func(name string) []zipFile { return []zipFile{data, {name, "x", 0o600, zip.Store}} }
	for name, files := range map[string][]zipFile{
		"parent": file("../x"), "parent within": file("storage/../../x"), "absolute": file("/etc/x"), "drive": file(`C:\x`), "backslash": file(`storage\..\..\x`),
		"dot": file("./x"), "double slash": file("storage//x"), "control": file("a\nb"), "escape": file("a\x1b[2Jb"), "long": file(strings.Repeat("n", 2000)),
		"twice":           {data, data},
		"link":            {data, {"storage/l", "/etc/passwd", fs.ModeSymlink | 0o777, zip.Store}},
		"device":          {data, {"storage/d", "", fs.ModeDevice | 0o600, zip.Store}},
		"file and folder": {data, {"storage", "x", 0o600, zip.Store}, {"storage/c/x", "x", 0o600, zip.Store}},
		"no database":     {{"storage/c/x", "x", 0o600, zip.Store}},
	} {
		for kind, change := range map[string]func(*Manifest){"ours": func(*Manifest) {}, "stock": nil} {
			if raw := zipped(t, files, change); readable(t, raw) {
				t.Errorf("%s, %s: taken", name, kind)
			}
		}
	}
	for name, change := range map[string]func(*Manifest){
		"another program": func(m *Manifest) { m.Program = "other" },
		"newer format":    func(m *Manifest) { m.Format = Format + 1 },
		"no format":       func(m *Manifest) { m.Format = 0 },
		"untold file":     func(m *Manifest) { m.Files = m.Files[:1] },
		"absent file":     func(m *Manifest) { m.Files = append(m.Files, File{"storage/c/y", 1, strings.Repeat("0", 64)}) },
		"told twice":      func(m *Manifest) { m.Files = append(m.Files, m.Files[0]) },
		"itself":          func(m *Manifest) { m.Files = append(m.Files, File{ManifestName, 1, strings.Repeat("0", 64)}) },
		"another size":    func(m *Manifest) { m.Files[1].Size++ },
		"negative size":   func(m *Manifest) { m.Files[1].Size = -1 },
		"another sum":     func(m *Manifest) { m.Files[1].SHA256 = strings.Repeat("0", 64) },
		"no sum":          func(m *Manifest) { m.Files[1].SHA256 = "" },
	} {
		if raw := zipped(t, file("storage/c/x"), change); readable(t, raw) {
			t.Errorf("%s: taken", name)
		}
	}
	for name, text := range map[string]string{"empty": "", "list": "[]", "cut": `{"format":1,"program":"onlibrary","files":[`, "more": `{"format":1,"program":"onlibrary","files":[]} {}`} {
		raw := zipped(t, []zipFile{data, {ManifestName, text, 0o600, zip.Store}}, nil)
		if readable(t, raw) {
			t.Errorf("manifest %s: taken", name)
		}
	}
	if !readable(t, zipped(t, file("storage/c/x"), func(*Manifest) {})) {
		t.Error("a good one is refused: the rest proves nothing")
	}
}

// A bomb is bounded by what it claims, and what it claims by its own size and,
// on extraction, by the room on the disk.
func TestBomb(t *testing.T) {
	const real = 64 << 20
	raw := zipped(t, []zipFile{{Database, "data", 0o600, zip.Store}, {"bomb", strings.Repeat("\x00", real), 0o600, zip.Deflate}}, nil)
	if !readable(t, raw) {
		t.Fatal("what is no lie is refused")
	}
	for _, claim := range []uint64{10, 1 << 40, 1<<63 + 1} {
		lie := claimSize(t, raw, "bomb", claim)
		a, err := Open(bytes.NewReader(lie), int64(len(lie)))
		if err != nil {
			continue
		}
		var written int64
		dir := t.TempDir()
		err = a.Extract(context.Background(), func(name string) string { return filepath.Join(dir, name) }, func(n int) { written += int64(n) })
		if err == nil || written > int64(claim)+2*chunkSize {
			t.Errorf("claiming %d: %d bytes came out, %v", claim, written, err)
		}
	}
}

// claimSize writes the directory of a zip anew, with another size for a file.
func claimSize(t testing.TB, raw []byte, name string, size uint64) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range z.File {
		header := f.FileHeader
		if f.Name == name {
			header.UncompressedSize64 = size
		}
		to, err := w.CreateRaw(&header)
		if err != nil {
			t.Fatal(err)
		}
		from, err := f.OpenRaw()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(to, from); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestExtractReplacesNothing(t *testing.T) {
	raw := build(t, contents())
	a, err := Open(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, Database), []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := a.Extract(t.Context(), func(name string) string { return filepath.Join(dir, name) }, func(int) {}); err == nil {
		t.Error("a file is replaced")
	}
	if text, err := os.ReadFile(filepath.Join(dir, Database)); err != nil || string(text) != "precious" {
		t.Errorf("%s %v", text, err)
	}
}

func TestIdentityFiles(t *testing.T) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	word, err := age.NewScryptRecipient("word")
	if err != nil {
		t.Fatal(err)
	}
	word.SetWorkFactor(10)
	var locked bytes.Buffer
	w, err := age.Encrypt(&locked, word)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(w, key)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		text, word string
		good       bool
	}{
		"plain": {"# a comment\n" + key.String() + "\n", "", true}, "locked": {locked.String(), "word", true},
		"wrong word": {locked.String(), "other", false}, "no key": {"nothing\n", "", false}, "empty": {"", "", false},
	} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(tc.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := ReadIdentities(path, func() (string, error) { return tc.word, nil })
		if (err == nil) != tc.good || tc.good && len(got) != 1 {
			t.Errorf("%s: %v %v", name, got, err)
		}
		if err != nil && (strings.Contains(err.Error(), "nothing") || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: the error repeats the file: %v", name, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(build(f, map[string]string{Database: "data", "storage/c/r/f.txt": "text"}))
	f.Add(zipped(f, []zipFile{{Database, "stock", 0o644, zip.Deflate}}, nil))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := Open(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			return
		}
		var most int64
		_ = a.Check(context.Background(), func(n int) { most += int64(n) })
		if a.Files > len(raw) {
			t.Errorf("%d files in %d bytes", a.Files, len(raw))
		}
	})
}
