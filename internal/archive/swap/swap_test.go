package swap

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const aside = "20261124T191300Z"

func keep() []string { return []string{"backups", ".lock"} }

// fill writes files under dir.
func fill(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// tree is what is in dir.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return files
}

func old() map[string]string {
	return map[string]string{"data.db": "old", "data.db-wal": "old", "storage/c/r/old.txt": "old", "backups/b.zip": "kept", ".lock": ""}
}

func fresh2() map[string]string {
	return map[string]string{"data.db": "new", "storage/c/r/new.txt": "new", "extra/x": "new"}
}

// after is what an exchange leaves.
func after() map[string]string {
	files := map[string]string{"backups/b.zip": "kept", ".lock": ""}
	for name, text := range fresh2() {
		files[name] = text
	}
	for _, name := range []string{"data.db", "data.db-wal", "storage/c/r/old.txt"} {
		files[Aside+"/"+aside+"/"+name] = "old"
	}
	return files
}

func begin(t testing.TB, dir string) *Swap {
	t.Helper()
	s, err := Begin(dir, aside, keep())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range fresh2() {
		path := s.Path(name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestCommit(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, old())
	s := begin(t, dir)
	if err := s.Commit(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(after(), tree(t, dir)); diff != "" {
		t.Error(diff)
	}
	if Pending(dir) || len(s.Kept()) != 1 {
		t.Errorf("left %v, kept %v", tree(t, dir), s.Kept())
	}
}

func TestAbandon(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, old())
	if err := begin(t, dir).Abandon(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(old(), tree(t, dir)); diff != "" || Pending(dir) {
		t.Error(diff)
	}
	none := filepath.Join(dir, "x", "y")
	if err := begin(t, none).Abandon(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(none)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that was made is left: %v", err)
	}
}

func TestNewFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "x", "y")
	s := begin(t, dir)
	if err := s.Commit(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fresh2(), tree(t, dir)); diff != "" || len(s.Kept()) != 0 {
		t.Error(diff, s.Kept())
	}
}

// A kill after any move leaves what the next start makes whole: the old library
// before the plan is noted, the new one from then on.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, old())
	begin(t, dir)
	if finished, err := Settle(dir); err != nil || finished {
		t.Fatal(finished, err)
	}
	if diff := cmp.Diff(old(), tree(t, dir)); diff != "" {
		t.Errorf("killed before the plan was noted: %s", diff)
	}
	for moves := 0; ; moves++ {
		dir := t.TempDir()
		fill(t, dir, old())
		s := begin(t, dir)
		p := s.plan
		p.Places[0].New = []string{"data.db", "extra", "storage"}
		if err := p.write(dir); err != nil {
			t.Fatal(err)
		}
		all := someMoves(t, p, dir, moves)
		for range 2 { // settling twice changes nothing more
			if _, err := Settle(dir); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(after(), tree(t, dir)); diff != "" {
			t.Errorf("killed after %d moves: %s", moves, diff)
		}
		if all {
			return
		}
	}
}

// someMoves makes the first moves of a plan, and tells whether these are all.
func someMoves(t testing.TB, p plan, dir string, n int) (all bool) {
	t.Helper()
	for _, name := range p.Places[0].Old {
		if n--; n < 0 {
			return false
		}
		if err := p.putAside(dir, p.Places[0], name); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range p.Places[0].New {
		if n--; n < 0 {
			return false
		}
		if err := os.Rename(filepath.Join(dir, Stage, fresh, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return true
}

// What cannot be moved undoes the exchange.
func TestUndo(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, old())
	s := begin(t, dir)
	s.plan.Places[0].Old = append(s.plan.Places[0].Old, "not there")
	if err := s.Commit(); err == nil || errors.Is(err, ErrHalf) {
		t.Fatal(err)
	}
	if err := s.Abandon(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(old(), tree(t, dir)); diff != "" || Pending(dir) {
		t.Error(diff)
	}
}

func TestJournalLeadsNowhereElse(t *testing.T) {
	for _, p := range []plan{
		{Aside: "..", Places: []place{{Dir: "."}}},
		{Aside: "a", Places: []place{{Dir: ".."}}},
		{Aside: "a", Places: []place{{Dir: ".", Old: []string{"../x"}}}},
		{Aside: "a", Places: []place{{Dir: ".", New: []string{"/x"}}}},
		{Aside: "a"},
	} {
		if p.check() == nil {
			t.Errorf("%+v is taken", p)
		}
	}
}

// A folder that leads to another place stays, and its contents are exchanged.
func TestLinkedFolder(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	fill(t, dir, map[string]string{"data.db": "old"})
	fill(t, elsewhere, map[string]string{"c/r/old.txt": "old"})
	if err := os.Symlink(elsewhere, filepath.Join(dir, "storage")); err != nil {
		t.Skip(err)
	}
	if err := begin(t, dir).Commit(); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"c/r/new.txt": "new", Aside + "/" + aside + "/c/r/old.txt": "old"}
	if diff := cmp.Diff(want, tree(t, elsewhere)); diff != "" {
		t.Error(diff)
	}
	if info, err := os.Lstat(filepath.Join(dir, "storage")); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
	if _, err := os.Stat(filepath.Join(elsewhere, Stage)); err == nil {
		t.Error("a stage is left there")
	}
}
