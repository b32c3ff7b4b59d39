package server

import (
	"errors"
	"os"
	"path/filepath"
)

// Held tells whether a server works on the data folder.
func Held(dataDir string) (bool, error) {
	f, err := os.OpenFile(filepath.Join(dataDir, lockName), os.O_RDWR, 0) // and does not make it
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	if err := lockFile(f); !errors.Is(err, errHeld) {
		return false, err
	}
	return true, nil
}
