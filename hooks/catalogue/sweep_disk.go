package catalogue

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

// sweepChunk is how many records' folders are looked at together.
const sweepChunk = 200

// sweepDisk sweeps a collection's folder, which holds one for each record.
func sweepDisk(ctx context.Context, app core.App, c *core.Collection, before time.Time) (removed int, err error) {
	root := filepath.Join(app.DataDir(), core.LocalStorageDirName, c.BaseFilesPath())
	folder, err := os.Open(root)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer folder.Close()
	var failed []error
	for {
		// Read first, look up after: what was committed in between is named.
		entries, err := folder.ReadDir(sweepChunk)
		if errors.Is(err, io.EOF) {
			return removed, errors.Join(failed...)
		}
		if err != nil {
			return removed, errors.Join(append(failed, err)...)
		}
		var ids []any
		for _, entry := range entries {
			ids = append(ids, entry.Name())
		}
		named, err := namedFiles(ctx, app, c, ids)
		if err != nil {
			return removed, errors.Join(append(failed, err)...)
		}
		for _, entry := range entries {
			n, err := sweepFolder(filepath.Join(root, entry.Name()), named[entry.Name()], before)
			removed += n
			if err != nil {
				failed = append(failed, err)
			}
		}
	}
}

// sweepFolder removes what is older than before and belongs to nothing named,
// and the folder itself if no record has it.
func sweepFolder(path string, named map[string]bool, before time.Time) (removed int, err error) {
	folder, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, entry := range entries {
		if belongs(entry.Name(), named) {
			continue
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.ModTime().Before(before) {
			continue
		}
		if err == nil {
			err = os.RemoveAll(filepath.Join(path, entry.Name()))
		}
		if err != nil {
			failed = append(failed, err)
			continue
		}
		removed++
	}
	// A young folder may be one that is just being filled.
	if named == nil && removed == len(entries) && folder.ModTime().Before(before) {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
			failed = append(failed, err)
		}
	}
	return removed, errors.Join(failed...)
}
