//go:build unix

package hold

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// stranger refuses root where the folder is another user's.
func stranger(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("hold the data folder: %w", err)
	}
	of, known := info.Sys().(*syscall.Stat_t)
	if !known || of.Uid == 0 || os.Geteuid() != 0 {
		return nil
	}
	name := "#" + strconv.FormatUint(uint64(of.Uid), 10)
	if owner, err := user.LookupId(name[1:]); err == nil {
		name = owner.Username
	}
	return fmt.Errorf("the data folder %s belongs to %s, who could not read what root leaves there: run this by `runuser -u %s -- onlibrary …`", dir, name, name)
}

func lock(f *os.File, alone bool) error {
	how := unix.LOCK_SH
	if alone {
		how = unix.LOCK_EX
	}
	err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrHeld
	}
	return err
}
