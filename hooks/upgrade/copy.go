package upgrade

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"modernc.org/sqlite"

	"onlibrary/internal/disk"
)

// folder is where the copies of databases lie in the data folder, each in a
// folder of its own.
const folder = "upgrades"

// kept is how many copies, and how many replaced databases, stay.
const kept = 3

// The names of copies begin with what they are.
const (
	before   = "pre-upgrade_" // made before an upgrade
	replaced = "replaced_"    // put aside by a rollback
)

// leaf is the file that describes a copy. It is written last.
const leaf = "copy.json"

// A copy is of the database only: migrations do not touch stored files.
type databaseCopy struct {
	Name string    `json:"-"` // of its folder
	From string    `json:"from"`
	To   string    `json:"to"`
	Made time.Time `json:"made"`
}

func (c databaseCopy) path(dir string) string { return filepath.Join(dir, folder, c.Name) }

// copyDatabase copies the database, consistently, and sees it written to the disk.
func copyDatabase(dir string, was state, to string, now time.Time) (databaseCopy, error) {
	c := databaseCopy{From: was.version, To: to, Made: now.UTC()}
	c.Name = before + word(c.From) + "_" + word(c.To) + "_" + stamp(now)
	if err := c.make(dir); err != nil {
		return c, fmt.Errorf("copy the database before it is changed: %w", err)
	}
	return c, nil
}

func (c databaseCopy) make(dir string) error {
	if err := tidy(dir); err != nil {
		return err
	}
	part := c.path(dir) + unready
	if err := os.MkdirAll(part, 0o700); err != nil {
		return err
	}
	for _, name := range []string{dataFile, auxFile} {
		err := duplicate(filepath.Join(dir, name), filepath.Join(part, name))
		if err != nil {
			return errors.Join(err, os.RemoveAll(part))
		}
	}
	if err := c.describe(part); err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	if err := os.Rename(part, c.path(dir)); err != nil {
		return err
	}
	return disk.Flush(filepath.Join(dir, folder))
}

// describe writes the copy's description beside its databases.
func (c databaseCopy) describe(path string) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(path, leaf), text, 0o600); err != nil {
		return err
	}
	if err := disk.Flush(filepath.Join(path, leaf)); err != nil {
		return err
	}
	return disk.Flush(path)
}

// duplicate copies a database, if there is one, page by page, and looks through
// all of it for damage.
func duplicate(from, to string) error {
	if missing, err := isMissing(from); err != nil || missing {
		return err
	}
	db, err := open(from)
	if err != nil {
		return err
	}
	defer db.Close()
	ctx := context.Background()
	if err := check(ctx, db, from); err != nil {
		return err
	}
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Raw(func(driver any) error { return pages(driver, to) }); err != nil {
		return judge(from, err)
	}
	if err := os.Chmod(to, 0o600); err != nil {
		return err
	}
	return disk.Flush(to)
}

// pages copies what an open connection is to, by SQLite's own means for that.
func pages(driver any, to string) error {
	source, ok := driver.(interface {
		NewBackup(to string) (*sqlite.Backup, error)
	})
	if !ok {
		return fmt.Errorf("%T makes no copies", driver)
	}
	b, err := source.NewBackup(place(to, "_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)")) // it is flushed when it is whole
	if err != nil {
		return err
	}
	_, err = b.Step(-1)
	return errors.Join(err, b.Finish())
}

// unready ends the name of a copy that is being made.
const unready = ".part"

// tidy removes what a kill left unready. Nobody else may work on the folder.
func tidy(dir string) error {
	entries, err := os.ReadDir(filepath.Join(dir, folder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), unready) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, folder, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// copies lists the copies that are whole, the newest first.
func copies(dir string) ([]databaseCopy, error) {
	entries, err := os.ReadDir(filepath.Join(dir, folder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []databaseCopy
	for _, e := range entries {
		c := databaseCopy{Name: e.Name()}
		text, err := os.ReadFile(filepath.Join(c.path(dir), leaf))
		if !e.IsDir() || strings.HasSuffix(e.Name(), unready) || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &c); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(c.path(dir), leaf), err)
		}
		found = append(found, c)
	}
	slices.SortFunc(found, func(a, b databaseCopy) int { return cmp.Or(b.Made.Compare(a.Made), cmp.Compare(b.Name, a.Name)) })
	return found, nil
}

// prune removes the copies that are older than those which are kept.
func prune(dir string) error {
	found, err := copies(dir)
	if err != nil {
		return err
	}
	for _, kind := range []string{before, replaced} {
		n := 0
		for _, c := range found {
			if !strings.HasPrefix(c.Name, kind) {
				continue
			}
			if n++; n <= kept {
				continue
			}
			if err := os.RemoveAll(c.path(dir)); err != nil {
				return err
			}
		}
	}
	return nil
}

// stamp is an instant as a part of a name, in UTC.
func stamp(t time.Time) string { return t.UTC().Format("20060102T150405.000Z") }

// word is a version as a part of a name.
func word(version string) string {
	if version == "" {
		return "unknown"
	}
	return regexp.MustCompile(`[^A-Za-z0-9.+-]+`).ReplaceAllString(version, "-")
}
