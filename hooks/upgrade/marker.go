package upgrade

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"onlibrary/internal/disk"
)

// markerFile stands among the copies while a database is being changed. Where
// it stands at a start, the program was killed in the middle.
const markerFile = "unfinished.json"

// marker says how to undo what was begun.
type marker struct {
	Copy    string   `json:"copy"`    // as it was before
	Applied []string `json:"applied"` // by which one tells that nothing was changed
	PutBack bool     `json:"putBack"` // it is being undone, or rolled back
	Aside   string   `json:"aside"`   // where the replaced database goes; empty: it is dropped
}

// readMarker returns the marker; nil if there is none.
func readMarker(dir string) (*marker, error) {
	path := filepath.Join(dir, folder, markerFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // nothing was begun
	}
	if err != nil {
		return nil, err
	}
	m := &marker{}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	// What it names is moved and removed.
	if !isLeaf(m.Copy) || m.Aside != "" && !isLeaf(m.Aside) {
		return nil, fmt.Errorf("%s names no copy in its folder: move it away once the database is as it should be", path)
	}
	return m, nil
}

// isLeaf tells whether a name is of an entry of a folder, and not of another's.
func isLeaf(name string) bool {
	return filepath.IsLocal(name) && name != "." && filepath.Base(name) == name
}

// write puts the marker there, whole.
func (m marker) write(dir string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, folder, markerFile)
	if err := os.WriteFile(path+unready, text, 0o600); err != nil {
		return err
	}
	if err := disk.Flush(path + unready); err != nil {
		return err
	}
	if err := os.Rename(path+unready, path); err != nil {
		return err
	}
	return disk.Flush(filepath.Dir(path))
}

func (m marker) remove(dir string) error {
	if err := os.Remove(filepath.Join(dir, folder, markerFile)); err != nil {
		return err
	}
	return disk.Flush(filepath.Join(dir, folder))
}

// resume undoes what a program that was killed had begun.
func (u *Upgrade) resume() error {
	dir := u.app.DataDir()
	if m, err := readMarker(dir); m == nil {
		return err
	}
	return u.alone(func() error {
		m, err := readMarker(dir) // another program may just have done it
		if m == nil {
			return err
		}
		slog.Warn("a change of the database was cut off and is undone", "copy", m.Copy)
		return m.undo(dir)
	})
}

// undo brings the database back to what it was. It may be killed at any time,
// and then is to be done again.
func (m marker) undo(dir string) error {
	if !m.PutBack {
		was, err := examine(dir, false)
		if found := (damage{}); err != nil && !errors.As(err, &found) {
			return err
		}
		if err == nil && slices.Equal(was.applied, m.Applied) {
			if err := m.remove(dir); err != nil {
				return err
			}
			return os.RemoveAll(filepath.Join(dir, folder, m.Copy))
		}
		m.PutBack = true
		if err := m.write(dir); err != nil {
			return err
		}
	}
	for _, name := range []string{dataFile, auxFile} {
		if err := m.putBack(dir, name); err != nil {
			return err
		}
	}
	if err := disk.Flush(dir); err != nil {
		return err
	}
	if err := m.remove(dir); err != nil {
		return err
	}
	return os.RemoveAll(filepath.Join(dir, folder, m.Copy))
}

// putBack puts the copy of one database in its place, unless it stands there
// already.
func (m marker) putBack(dir, name string) error {
	copied, place := filepath.Join(dir, folder, m.Copy, name), filepath.Join(dir, name)
	if _, err := os.Stat(copied); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	if m.Aside != "" {
		if err := move(place, filepath.Join(dir, folder, m.Aside, name)); err != nil {
			return err
		}
	}
	for _, end := range []string{"-wal", "-shm"} {
		if err := os.Remove(place + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return move(copied, place)
}

// move moves a database with what belongs to it, as far as it is there: the
// database itself last, by which one knows that the rest was moved.
func move(from, to string) error {
	for _, end := range []string{"-wal", ""} {
		if err := os.Rename(from+end, to+end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
