package reply

import (
	"errors"
	"net/http"
	"syscall"

	"github.com/pocketbase/pocketbase/tools/router"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"onlibrary/internal/fault"
)

// Machine returns err as a 503 when it is PocketBase's refusal of a request
// (400, 500) and its cause is the machine's: no room on the disk, a database
// that stays locked or cannot be written, or what a hook called Unavailable.
// Else it returns err itself.
func Machine(err error) error {
	var refusal *router.ApiError
	if !errors.As(err, &refusal) || refusal.Status != http.StatusBadRequest && refusal.Status != http.StatusInternalServerError {
		return err
	}
	cause, _ := refusal.RawData().(error)
	var told *fault.Error
	if errors.As(cause, &told) && told.Kind == fault.Unavailable {
		return Error(told)
	}
	code := machineCode(cause)
	if code == "" {
		return err
	}
	return Error(&fault.Error{Kind: fault.Unavailable, Code: code, Err: cause})
}

func machineCode(cause error) string {
	var database *sqlite.Error
	if errors.As(cause, &database) {
		switch database.Code() & 0xff { // the rest says more closely what
		case sqlite3.SQLITE_FULL:
			return "storage_full"
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return "database_busy"
		case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return "storage_broken"
		}
	}
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		if errors.Is(cause, full) {
			return "storage_full"
		}
	}
	for _, broken := range []error{syscall.EIO, syscall.EROFS} {
		if errors.Is(cause, broken) {
			return "storage_broken"
		}
	}
	return ""
}
