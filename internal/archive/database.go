package archive

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"strings"

	_ "modernc.org/sqlite" // the driver
)

// OpenDatabase opens a database that nobody else uses, to read it.
func OpenDatabase(file string) (*sql.DB, error) {
	query := "mode=ro&immutable=1"
	if info, err := os.Stat(file + "-wal"); err == nil && info.Size() > 0 {
		query = "mode=rw" // an old PocketBase left changes beside it
	}
	return sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: file, RawQuery: query}).String())
}

// CheckDatabase finds out whether a database is whole and is a library's that
// this program can open. known tells whether it has the migration of that file.
func CheckDatabase(ctx context.Context, file string, known func(migration string) bool) error {
	// It would be undone by whoever opens the database to write, unlike here.
	if info, err := os.Stat(file + "-journal"); err == nil && info.Size() > 0 {
		return errors.New("its database is damaged: it was copied in the midst of a change")
	}
	db, err := OpenDatabase(file)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := whole(ctx, db); err != nil {
		return fmt.Errorf("its database is damaged: %w", err)
	}
	var ours int
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('_migrations', '_collections', 'library', 'documents')").Scan(&ours)
	if err != nil {
		return fmt.Errorf("read its database: %w", err)
	}
	if ours != 4 {
		return errors.New("it is a backup of another program: its database is no library's")
	}
	rows, err := db.QueryContext(ctx, "SELECT file FROM _migrations ORDER BY file")
	if err != nil {
		return fmt.Errorf("read its migrations: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var migration string
		if err := rows.Scan(&migration); err != nil {
			return err
		}
		if !known(migration) {
			return fmt.Errorf("it is of a newer program: this one does not know the migration %.100q", migration)
		}
	}
	return rows.Err()
}

// CheckLog finds out whether the database of the log is whole, if there is one:
// no server starts on a damaged one.
func CheckLog(ctx context.Context, file string) error {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	db, err := OpenDatabase(file)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := whole(ctx, db); err != nil {
		return fmt.Errorf("the database of its log is damaged: %w", err)
	}
	return nil
}

func whole(ctx context.Context, db *sql.DB) error {
	var state string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&state); err != nil {
		return err
	}
	if state != "ok" {
		return fmt.Errorf("%.200s", strings.ReplaceAll(state, "\n", " "))
	}
	return nil
}

// LastMigration is the file of the migration that was applied last.
func LastMigration(ctx context.Context, db *sql.DB) (file string, err error) {
	err = db.QueryRowContext(ctx, "SELECT file FROM _migrations ORDER BY applied DESC, file DESC LIMIT 1").Scan(&file)
	return file, err
}

// NamedFiles calls each with every file that a record of the database names, as
// a key of PocketBase's file store: collection/record/file.
func NamedFiles(ctx context.Context, db *sql.DB, each func(key string) error) error {
	rows, err := db.QueryContext(ctx, "SELECT id, name, fields FROM _collections WHERE type <> 'view' ORDER BY id")
	if err != nil {
		return err
	}
	defer rows.Close()
	type collection struct {
		id, name string
		columns  []string
	}
	var collections []collection
	for rows.Next() {
		var c collection
		var raw []byte
		if err := rows.Scan(&c.id, &c.name, &raw); err != nil {
			return err
		}
		var fields []struct{ Name, Type string }
		if err := json.Unmarshal(raw, &fields); err != nil {
			return fmt.Errorf("fields of %s: %w", c.name, err)
		}
		for _, f := range fields {
			if f.Type == "file" {
				c.columns = append(c.columns, f.Name)
			}
		}
		if len(c.columns) > 0 {
			collections = append(collections, c)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, c := range collections {
		for _, column := range c.columns {
			err := namedIn(ctx, db, c.name, column, func(record, file string) error { return each(path.Join(c.id, record, file)) })
			if err != nil {
				return fmt.Errorf("files of %s: %w", c.name, err)
			}
		}
	}
	return nil
}

func namedIn(ctx context.Context, db *sql.DB, table, column string, each func(record, file string) error) error {
	quote := func(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
	rows, err := db.QueryContext(ctx, fmt.Sprintf("SELECT id, %s FROM %s WHERE %[1]s NOT IN ('', '[]') ORDER BY id", quote(column), quote(table)))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var record, value string
		if err := rows.Scan(&record, &value); err != nil {
			return err
		}
		files := []string{value} // one name, or a JSON list of them
		if strings.HasPrefix(value, "[") {
			if err := json.Unmarshal([]byte(value), &files); err != nil {
				return fmt.Errorf("record %s: %w", record, err)
			}
		}
		for _, file := range files {
			if err := each(record, file); err != nil {
				return err
			}
		}
	}
	return rows.Err()
}
