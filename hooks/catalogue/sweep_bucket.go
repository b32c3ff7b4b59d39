package catalogue

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"
)

// clockSkew is how far S3's clock may be from ours: Amazon's takes no request
// of a clock that is further off.
const clockSkew = 15 * time.Minute

// sweepBucket sweeps a collection's files in an S3 bucket.
func sweepBucket(ctx context.Context, app core.App, c *core.Collection, before time.Time) (removed int, err error) {
	fsys, err := app.NewFilesystem()
	if err != nil {
		return 0, err
	}
	defer fsys.Close()
	fsys.SetContext(ctx)
	orphans, err := bucketOrphans(ctx, app, c, fsys, before.Add(-clockSkew))
	if err != nil || len(orphans) == 0 {
		return 0, err
	}
	// S3 says of an upload in parts when it began: one may be older than the
	// server and yet wait for its commit.
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(commitTime):
	}
	if orphans, err = unnamed(ctx, app, c, orphans); err != nil {
		return 0, err
	}
	var failed []error
	for _, key := range orphans {
		if err := fsys.Delete(key); err != nil && !errors.Is(err, filesystem.ErrNotFound) {
			failed = append(failed, err)
			continue
		}
		removed++
	}
	return removed, errors.Join(failed...)
}

// bucketOrphans are the collection's objects from before that belong to nothing
// that a record names.
func bucketOrphans(ctx context.Context, app core.App, c *core.Collection, fsys *filesystem.System, before time.Time) ([]string, error) {
	parts := []string{""}
	for _, f := range c.Fields {
		if f.Type() == core.FieldTypeFile {
			// Ids begin with one of these; all objects at once may be many to hold.
			parts = strings.Split("0123456789abcdefghijklmnopqrstuvwxyz", "")
		}
	}
	var orphans []string
	for _, part := range parts {
		stored, err := fsys.List(c.BaseFilesPath() + "/" + part)
		if err != nil {
			return nil, err
		}
		var old []string
		for _, object := range stored {
			if object.ModTime.Before(before) {
				old = append(old, object.Key)
			}
		}
		found, err := unnamed(ctx, app, c, old)
		if err != nil {
			return nil, err
		}
		orphans = append(orphans, found...)
	}
	return orphans, nil
}

// unnamed are those of the keys that belong to nothing that a record names.
func unnamed(ctx context.Context, app core.App, c *core.Collection, keys []string) (orphans []string, err error) {
	root := c.BaseFilesPath() + "/"
	for chunk := range slices.Chunk(keys, sweepChunk) {
		var ids []any
		for _, key := range chunk {
			id, _, _ := strings.Cut(strings.TrimPrefix(key, root), "/")
			ids = append(ids, id)
		}
		named, err := namedFiles(ctx, app, c, ids)
		if err != nil {
			return nil, err
		}
		for _, key := range chunk {
			id, rest, _ := strings.Cut(strings.TrimPrefix(key, root), "/")
			entry, _, _ := strings.Cut(rest, "/")
			if !belongs(entry, named[id]) {
				orphans = append(orphans, key)
			}
		}
	}
	return orphans, nil
}
