package backups

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"
)

// backup is one that lies where PocketBase keeps them.
type backup struct {
	name     string
	size     int64
	modified time.Time
}

// all lists the backups, the newest first.
func all(ctx context.Context, app core.App) (found []backup, err error) {
	fsys, err := app.NewBackupsFilesystem()
	if err != nil {
		return nil, err
	}
	defer within(&err, "close the place of backups", fsys.Close)
	fsys.SetContext(ctx)
	objects, err := fsys.List("")
	if err != nil {
		return nil, fmt.Errorf("list the backups: %w", err)
	}
	for _, o := range objects {
		if isBackup(o.Key) {
			found = append(found, backup{o.Key, o.Size, o.ModTime})
		}
	}
	slices.SortFunc(found, func(a, b backup) int { return b.modified.Compare(a.modified) })
	return found, nil
}

// isBackup tells a backup by its name from what else lies there.
func isBackup(name string) bool {
	return !strings.HasPrefix(name, ".") && strings.HasSuffix(strings.TrimSuffix(name, sealed), ".zip")
}

// fetch returns the path of a backup of that name. One from a bucket is copied
// into the spool first, and removed by release.
func (r *room) fetch(ctx context.Context, app core.App, name string) (path string, release func() error, err error) {
	if !app.Settings().Backups.S3.Enabled {
		return filepath.Join(r.DataDir, core.LocalBackupsDirName, filepath.Base(name)), func() error { return nil }, nil
	}
	fsys, err := app.NewBackupsFilesystem()
	if err != nil {
		return "", nil, err
	}
	defer within(&err, "close the bucket of backups", fsys.Close)
	fsys.SetContext(ctx)
	in, err := fsys.GetReader(name)
	if errors.Is(err, filesystem.ErrNotFound) {
		return "", nil, fmt.Errorf("there is no backup %q", name)
	}
	if err != nil {
		return "", nil, err
	}
	defer within(&err, "close the backup in its bucket", in.Close)
	if err := os.MkdirAll(r.Spool, 0o700); err != nil {
		return "", nil, err
	}
	out, err := os.CreateTemp(r.Spool, "backup-*")
	if err != nil {
		return "", nil, err
	}
	release = func() error { return os.Remove(out.Name()) }
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close()); err != nil {
		return "", nil, errors.Join(fmt.Errorf("fetch the backup: %w", err), release())
	}
	return out.Name(), release, nil
}
