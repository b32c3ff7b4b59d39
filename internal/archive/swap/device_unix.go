//go:build unix

package swap

import (
	"os"
	"path/filepath"
	"syscall"
)

// onOtherDevice tells whether an entry is a folder, itself or where it leads,
// that lies on another device, or is a link to a folder.
func onOtherDevice(dir, name string) (bool, error) {
	info, err := os.Lstat(filepath.Join(dir, name))
	if err != nil {
		return false, err
	}
	to, err := os.Stat(filepath.Join(dir, name))
	if err != nil || !to.IsDir() {
		return false, nil //nolint:nilerr // a link that leads nowhere is moved as it is
	}
	if info.Mode()&os.ModeSymlink != 0 {
		return true, nil
	}
	return !SameDevice(dir, filepath.Join(dir, name)), nil
}

// SameDevice tells whether two folders that exist lie on one file system, so
// that a file can be moved from one to the other.
func SameDevice(a, b string) bool {
	device := func(path string) (uint64, bool) {
		info, err := os.Stat(path)
		if err != nil {
			return 0, false
		}
		s, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return 0, false
		}
		return uint64(s.Dev), true //nolint:unconvert // of another type on each system
	}
	first, ok1 := device(a)
	second, ok2 := device(b)
	return ok1 && ok2 && first == second
}
