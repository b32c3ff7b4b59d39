package backups

import (
	"context"
	"fmt"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/archive"
	"onlibrary/internal/hold"
)

// order is what a command wants of a backup beside its name. It travels with the
// context through PocketBase's event.
type order struct {
	file       string // where to, or empty: the place of backups
	recipients []age.Recipient
	bucket     bool
	progress   func(done, all int64)
	made       made
	closers    []func() error // called when the backup is made
}

type orderKey struct{}

// made is what became of a backup.
type made struct {
	name    string
	path    string // on this machine, or empty
	size    int64  // of the archive, bytes
	files   int    // in it
	bytes   int64  // in it, unpacked
	missing []string
	took    time.Duration
}

// sealed ends the name of an encrypted archive.
const sealed = ".age"

// create makes a backup in the place of PocketBase, which goes on to list,
// rotate and hand out what lies where it would have put its own.
func (r *room) create(e *core.BackupEvent) error {
	o, ok := e.Context.Value(orderKey{}).(*order)
	if !ok {
		recipients, err := archive.ParseRecipients(r.Recipients)
		if err != nil {
			return fmt.Errorf("encrypt the backup: %w", err)
		}
		o = &order{recipients: recipients, bucket: r.Bucket, progress: func(int64, int64) {}}
	}
	if e.Name == "" {
		e.Name = "onlibrary_" + r.Now().UTC().Format("20060102150405") + ".zip"
	}
	if len(o.recipients) > 0 && o.file == "" && !strings.HasSuffix(e.Name, sealed) {
		e.Name += sealed
	}
	began := time.Now()
	ctx := e.Context
	if ctx == nil {
		ctx = context.Background()
	}
	if err := r.make(ctx, e.App, e.Name, append(e.Exclude, r.own()...), o); err != nil {
		return err
	}
	o.made.name, o.made.took = e.Name, time.Since(began)
	if ok {
		return nil // the command tells
	}
	log := e.App.Logger().With("name", e.Name)
	log.Info("made a backup", "bytes", o.made.size, "files", o.made.files, "seconds", o.made.took.Seconds())
	if n := len(o.made.missing); n > 0 {
		log.Warn("files that the database names are not there to back up", "files", n, "first", o.made.missing[0])
	}
	return nil
}

// own are the entries of the data folder that no backup holds and no restore
// touches, this room's with them.
func (r *room) own() []string {
	return append([]string{
		core.LocalBackupsDirName, core.LocalTempDirName, core.LocalNotifyDirName, core.LocalAutocertCacheDirName, "lost+found",
		workshopName, stageName, asideName, rehearsalName, archive.ManifestName, hold.Name,
	}, r.Keep...)
}
