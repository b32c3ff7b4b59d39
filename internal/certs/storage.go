package certs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/caddyserver/certmagic"
)

// storage is files that only this user can read. Its locks are held by the
// process, which has the data folder to itself: those of CertMagic are files
// with a time in them, and a clock that is put back would have them held for
// hours.
type storage struct {
	*certmagic.FileStorage
	locks *sync.Map // by name: a channel of one
}

func newStorage(folder string) storage {
	return storage{&certmagic.FileStorage{Path: folder}, &sync.Map{}}
}

func (s storage) lock(name string) chan struct{} {
	held, _ := s.locks.LoadOrStore(name, make(chan struct{}, 1))
	return held.(chan struct{}) //nolint:forcetypeassert // nothing else is stored
}

// Lock waits until the name is free.
func (s storage) Lock(ctx context.Context, name string) error {
	select {
	case s.lock(name) <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Unlock frees the name.
func (s storage) Unlock(_ context.Context, name string) error {
	select {
	case <-s.lock(name):
		return nil
	default:
		return fmt.Errorf("%s is not locked", name)
	}
}

// makeFolder makes the folder, or closes it to other users. One that is there
// and cannot be written to can be read all the same.
func makeFolder(path string) error {
	err := os.MkdirAll(path, 0o700)
	if err == nil {
		var info fs.FileInfo
		if info, err = os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
			err = os.Chmod(path, 0o700) //nolint:gosec // a folder
		}
	}
	if _, missing := os.Stat(path); err != nil && missing != nil {
		return fmt.Errorf("the folder of the certificates cannot be made: %w", errors.Join(err))
	}
	return nil
}
