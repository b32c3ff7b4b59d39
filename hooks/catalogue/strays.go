package catalogue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"
	"github.com/pocketbase/pocketbase/tools/list"
)

// Strays compares the stored files with those that records name, and changes
// nothing. It returns the keys of the stored ones from before the given time that
// no record names, and of the named ones that are not stored.
func Strays(ctx context.Context, app core.App, before time.Time) (orphans, missing []string, err error) {
	collections, err := app.FindAllCollections(core.CollectionTypeBase, core.CollectionTypeAuth)
	if err != nil {
		return nil, nil, err
	}
	fsys, err := app.NewFilesystem()
	if err != nil {
		return nil, nil, err
	}
	defer fsys.Close()
	fsys.SetContext(ctx)
	for _, c := range collections {
		stored, unnamed := fsys.Exists, diskOrphans
		if app.Settings().S3.Enabled {
			stored = listed(fsys, len(c.BaseFilesPath()+"/")+1)
			unnamed = func(ctx context.Context, app core.App, c *core.Collection, before time.Time) ([]string, error) {
				return bucketOrphans(ctx, app, c, fsys, before)
			}
		}
		found, err := unnamed(ctx, app, c, before)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		orphans = append(orphans, found...)
		lost, err := unstored(ctx, app, c, stored)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		missing = append(missing, lost...)
	}
	return orphans, missing, nil
}

// diskOrphans are the keys in a collection's folder that belong to nothing named.
func diskOrphans(ctx context.Context, app core.App, c *core.Collection, before time.Time) (orphans []string, err error) {
	root := filepath.Join(app.DataDir(), core.LocalStorageDirName, c.BaseFilesPath())
	folder, err := os.Open(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	for {
		entries, err := folder.ReadDir(sweepChunk)
		if errors.Is(err, io.EOF) {
			return orphans, nil
		}
		if err != nil {
			return nil, err
		}
		var ids []any
		for _, entry := range entries {
			ids = append(ids, entry.Name())
		}
		named, err := namedFiles(ctx, app, c, ids)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			if !entry.IsDir() {
				continue // somebody put it there: no record's
			}
			files, err := os.ReadDir(filepath.Join(root, entry.Name()))
			if err != nil {
				return nil, err
			}
			for _, file := range files {
				if info, err := file.Info(); err == nil && info.ModTime().Before(before) && !belongs(file.Name(), named[entry.Name()]) {
					orphans = append(orphans, c.BaseFilesPath()+"/"+entry.Name()+"/"+file.Name())
				}
			}
		}
	}
}

// unstored are the keys of files that the collection's records name and that are
// not stored.
func unstored(ctx context.Context, app core.App, c *core.Collection, stored func(key string) (bool, error)) (missing []string, err error) {
	last := ""
	for {
		var ids []string
		err := app.ConcurrentDB().Select("id").From(c.Name).Where(dbx.NewExp("id > {:last}", dbx.Params{"last": last})).
			OrderBy("id").Limit(sweepChunk).WithContext(ctx).Column(&ids)
		if err != nil || len(ids) == 0 {
			return missing, err
		}
		named, err := namedFiles(ctx, app, c, list.ToInterfaceSlice(ids))
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			last = id
			for name := range named[id] {
				key := c.BaseFilesPath() + "/" + id + "/" + name
				there, err := stored(key)
				if err == nil && !there {
					// One that was replaced meanwhile is not missed.
					there, err = replaced(ctx, app, c, id, name)
				}
				if err != nil {
					return nil, err
				}
				if !there {
					missing = append(missing, key)
				}
			}
		}
	}
}

// listed tells whether a key is in the bucket by a list of those that begin with
// the same so many letters, as long as it is asked for keys in order, and asks
// for each that is not on it.
func listed(fsys *filesystem.System, letters int) func(key string) (bool, error) {
	var part string
	var keys map[string]bool
	return func(key string) (bool, error) {
		if key[:letters] != part {
			objects, err := fsys.List(key[:letters])
			if err != nil {
				return false, err
			}
			part, keys = key[:letters], make(map[string]bool, len(objects))
			for _, object := range objects {
				keys[object.Key] = true
			}
		}
		if keys[key] {
			return true, nil
		}
		return fsys.Exists(key)
	}
}

// replaced tells whether the record does not name the file any more.
func replaced(ctx context.Context, app core.App, c *core.Collection, id, name string) (bool, error) {
	named, err := namedFiles(ctx, app, c, []any{id})
	return err == nil && !named[id][name], err
}
