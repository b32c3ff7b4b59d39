package catalogue

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pocketbase/pocketbase/core"
)

// flushFile brings a newly stored file to the disk before the row that names
// it is committed: an acknowledged upload outlives a power cut.
func flushFile(e *core.RecordEvent) error {
	files := e.Record.GetUnsavedFiles("file")
	if len(files) > 0 && !e.App.Settings().S3.Enabled {
		folder := filepath.Join(e.App.DataDir(), core.LocalStorageDirName, filepath.FromSlash(e.Record.BaseFilesPath()))
		for _, path := range []string{filepath.Join(folder, files[0].Name), folder} {
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
