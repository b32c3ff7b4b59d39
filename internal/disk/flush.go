package disk

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
)

// Flush brings a file, or a folder's entries, to the disk, as far as the file
// system and the platform can.
func Flush(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	err = f.Sync()
	if runtime.GOOS == "windows" || errors.Is(err, fs.ErrInvalid) || errors.Is(err, fs.ErrPermission) {
		err = nil // which cannot flush a folder, or what is open to be read
	}
	return errors.Join(err, f.Close())
}
