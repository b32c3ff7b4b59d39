//go:build unix

package doctor

import (
	"io/fs"
	"syscall"
)

// open tells whether every user of the machine may read or enter it.
func open(info fs.FileInfo) bool { return info.Mode().Perm()&0o007 != 0 }

// sameOwner tells whether both are the same user's.
func sameOwner(a, b fs.FileInfo) bool {
	x, known := a.Sys().(*syscall.Stat_t)
	y, too := b.Sys().(*syscall.Stat_t)
	return !known || !too || x.Uid == y.Uid
}
