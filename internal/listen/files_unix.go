//go:build unix

package listen

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// OpenFiles is how many files and sockets this process may have open at once.
func OpenFiles() int {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 1024
	}
	return int(min(limit.Cur, 1<<20)) // without a limit it is the largest number
}

// keep clears the mark that has a file closed when another program starts.
func keep(f *os.File) error {
	raw, err := f.SyscallConn() // File.Fd could have its listener block
	if err != nil {
		return err
	}
	return errors.Join(raw.Control(func(fd uintptr) { _, err = unix.FcntlInt(fd, unix.F_SETFD, 0) }), err)
}
