package upgrade

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The databases of a data folder: PocketBase names them.
const (
	dataFile = "data.db"
	auxFile  = "auxiliary.db"
)

// checkTime bounds how long a start looks for damage. What it does not come to
// is left to `doctor`.
const checkTime = 250 * time.Millisecond

// versionKey is the row of PocketBase's _params that holds, as JSON, the version
// of the program that last opened the database.
const versionKey = "onlibraryVersion"

// state is what a database says of itself.
type state struct {
	applied []string // migrations, sorted; empty: a new database
	version string   // that last opened it, or empty
	plain   bool     // the settings are there, and not encrypted
	sealed  string   // the settings, encrypted, or empty
}

// damage is what is wrong with a file that no program can work on.
type damage struct{ path, why string }

func (d damage) Error() string {
	return fmt.Sprintf("%s is damaged (%s); nothing was changed: put a backup back by `onlibrary backup restore FILE`", d.path, d.why)
}

// examine reads the state of the data folder's database and changes nothing.
// If thorough, it looks for damage in all of it, for a bounded time.
func examine(dir string, thorough bool) (state, error) {
	var s state
	path := filepath.Join(dir, dataFile)
	if missing, err := isMissing(path); err != nil {
		return s, err
	} else if missing {
		return s, lost(dir)
	}
	db, err := open(path)
	if err != nil {
		return s, err
	}
	defer db.Close()
	if err := s.read(db); err != nil {
		return s, judge(path, err)
	}
	if !thorough {
		return s, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), checkTime)
	defer cancel()
	if err := check(ctx, db, path); err != nil {
		return s, err
	}
	return s, examineLog(ctx, filepath.Join(dir, auxFile))
}

// isMissing tells whether there is no such file, or nothing in it, as after a
// first start that was killed at once.
func isMissing(path string) (bool, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("the database cannot be read: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	return info.Size() == 0, nil
}

// lost refuses to begin anew in a folder that has held a library: the files of
// the lost one, which a new database does not name, would be swept away.
func lost(dir string) error {
	for _, left := range []string{dataFile + "-wal", auxFile, core.LocalStorageDirName} {
		info, err := os.Stat(filepath.Join(dir, left))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if info.IsDir() {
			entries, err := os.ReadDir(filepath.Join(dir, left))
			if err != nil {
				return err
			}
			if len(entries) == 0 {
				continue
			}
		} else if info.Size() == 0 {
			continue
		}
		return damage{filepath.Join(dir, dataFile), "it is empty or missing, yet " + left + " is there"}
	}
	return nil
}

// open opens a database to be read only.
func open(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", place(path, "mode=ro&_pragma=busy_timeout(10000)"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// place is a database by its path as SQLite's address.
func place(path, how string) string {
	uri := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: how}
	if !strings.HasPrefix(uri.Path, "/") {
		uri.Path = "/" + uri.Path // a drive's letter
	}
	return uri.String()
}

func (s *state) read(db *sql.DB) error {
	var tables, ours int
	if err := db.QueryRow("SELECT count(*), ifnull(sum(name = '_migrations'), 0) FROM sqlite_master WHERE type = 'table'").Scan(&tables, &ours); err != nil {
		return err
	}
	if tables == 0 {
		return nil
	}
	if ours == 0 {
		return errors.New("it is another program's")
	}
	rows, err := db.Query("SELECT file FROM _migrations ORDER BY file")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var file string
		if err := rows.Scan(&file); err != nil {
			return err
		}
		s.applied = append(s.applied, file)
	}
	if err := rows.Err(); err != nil || len(s.applied) == 0 {
		return err
	}
	return s.readParams(db)
}

// readParams reads what is said of the version and the settings.
func (s *state) readParams(db *sql.DB) error {
	var version, settings sql.NullString
	err := db.QueryRow("SELECT (SELECT value FROM _params WHERE id = ?), (SELECT value FROM _params WHERE id = 'settings')", versionKey).Scan(&version, &settings)
	if err != nil {
		return err
	}
	if version.Valid {
		if err := json.Unmarshal([]byte(version.String), &s.version); err != nil {
			return fmt.Errorf("its version: %w", err)
		}
	}
	if text := strings.TrimSpace(settings.String); strings.HasPrefix(text, "{") {
		s.plain = true
	} else {
		s.sealed = text
	}
	return nil
}

// judge tells damage from what else keeps a database from being read.
func judge(path string, err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("%s is no database of a library: %w", path, err)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR: // the last: a table has lost a column
		return damage{path, e.Error()}
	default:
		return fmt.Errorf("%s cannot be read: %w", path, err)
	}
}

// check looks for damage until it has seen all or the context ends.
func check(ctx context.Context, db *sql.DB, path string) error {
	if _, err := db.Exec("SELECT count(*) FROM sqlite_master"); err != nil {
		return judge(path, err)
	}
	var found string
	err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found)
	switch {
	case ctx.Err() != nil:
		return nil //nolint:nilerr // time is up
	case err != nil:
		return judge(path, err)
	case found != "ok":
		lines := strings.Split(strings.TrimSpace(found), "\n")
		return damage{path, lines[len(lines)-1]}
	}
	return nil
}

// examineLog looks at the database of the requests' log, without which a
// library can do.
func examineLog(ctx context.Context, path string) error {
	if missing, err := isMissing(path); err != nil || missing {
		return err
	}
	db, err := open(path)
	if err != nil {
		return err
	}
	defer db.Close()
	var found damage
	if err = check(ctx, db, path); errors.As(err, &found) {
		return fmt.Errorf("%s, which holds only the log, is damaged (%s): move it away and start again", path, found.why)
	}
	return err
}

// isNew tells whether the library has still to be made in the database.
func (s state) isNew() bool {
	return !slices.ContainsFunc(core.AppMigrations.Items(), func(m *core.Migration) bool {
		_, found := slices.BinarySearch(s.applied, m.File)
		return found
	})
}

// wants returns the migrations that are to be applied.
func (s state) wants(upToDate bool) []string {
	lists := [][]*core.Migration{core.SystemMigrations.Items()}
	if upToDate {
		lists = append(lists, core.AppMigrations.Items())
	}
	var pending []string
	for _, m := range slices.Concat(lists...) {
		if _, found := slices.BinarySearch(s.applied, m.File); !found {
			pending = append(pending, m.File)
		}
	}
	return pending
}

// fits refuses a database with migrations that this program does not know:
// they are a newer one's, PocketBase's own among them.
func (s state) fits(dir, version string) error {
	known := map[string]bool{}
	for _, m := range slices.Concat(core.SystemMigrations.Items(), core.AppMigrations.Items()) {
		known[m.File] = true
	}
	for _, file := range s.applied {
		if known[file] {
			continue
		}
		writer := "a newer onlibrary"
		if s.version != "" && s.version != version {
			writer = "onlibrary " + s.version
		}
		return fmt.Errorf("the database in %s was written by %s, and this is %s, which does not know %s: start the newer program, or go back by `onlibrary migrate --rollback`",
			dir, writer, version, file)
	}
	return nil
}
