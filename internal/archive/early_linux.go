package archive

import (
	"os"

	"golang.org/x/sys/unix"
)

// beginFlush has the disk begin to write a part of a file, without waiting. It is
// a hint: where the file system knows it not, the sync does it all.
func beginFlush(f *os.File, at, n int64) {
	_ = unix.SyncFileRange(int(f.Fd()), at, n, unix.SYNC_FILE_RANGE_WRITE)
}
