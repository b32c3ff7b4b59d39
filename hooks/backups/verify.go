package backups

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"filippo.io/age"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/archive"
	"onlibrary/internal/disk"
)

// open opens the archive at the path. Closing f ends the use of it.
func open(path string, identities []age.Identity) (a *archive.Archive, f *os.File, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() { // a pipe would be waited for without end
		return nil, nil, fmt.Errorf("%s: it is no plain file", path)
	}
	if f, err = os.Open(path); err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err == nil {
		a, err = archive.Open(f, info.Size(), identities...)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return a, f, nil
}

// verify restores a backup into a new folder in scratch, compares every sum,
// and opens it there as a library. The folder is removed.
func (r *room) verify(ctx context.Context, path, scratch string, identities []age.Identity, progress func(done, all int64)) (a *archive.Archive, err error) {
	a, f, err := open(path, identities)
	if err != nil {
		return nil, err
	}
	defer within(&err, "close the backup", f.Close)
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
	}()
	if err := hasRoom(scratch, a); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(scratch, "verify-")
	if err != nil {
		return nil, err
	}
	defer within(&err, "remove the scratch folder", func() error { return os.RemoveAll(dir) })
	place := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	count := tally(2*a.Size, progress)
	if err := a.Extract(ctx, place, count); err != nil {
		return nil, err
	}
	if err := a.Compare(ctx, place, count); err != nil {
		return nil, err
	}
	if err := archive.CheckLog(ctx, place(logs)); err != nil {
		return nil, err
	}
	if err := archive.CheckDatabase(ctx, place(database), known); err != nil {
		return nil, err
	}
	if err := complete(ctx, a, place); err != nil {
		return nil, err
	}
	return a, r.opens(dir)
}

func hasRoom(dir string, a *archive.Archive) error {
	space, err := disk.Of(dir)
	if err != nil {
		return err
	}
	if need := uint64(a.Size) + reserve; space.Free < need {
		return fmt.Errorf("it takes %s unpacked, and %s has %s of room", amount(int64(need)), dir, amount(int64(space.Free)))
	}
	return nil
}

// known tells whether this program has a migration.
func known(file string) bool {
	for _, list := range []core.MigrationsList{core.SystemMigrations, core.AppMigrations} {
		if slices.ContainsFunc(list.Items(), func(m *core.Migration) bool { return m.File == file }) {
			return true
		}
	}
	return false
}

// complete finds out whether the files that the database names are there. A
// stock archive cannot say whether its library keeps them in a bucket.
func complete(ctx context.Context, a *archive.Archive, place func(string) string) (err error) {
	if a.Stock || !a.Manifest.FilesInside {
		return nil
	}
	db, err := archive.OpenDatabase(place(database))
	if err != nil {
		return err
	}
	defer within(&err, "close the database", db.Close)
	missing := make(map[string]bool, len(a.Manifest.Missing))
	for _, name := range a.Manifest.Missing {
		missing[name] = true
	}
	return archive.NamedFiles(ctx, db, func(key string) error {
		name := core.LocalStorageDirName + "/" + key
		if missing[name] {
			return nil
		}
		if _, err := os.Stat(place(name)); err != nil {
			return fmt.Errorf("its database names %s, which is not in it", name)
		}
		return nil
	})
}

// opens finds out whether this program can work on the data folder, which it
// brings up to date.
func (r *room) opens(dir string) (err error) {
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: dir, EncryptionEnv: r.EncryptionEnv})
	if err := app.Bootstrap(); err != nil {
		return fmt.Errorf("it does not open: %w", err)
	}
	defer within(&err, "close the restored library", app.ClearBootstrap)
	if err := app.RunAllMigrations(); err != nil {
		return fmt.Errorf("it cannot be brought up to date: %w", err)
	}
	return nil
}

// sane finds out whether the databases in an archive are whole and a library's
// that this program can open. It tries them in the spool.
func (r *room) sane(ctx context.Context, a *archive.Archive) (err error) {
	if err := os.MkdirAll(r.Spool, 0o700); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(r.Spool, "restore-")
	if err != nil {
		return err
	}
	defer within(&err, "remove the scratch folder", func() error { return os.RemoveAll(dir) })
	place := func(name string) string {
		for _, db := range []string{database, logs} {
			if slices.Contains([]string{db, db + "-wal", db + "-journal"}, name) {
				return filepath.Join(dir, name)
			}
		}
		return ""
	}
	if err := a.Extract(ctx, place, func(int) {}); err != nil {
		return err
	}
	return errors.Join(archive.CheckLog(ctx, filepath.Join(dir, logs)), archive.CheckDatabase(ctx, filepath.Join(dir, database), known))
}

// check keeps PocketBase from restoring what is damaged, hostile or no library's:
// the server would not start on it, and PocketBase deletes what was there before.
func (r *room) check(e *core.BackupEvent) error {
	path, release, err := r.fetch(e.Context, e.App, e.Name)
	if err != nil {
		return err
	}
	a, f, err := open(path, nil)
	if err == nil {
		err = a.Check(e.Context, func(int) {})
		if err == nil {
			err = r.sane(e.Context, a)
		}
		err = errors.Join(err, f.Close())
	}
	if errors.Is(err, archive.ErrIdentity) {
		err = errors.New("it is encrypted: stop the server and use the command `backup restore`")
	}
	if err := errors.Join(err, release()); err != nil {
		return fmt.Errorf("backup %s: %w", e.Name, err)
	}
	e.Exclude = append(e.Exclude, r.own()...)
	return e.Next()
}
