package backups

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/routine"

	"onlibrary/internal/archive"
)

// rehearsalName is the file, in the data folder, with the last rehearsal. It is
// no part of backups, so that a restore does not bring back an old result.
const rehearsalName = ".rehearsal.json"

const (
	// rehearseEvery is how long after one rehearsal the next is due, a little
	// less than a week, so that it stays in the same night.
	rehearseEvery = 6*24*time.Hour + 12*time.Hour
	// nightFrom and nightTo bound the hours, by the library's clocks, in which
	// rehearsals begin.
	nightFrom, nightTo = 2, 5
)

// Rehearsal is how the last try to restore the newest backup went.
type Rehearsal struct {
	At     time.Time `json:"at"`
	Backup string    `json:"backup"` // its name, or empty: there was none
	// Problem is why it failed, in English, or empty.
	Problem string        `json:"problem,omitempty"`
	Files   int           `json:"files"`
	Bytes   int64         `json:"bytes"` // unpacked
	Took    time.Duration `json:"took"`  // nanoseconds
}

// LastRehearsal returns how the last rehearsal went; nil: there was none yet.
func LastRehearsal(app core.App) (*Rehearsal, error) {
	text, err := os.ReadFile(filepath.Join(app.DataDir(), rehearsalName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // see above
	}
	if err != nil {
		return nil, err
	}
	var last Rehearsal
	if err := json.Unmarshal(text, &last); err != nil {
		return nil, fmt.Errorf("read %s: %w", rehearsalName, err)
	}
	return &last, nil
}

// rehearseIfDue rehearses once a week, in the library's night.
func (r *room) rehearseIfDue(ctx context.Context, app core.App) {
	_, zone := r.Recipient(nil)
	now := r.Now()
	if hour := now.In(zone).Hour(); hour < nightFrom || hour >= nightTo || ctx.Err() != nil {
		return
	}
	last, err := LastRehearsal(app)
	if err != nil {
		app.Logger().Warn("read the last rehearsal of a restore", "error", err) // it is written anew
	}
	if last != nil && now.Sub(last.At) < rehearseEvery {
		return
	}
	if err := routine.SafeWrap(func() error { return r.rehearse(ctx, app) })(); err != nil {
		app.Logger().Error("rehearse a restore", "error", err)
	}
}

// rehearse verifies the newest backup, keeps how it went, and tells superusers
// and those who manage the library if it failed. A library that makes no backups
// has nothing to rehearse.
func (r *room) rehearse(ctx context.Context, app core.App) error {
	found, err := all(ctx, app)
	if err == nil && len(found) == 0 && app.Settings().Backups.Cron == "" {
		return nil
	}
	began := time.Now()
	result := Rehearsal{At: r.Now().UTC()}
	if err == nil && len(found) == 0 {
		err = errors.New("there is no backup, though a schedule is set")
	}
	if err == nil {
		result.Backup = found[0].name
		var a *archive.Archive
		if a, err = r.tryOut(ctx, app, result.Backup); err == nil {
			result.Files, result.Bytes = a.Files, a.Size
		}
	}
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the server stops: the next night is soon enough
	}
	result.Took = time.Since(began)
	if err != nil {
		result.Problem = err.Error()
	}
	if err := r.note(result); err != nil {
		return err
	}
	if result.Problem == "" {
		app.Logger().Info("rehearsed a restore", "name", result.Backup, "files", result.Files, "bytes", result.Bytes, "seconds", result.Took.Seconds())
		return nil
	}
	app.Logger().Error("the rehearsal of a restore failed", "name", result.Backup, "error", result.Problem)
	return r.alert(app, result)
}

func (r *room) tryOut(ctx context.Context, app core.App, name string) (a *archive.Archive, err error) {
	var keys []age.Identity
	if r.Identity != "" {
		noAnswer := func() (string, error) {
			return "", errors.New("its key is protected by a passphrase, which nobody is asked for at night")
		}
		if keys, err = archive.ReadIdentities(r.Identity, noAnswer); err != nil {
			return nil, err
		}
	}
	path, release, err := r.fetch(ctx, app, name)
	if err != nil {
		return nil, err
	}
	defer within(&err, "remove what was fetched", release)
	if err := os.MkdirAll(r.Spool, 0o700); err != nil {
		return nil, err
	}
	return r.verify(ctx, path, r.Spool, keys, func(int64, int64) {})
}

// note writes down how it went.
func (r *room) note(result Rehearsal) error {
	text, err := json.Marshal(result)
	if err != nil {
		return err
	}
	path := filepath.Join(r.DataDir, rehearsalName)
	if err := os.WriteFile(path+".part", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

// Restorable tells when a restore of the newest backup was last tried, and why it
// failed; a zero time where none was, and no problem where all was well.
func Restorable(app core.App) (at time.Time, problem string, err error) {
	last, err := LastRehearsal(app)
	if err != nil || last == nil {
		return time.Time{}, "", err
	}
	return last.At, last.Problem, nil
}
