package catalogue

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pocketbase/pocketbase/core"
)

// flushFiles brings newly stored files to the disk before the row that names
// them is committed: an acknowledged upload outlives a power cut.
func flushFiles(e *core.RecordEvent) error {
	var names []string
	for _, field := range []string{"file", "thumbnail"} {
		for _, f := range e.Record.GetUnsavedFiles(field) {
			names = append(names, f.Name)
		}
	}
	if len(names) > 0 && !e.App.Settings().S3.Enabled {
		folder := filepath.Join(e.App.DataDir(), core.LocalStorageDirName, filepath.FromSlash(e.Record.BaseFilesPath()))
		var paths []string
		for _, name := range names {
			// Beside a file lies what PocketBase knows of it, its type above all.
			paths = append(paths, filepath.Join(folder, name), filepath.Join(folder, name+".attrs"))
		}
		for _, path := range append(paths, folder, filepath.Dir(folder)) {
			if err := flush(path); err != nil {
				return fmt.Errorf("bring an upload to the disk: %w", err)
			}
		}
	}
	return e.Next()
}

func flush(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, fs.ErrInvalid) || errors.Is(err, fs.ErrPermission) {
		err = nil // file systems and platforms where a folder cannot be flushed
	}
	return errors.Join(err, f.Close())
}
