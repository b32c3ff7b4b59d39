// Package backups makes backups, tries them on a schedule, and restores them:
// the backup command, and what PocketBase's own schedule and dashboard do.
package backups

import (
	"context"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
)

// Deps is what the room needs from others.
type Deps struct {
	DataDir string
	Version string
	// Spool is the folder, in the data folder, for what need not outlive a start.
	Spool string
	// Keep are the entries of the data folder that belong to it and not to the
	// library: backups leave them out and a restore leaves them alone.
	Keep []string
	// Recipients are age's public keys, parted by commas, that backups are
	// encrypted for; empty: they are not. Identity is the path of a file with a
	// secret key, for the rehearsal, or empty.
	Recipients, Identity string
	// Bucket has backups hold the files that are kept in a bucket, too.
	Bucket bool
	// EncryptionEnv is the variable that holds the key of the settings.
	EncryptionEnv string
	// Open opens the data folder, whatever its version, for a command, and Close
	// lets go of it again.
	Open, Close func() error
	// Text puts a key into words.
	Text func(language, key string, data map[string]any) string
	// Recipient is the language and the time zone in which a user is written to;
	// nil: the library's.
	Recipient func(user *core.Record) (language string, zone *time.Location)
	// Notify writes a notice to a patron: notice.<key>.title and .body.
	Notify func(tx core.App, user *core.Record, key string, data map[string]any) error
	Now    func() time.Time
}

type room struct{ Deps }

const (
	// last is a priority behind all others that have a say in a backup.
	last = 1000
	// first is a priority ahead of PocketBase's removal of files.
	first = -1000
)

// Bind furnishes the room.
func Bind(app core.App, d Deps) {
	r := &room{d}
	app.OnBackupCreate().Bind(on("create", r.create, last)) // in the place of PocketBase's own
	app.OnBackupRestore().Bind(on("check", r.check, last))
	app.OnModelAfterDeleteSuccess().Bind(on("rescue", rescue, first))
	app.OnModelAfterUpdateSuccess().Bind(on("rescueReplaced", rescue, first))
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	app.OnServe().Bind(on("clear", func(e *core.ServeEvent) error {
		clearWorkshop(e.App)
		return e.Next()
	}, 0))
	app.Cron().MustAdd("onlibrary.backups.rehearse", "23 * * * *", func() {
		running.Add(1)
		defer running.Done()
		r.rehearseIfDue(ctx, app)
	})
	app.OnTerminate().Bind(on("endRehearsal", func(e *core.TerminateEvent) error {
		stop()
		running.Wait()
		return e.Next()
	}, 0))
}

func on[T hook.Resolver](act string, f func(T) error, priority int) *hook.Handler[T] {
	return &hook.Handler[T]{Id: "onlibrary.backups." + act, Func: f, Priority: priority}
}
