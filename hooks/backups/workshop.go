package backups

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/archive/swap"
	"onlibrary/internal/hold"
)

const (
	// workshopName is the folder, in the data folder, where a backup is made. It
	// is held alone meanwhile.
	workshopName = ".backup"
	stageName    = swap.Stage
	asideName    = swap.Aside
	// goneName is the folder in the workshop for files that are deleted meanwhile.
	goneName = "gone"
)

// workshop is where one backup at a time is made, by whichever program.
type workshop struct {
	dir  string
	held *hold.Folder
}

func openWorkshop(dataDir string) (*workshop, error) {
	w := &workshop{dir: filepath.Join(dataDir, workshopName)}
	if err := os.MkdirAll(w.dir, 0o700); err != nil {
		return nil, err
	}
	var err error
	if w.held, err = hold.Share(w.dir); err == nil {
		if err = w.held.Alone(); err != nil {
			err = errors.Join(err, w.held.Close())
		}
	}
	if errors.Is(err, hold.ErrHeld) {
		return nil, errors.New("another backup is being made: try again when it is done")
	}
	if err != nil {
		return nil, err
	}
	if err := w.clear(); err != nil {
		return nil, errors.Join(err, w.held.Close())
	}
	return w, nil
}

// clear removes what an earlier one left when it was killed.
func (w *workshop) clear() error {
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return err
	}
	var failed []error
	for _, e := range entries {
		if e.Name() != hold.Name {
			failed = append(failed, remove(w.path(e.Name())))
		}
	}
	return errors.Join(failed...)
}

// remove removes a folder to which others may just be adding: see rescue.
func remove(path string) (err error) {
	for range 100 {
		if err = os.RemoveAll(path); err == nil {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}

func (w *workshop) path(name string) string { return filepath.Join(w.dir, name) }

func (w *workshop) close() error { return errors.Join(w.clear(), w.held.Close()) }

// clearWorkshop removes what a backup left that was killed.
func clearWorkshop(app core.App) {
	if _, err := os.Stat(filepath.Join(app.DataDir(), workshopName)); err != nil {
		return
	}
	w, err := openWorkshop(app.DataDir())
	if err != nil {
		return // one is being made
	}
	if err := w.close(); err != nil {
		app.Logger().Warn("clear up after a backup", "error", err)
	}
}

// within closes c and adds what that fails of to err.
func within(err *error, what string, c func() error) {
	if e := c(); e != nil {
		*err = errors.Join(*err, fmt.Errorf("%s: %w", what, e))
	}
}
