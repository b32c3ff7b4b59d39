// Package hold keeps programs from each other's data folder. Any number may
// have its database open, but who brings that to another version or puts
// another in its place has to be alone. A hold ends with the process at the
// latest, however that ends.
package hold

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Name is the file in the data folder that is locked. It stays empty.
const Name = ".open"

// ErrHeld says that another program works on the data folder.
var ErrHeld = errors.New("another onlibrary works on it")

// Folder is a data folder that this program works on.
type Folder struct {
	dir  string
	file *os.File
}

// Share holds the data folder together with others. It fails with ErrHeld
// while another program has it alone, and where root is about to leave files in
// another user's folder that this one could not read.
func Share(dir string) (*Folder, error) {
	if err := stranger(dir); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, Name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("hold the data folder: %w", err)
	}
	f := &Folder{dir, file}
	if err := f.Share(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return f, nil
}

// Share lets others have the data folder too.
func (f *Folder) Share() error { return f.lock(false) }

// Alone keeps all others off the data folder. It fails with ErrHeld where there
// are any, and then nothing is held any more.
func (f *Folder) Alone() error { return f.lock(true) }

func (f *Folder) lock(alone bool) error {
	if err := lock(f.file, alone); err != nil {
		return fmt.Errorf("the data folder %s: %w", f.dir, err)
	}
	return nil
}

// Close lets go of the data folder.
func (f *Folder) Close() error { return f.file.Close() }
