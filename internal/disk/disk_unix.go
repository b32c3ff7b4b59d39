//go:build linux || darwin

package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

// Of returns the space of the volume that path, which must exist, lies on.
func Of(path string) (Space, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return Space{}, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	return Space{Free: s.Bavail * uint64(s.Bsize), Size: s.Blocks * uint64(s.Bsize)}, nil
}
