package backups

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	"onlibrary/internal/archive"
	"onlibrary/internal/archive/swap"
	"onlibrary/internal/disk"
)

// make makes the backup that o wants: first a copy of the database, then of the
// files that the copy names, so that the two belong together. Nothing is left
// of one that fails.
func (r *room) make(ctx context.Context, app core.App, name string, exclude []string, o *order) (err error) {
	w, err := openWorkshop(r.DataDir)
	if err != nil {
		return err
	}
	defer within(&err, "clear up after the backup", w.close)
	defer func() { err = r.explain(err, o) }()
	// From here on nothing is deleted for good: see rescue.
	if err := os.Mkdir(w.path(goneName), 0o700); err != nil {
		return err
	}
	for file, db := range map[string]dbx.Builder{database: app.ConcurrentDB(), logs: app.AuxConcurrentDB()} {
		_, err := db.NewQuery("VACUUM INTO {:path}").Bind(dbx.Params{"path": w.path(file)}).WithContext(ctx).Execute()
		if err != nil {
			return fmt.Errorf("copy the database: %w", err)
		}
	}
	db, err := archive.OpenDatabase(w.path(database))
	if err != nil {
		return err
	}
	defer within(&err, "close the copy of the database", db.Close)
	defer func() {
		for _, c := range o.closers {
			within(&err, "close", c)
		}
	}()
	items, err := r.list(ctx, app, w, db, exclude, o)
	if err != nil {
		return err
	}
	m := archive.Manifest{
		Version: r.Version, PocketBase: pocketBase(), Created: r.Now().UTC(), Storage: archive.Disk, FilesInside: true,
	}
	if app.Settings().S3.Enabled {
		m.Storage, m.FilesInside = archive.Bucket, o.bucket
	}
	if m.Migration, err = archive.LastMigration(ctx, db); err != nil {
		return err
	}
	return r.put(ctx, app, w, name, o, func(out io.Writer) error { return write(ctx, out, items, m, o) })
}

// put has write fill a file at the place where the backup belongs, or on its
// way to there.
func (r *room) put(ctx context.Context, app core.App, w *workshop, name string, o *order, write func(io.Writer) error) error {
	backups := filepath.Join(r.DataDir, core.LocalBackupsDirName)
	remote := o.file == "" && app.Settings().Backups.S3.Enabled
	o.made.path = o.file
	if o.file == "" && !remote {
		if err := os.MkdirAll(backups, 0o700); err != nil {
			return err
		}
		o.made.path = filepath.Join(backups, name)
	}
	part := w.path("archive")
	if o.file != "" || !remote && !swap.SameDevice(w.dir, backups) {
		part = filepath.Join(filepath.Dir(o.made.path), "."+filepath.Base(o.made.path)+".part")
	}
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(part) // gone already where all went well
	err = o.room(filepath.Dir(part))
	if err == nil {
		err = write(&archive.Early{File: f})
	}
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	info, err := os.Stat(part)
	if err != nil {
		return err
	}
	o.made.size = info.Size()
	if remote {
		return upload(ctx, app, part, name)
	}
	if err := os.Rename(part, o.made.path); err != nil {
		return err
	}
	return disk.Flush(filepath.Dir(o.made.path))
}

// room fails where there is no room for the archive.
func (o *order) room(dir string) error {
	space, err := disk.Of(dir)
	if err != nil {
		return err
	}
	if need := uint64(o.made.bytes) + reserve; space.Free < need {
		return fmt.Errorf("%w: it takes about %s", errFull, amount(int64(need)))
	}
	return nil
}

// reserve is what is to be left on a volume, in bytes, for others to go on.
const reserve = 16 << 20

var errFull = errors.New("no room")

// write writes the archive.
func write(ctx context.Context, out io.Writer, items []item, m archive.Manifest, o *order) error {
	if len(o.recipients) > 0 {
		sealed, err := archive.Seal(out, o.recipients)
		if err != nil {
			return err
		}
		if err := pack(ctx, sealed, items, m, o); err != nil {
			return err
		}
		return sealed.Close()
	}
	return pack(ctx, out, items, m, o)
}

func pack(ctx context.Context, out io.Writer, items []item, m archive.Manifest, o *order) error {
	a := archive.NewWriter(out)
	var done int64
	for _, i := range items {
		n, err := add(ctx, a, i)
		if errors.Is(err, fs.ErrNotExist) {
			if !strings.HasSuffix(i.name, attrs) {
				o.made.missing = append(o.made.missing, i.name)
			}
			continue
		}
		if err != nil {
			a.Abandon()
			return err
		}
		o.made.files++
		done += n
		o.progress(done, o.made.bytes)
	}
	o.made.bytes = done
	m.Missing = o.made.missing
	return a.Close(m)
}

func add(ctx context.Context, a *archive.Writer, i item) (int64, error) {
	in, modified, err := i.open()
	if err != nil {
		return 0, err
	}
	n, err := a.Add(ctx, i.name, modified, in)
	return n, errors.Join(err, in.Close())
}

// upload takes the archive to the bucket of backups.
func upload(ctx context.Context, app core.App, path, name string) (err error) {
	fsys, err := app.NewBackupsFilesystem()
	if err != nil {
		return err
	}
	defer within(&err, "close the bucket of backups", fsys.Close)
	fsys.SetContext(ctx)
	f, err := filesystem.NewFileFromPath(path)
	if err != nil {
		return err
	}
	f.Name, f.OriginalName = name, name
	if err := fsys.UploadFile(f, name); err != nil {
		return fmt.Errorf("take the backup to its bucket: %w", err)
	}
	return nil
}

// explain says of a full disk in one line what happened.
func (r *room) explain(err error, o *order) error {
	full := errors.Is(err, errFull) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) ||
		err != nil && strings.Contains(err.Error(), "database or disk is full")
	if !full {
		return err
	}
	at := r.DataDir
	if o.file != "" {
		at = filepath.Dir(o.file)
	}
	left := "little"
	if space, err := disk.Of(at); err == nil {
		left = amount(int64(space.Free))
	}
	need := ""
	if o.made.bytes > 0 {
		need = fmt.Sprintf(", and the backup takes about %s", amount(o.made.bytes))
	}
	return fmt.Errorf("no backup was made, and nothing is left of it: the disk is full: %s has %s of room%s", at, left, need)
}

// pocketBase is the version of PocketBase in this program.
func pocketBase() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == "github.com/pocketbase/pocketbase" {
				return d.Version
			}
		}
	}
	return "unknown"
}
