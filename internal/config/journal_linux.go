package config

import (
	"fmt"
	"os"
	"syscall"
)

// Journal tells whether standard error ends in systemd's journal, which says so
// by naming the stream (JOURNAL_STREAM, systemd.exec(5)).
func Journal() bool {
	var stream syscall.Stat_t
	if err := syscall.Fstat(int(os.Stderr.Fd()), &stream); err != nil {
		return false
	}
	return os.Getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", stream.Dev, stream.Ino)
}
