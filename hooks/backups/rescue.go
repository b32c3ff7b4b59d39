package backups

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/hold"
)

// rescue gives the files of a record, or of a collection, a second name in the
// workshop of the backup that is being made, by whichever program, before
// PocketBase removes them: the database's copy in that backup may name them.
func rescue(e *core.ModelEvent) error {
	workshop := filepath.Join(e.App.DataDir(), workshopName)
	if _, err := os.Lstat(filepath.Join(workshop, goneName)); err != nil || e.App.Settings().S3.Enabled {
		return e.Next()
	}
	m, ok := e.Model.(core.FilesManager)
	if !ok || m.BaseFilesPath() == "" {
		return e.Next()
	}
	if held, err := hold.Share(workshop); err == nil { // it was killed
		return errors.Join(held.Close(), e.Next())
	}
	path := filepath.FromSlash(m.BaseFilesPath())
	err := keep(filepath.Join(e.App.DataDir(), core.LocalStorageDirName, path), filepath.Join(workshop, goneName, path))
	if err != nil {
		e.App.Logger().Warn("keep deleted files for the backup that is being made", "path", path, "error", err)
	}
	return e.Next()
}

// keep links the files of a folder into another, but the thumbs that PocketBase
// makes anew.
func keep(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case d.IsDir() && isThumbs(d.Name()):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			return err
		}
		err = os.Link(path, target) //nolint:gosec // nobody else writes in the data folder
		switch {
		case err == nil, errors.Is(err, fs.ErrExist), errors.Is(err, fs.ErrNotExist):
			return nil
		default:
			return duplicate(path, target) // no links on this file system, or from another
		}
	})
}

func isThumbs(name string) bool { return strings.HasPrefix(name, "thumbs_") }

func duplicate(from, to string) error {
	in, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
