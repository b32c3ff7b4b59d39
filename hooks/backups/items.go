package backups

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	"onlibrary/internal/archive"
)

// item is a file that goes into an archive. open fails with fs.ErrNotExist
// where it is not to be had any more.
type item struct {
	name string // in the archive
	size int64
	open func() (io.ReadCloser, time.Time, error)
}

const (
	database = archive.Database
	logs     = "auxiliary.db"
	attrs    = ".attrs" // ends the file beside a file in which PocketBase notes its type
)

// list says what goes into the archive: the copies of the databases, the files
// that the database's copy names, and what else lies in the data folder.
func (r *room) list(ctx context.Context, app core.App, w *workshop, db *sql.DB, exclude []string, o *order) (items []item, err error) {
	for _, name := range []string{database, logs} {
		items = append(items, onDisk(name, w.path(name)))
	}
	switch {
	case !app.Settings().S3.Enabled:
		items, err = r.stored(ctx, w, db, items, o)
	case o.bucket:
		items, err = inBucket(ctx, app, db, items, o)
	}
	if err != nil {
		return nil, err
	}
	items, err = r.beside(items, exclude)
	if err != nil {
		return nil, err
	}
	for i := range items {
		if items[i].size < 0 {
			return nil, fmt.Errorf("%s is not there", items[i].name)
		}
		o.made.bytes += items[i].size
	}
	return items, nil
}

// onDisk is an item of the first of the paths at which there is a plain file.
// Its size is negative if there is none.
func onDisk(name string, paths ...string) item {
	i := item{name: name, size: -1}
	for _, path := range paths {
		if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
			i.size = info.Size()
			break
		}
	}
	i.open = func() (io.ReadCloser, time.Time, error) {
		for _, path := range paths {
			f, err := os.Open(path)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, time.Time{}, err
			}
			info, err := f.Stat()
			if err != nil {
				return nil, time.Time{}, errors.Join(err, f.Close())
			}
			return f, info.ModTime(), nil
		}
		return nil, time.Time{}, fs.ErrNotExist
	}
	return i
}

// stored adds the files on the disk that the database names, with what
// PocketBase notes beside them.
func (r *room) stored(ctx context.Context, w *workshop, db *sql.DB, items []item, o *order) ([]item, error) {
	seen := map[string]bool{}
	err := archive.NamedFiles(ctx, db, func(key string) error {
		if seen[key] {
			return nil
		}
		seen[key] = true
		for _, key := range []string{key, key + attrs} {
			local := filepath.FromSlash(key)
			i := onDisk(path.Join(core.LocalStorageDirName, key),
				filepath.Join(r.DataDir, core.LocalStorageDirName, local), w.path(filepath.Join(goneName, local)))
			if i.size >= 0 {
				items = append(items, i)
			} else if !strings.HasSuffix(key, attrs) {
				o.made.missing = append(o.made.missing, i.name)
			}
		}
		return nil
	})
	return items, err
}

// inBucket adds the files in the bucket that the database names.
func inBucket(ctx context.Context, app core.App, db *sql.DB, items []item, o *order) ([]item, error) {
	fsys, err := app.NewFilesystem()
	if err != nil {
		return nil, err
	}
	fsys.SetContext(ctx)
	o.closers = append(o.closers, fsys.Close)
	objects, err := fsys.List("")
	if err != nil {
		return nil, fmt.Errorf("list the bucket of the files: %w", err)
	}
	sizes := make(map[string]int64, len(objects))
	for _, object := range objects {
		sizes[object.Key] = object.Size
	}
	err = archive.NamedFiles(ctx, db, func(key string) error {
		size, ok := sizes[key]
		name := path.Join(core.LocalStorageDirName, key)
		if !ok {
			o.made.missing = append(o.made.missing, name)
			return nil
		}
		delete(sizes, key) // it may be named twice
		items = append(items,
			item{name: name, size: size, open: func() (io.ReadCloser, time.Time, error) {
				in, err := fsys.GetReader(key)
				if errors.Is(err, filesystem.ErrNotFound) {
					err = fs.ErrNotExist
				}
				if err != nil {
					return nil, time.Time{}, err
				}
				return in, in.ModTime(), nil
			}},
			item{name: name + attrs, open: func() (io.ReadCloser, time.Time, error) { return noted(fsys, key) }})
		return nil
	})
	return items, err
}

// noted is what PocketBase would note beside the file on a disk.
func noted(fsys *filesystem.System, key string) (io.ReadCloser, time.Time, error) {
	a, err := fsys.Attributes(key)
	if errors.Is(err, filesystem.ErrNotFound) {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, time.Time{}, err
	}
	text, err := json.Marshal(map[string]any{
		"user.cache_control": a.CacheControl, "user.content_disposition": a.ContentDisposition, "user.content_encoding": a.ContentEncoding,
		"user.content_language": a.ContentLanguage, "user.content_type": a.ContentType, "user.metadata": a.Metadata, "md5": a.MD5,
	})
	return io.NopCloser(strings.NewReader(string(text))), a.ModTime, err
}

// beside adds what an operator put into the data folder.
func (r *room) beside(items []item, exclude []string) ([]item, error) {
	for _, name := range []string{database, logs} {
		exclude = append(exclude, name, name+"-wal", name+"-shm", name+"-journal")
	}
	exclude = append(exclude, core.LocalStorageDirName)
	err := filepath.WalkDir(r.DataDir, func(at string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}
		name, err := filepath.Rel(r.DataDir, at)
		if err != nil {
			return err
		}
		switch excluded := slices.Contains(exclude, filepath.ToSlash(name)); {
		case excluded && d.IsDir():
			return fs.SkipDir
		case !excluded && d.Type().IsRegular():
			if i := onDisk(filepath.ToSlash(name), at); i.size >= 0 {
				items = append(items, i)
			}
		}
		return nil
	})
	return items, err
}
