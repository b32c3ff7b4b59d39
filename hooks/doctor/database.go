package doctor

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pocketbase/pocketbase/core"
	_ "modernc.org/sqlite" // as PocketBase opens them
)

// hugeLog is how large the write-ahead log stays only while somebody keeps it
// from being worked in.
const hugeLog = 256 << 20

// database reads every page of both databases, and opens the app if they are in order.
func (r *room) database(ctx context.Context, app core.App) Finding {
	const restore = "stop the server and put the newest backup back: onlibrary backup restore FILE (see onlibrary backup list)"
	var all int64
	for _, name := range []string{"data.db", "auxiliary.db"} {
		path := filepath.Join(r.Config.DataDir, name)
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrPermission) || err == nil && !info.Mode().IsRegular() {
			return fail("give the folder, and all in it, to the user who runs the server: chown -R", "%s cannot be read, or is no plain file", path)
		}
		if err != nil {
			return fail(restore, "%v", err)
		}
		all += info.Size()
		faults, err := integrity(ctx, path)
		if err != nil {
			return fail(restore, "%s cannot be read: %v", name, err)
		}
		if len(faults) > 0 {
			return fail(restore, "%s is damaged: %s", name, strings.Join(faults, "; "))
		}
		wal, err := os.Stat(path + "-wal")
		if err != nil {
			continue // all of it is in the file
		}
		if all += wal.Size(); wal.Size() > hugeLog {
			return warn("restart the server; if it stays, look who else has the database open", "the log of %s has grown to %s", name, size(wal.Size()))
		}
	}
	if !app.IsBootstrapped() {
		if err := r.Open(); err != nil {
			return fail("the reason says what is wrong; onlibrary config show tells which folder and key are in use", "it cannot be opened: %v", err)
		}
	}
	return ok("%s, every page in order", size(all))
}

// integrity returns what SQLite finds wrong with the file.
func integrity(ctx context.Context, path string) (faults []string, err error) {
	source := url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: "mode=ro&_pragma=busy_timeout(10000)"}
	db, err := sql.Open("sqlite", source.String())
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, "PRAGMA integrity_check(5)")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var fault string
		if err := rows.Scan(&fault); err != nil {
			return nil, err
		}
		if fault != "ok" {
			faults = append(faults, fault)
		}
	}
	return faults, rows.Err()
}
