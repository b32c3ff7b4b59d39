// Package upgrade opens the data folder for every command. It refuses what this
// program cannot work on before anything is written, and brings an older
// database up to date, all of it or none: before that it copies the database,
// and puts the copy back when an upgrade fails or is killed.
package upgrade

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"onlibrary/internal/hold"
)

// Deps is what the room needs from others.
type Deps struct {
	Version string
	// EncryptionKey is what the settings in the database are encrypted with;
	// empty: they are not.
	EncryptionKey string
	// UseEncryptionKey sets another key, empty for none, or says what is wrong with it.
	UseEncryptionKey func(key string) error
	Now              func() time.Time
}

// Upgrade is the data folder of an app.
type Upgrade struct {
	Deps
	app  core.App
	held *hold.Folder // once it is open
}

// Bind furnishes the room. What it returns opens the app's data folder.
func Bind(app core.App, d Deps) *Upgrade {
	app.OnBackupCreate().Bind(&hook.Handler[*core.BackupEvent]{Id: "onlibrary.upgrade.leaveOut", Func: leaveOut})
	app.OnBackupRestore().Bind(&hook.Handler[*core.BackupEvent]{Id: "onlibrary.upgrade.leaveAlone", Func: leaveOut})
	return &Upgrade{Deps: d, app: app}
}

// leaveOut keeps out of backups what belongs to the folder and not to the library.
func leaveOut(e *core.BackupEvent) error {
	e.Exclude = append(e.Exclude, Apart()...)
	return e.Next()
}

// Open opens the data folder, with the database at this program's version or
// at the one that it has. An error is one line; the database then is as it was.
func (u *Upgrade) Open(upToDate bool) error {
	dir := u.app.DataDir()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	held, err := hold.Share(dir)
	if errors.Is(err, hold.ErrHeld) {
		return fmt.Errorf("%w, to bring it to another version or to restore it: try again when that is done", err)
	}
	if err != nil {
		return err
	}
	u.held = held // until the program ends
	if err := u.resume(); err != nil {
		return err
	}
	was, pending, err := u.look(upToDate)
	if err != nil {
		return err
	}
	steps := u.steps(upToDate)
	if len(pending) == 0 || was.isNew() {
		err = steps()
	} else {
		err = u.alone(func() error { return u.upgrade(upToDate, steps) })
	}
	if err != nil {
		return fmt.Errorf("open the data folder %s: %w", dir, err)
	}
	if upToDate && was.plain && u.EncryptionKey != "" {
		return u.sealFirst()
	}
	return nil
}

// steps opens the database. PocketBase's own migrations are among what that does.
func (u *Upgrade) steps(upToDate bool) func() error {
	return func() error {
		if err := u.app.Bootstrap(); err != nil {
			return err
		}
		if !upToDate {
			return nil
		}
		if err := u.app.RunAllMigrations(); err != nil {
			return err
		}
		return sign(u.app, u.Version)
	}
}

// look looks at the database as it is, and says which migrations it wants.
func (u *Upgrade) look(upToDate bool) (was state, pending []string, err error) {
	if was, err = examine(u.app.DataDir(), upToDate); err != nil {
		return was, nil, err
	}
	if err := was.fits(u.app.DataDir(), u.Version); err != nil {
		return was, nil, err
	}
	if err := was.opensWith(u.EncryptionKey); err != nil {
		return was, nil, err
	}
	return was, was.wants(upToDate), nil
}

// alone does what no other program may be beside.
func (u *Upgrade) alone(do func() error) error {
	if err := u.held.Alone(); errors.Is(err, hold.ErrHeld) {
		return fmt.Errorf("the database is to change, and %w: stop that first", hold.ErrHeld)
	} else if err != nil {
		return err
	}
	return errors.Join(do(), u.held.Share())
}

// upgrade takes the steps, or none of them.
func (u *Upgrade) upgrade(upToDate bool, steps func() error) error {
	was, pending, err := u.look(upToDate) // another program may just have done it
	if err != nil || len(pending) == 0 {
		return errors.Join(err, steps())
	}
	began := u.Now()
	copied, err := u.change(was, steps)
	if err != nil {
		return fmt.Errorf("the upgrade from %s to %s failed and was undone, the earlier program still works: %w", known(was.version), u.Version, err)
	}
	slog.Info("the database is upgraded", "from", known(was.version), "to", u.Version, "migrations", len(pending),
		"copy", copied, "took", u.Now().Sub(began).Round(time.Millisecond))
	return prune(u.app.DataDir())
}

// change copies the database, takes the steps, and puts the copy back unless
// all went well. It returns the copy's name.
func (u *Upgrade) change(was state, steps func() error) (string, error) {
	dir := u.app.DataDir()
	c, err := copyDatabase(dir, was, u.Version, u.Now())
	if err != nil {
		return "", err
	}
	m := marker{Copy: c.Name, Applied: was.applied}
	if err := m.write(dir); err != nil {
		return "", err
	}
	if err := whole(steps); err != nil {
		if undo := errors.Join(u.app.ClearBootstrap(), m.undo(dir)); undo != nil {
			return "", fmt.Errorf("%w; undoing it, which the next start tries again: %w", err, undo)
		}
		return "", err
	}
	return c.Name, m.remove(dir)
}

// whole has a panic of a step be its error.
func whole(steps func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return steps()
}

// known is a version to be read.
func known(version string) string {
	if version == "" {
		return "an unknown version"
	}
	return version
}
