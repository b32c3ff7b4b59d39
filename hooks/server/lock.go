package server

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// lockName is a file in the data folder that a running server holds locked.
const lockName = ".lock"

var errHeld = errors.New("another server works on it")

// Hold is for commands that need the data folder to themselves: no server works
// on it until the result is closed.
func Hold(dataDir string) (io.Closer, error) { return lock(dataDir) }

// lock keeps other servers off the data folder until it is closed or the
// process ends, however that does.
func lock(dataDir string) (io.Closer, error) {
	f, err := os.OpenFile(filepath.Join(dataDir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		if err = lockFile(f); err != nil {
			err = errors.Join(err, f.Close())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("lock the data folder %s: %w", dataDir, err)
	}
	return f, nil
}
