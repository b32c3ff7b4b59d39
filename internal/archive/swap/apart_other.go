//go:build !linux

package swap

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"onlibrary/internal/disk"
)

// isApart tells whether an entry of a folder cannot be moved together with its
// contents: it is a mount, or leads elsewhere.
func isApart(dir, name string) (bool, error) { return onOtherDevice(dir, name) }

// flushAll brings all that is in the folder to the disk.
func flushAll(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return errors.Join(err, disk.Flush(path))
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
}
