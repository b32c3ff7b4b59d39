package hold

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// stranger refuses nobody: files inherit the folder's access list.
func stranger(string) error { return nil }

// lock locks the first byte, which need not be there.
func lock(f *os.File, alone bool) error {
	at, handle := new(windows.Overlapped), windows.Handle(f.Fd())
	err := windows.UnlockFileEx(handle, 0, 1, 0, at)
	if err != nil && !errors.Is(err, windows.ERROR_NOT_LOCKED) {
		return err
	}
	how := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if alone {
		how |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	err = windows.LockFileEx(handle, how, 0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return ErrHeld
	}
	return err
}
