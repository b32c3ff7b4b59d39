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

// sweepBucket sweeps a collection's files in an S3 bucket.
func sweepBucket(ctx context.Context, app core.App, c *core.Collection, before time.Time) (removed int, err error) {
	fsys, err := app.NewFilesystem()
	if err != nil {
		return 0, err
	}
	defer fsys.Close()
	fsys.SetContext(ctx)
	root := c.BaseFilesPath() + "/"
	stored, err := fsys.List(root)
	if err != nil {
		return 0, err
	}
	var failed []error
	for chunk := range slices.Chunk(stored, sweepChunk) {
		var ids []any
		for _, object := range chunk {
			id, _, _ := strings.Cut(strings.TrimPrefix(object.Key, root), "/")
			ids = append(ids, id)
		}
		named, err := namedFiles(ctx, app, c, ids)
		if err != nil {
			return removed, errors.Join(append(failed, err)...)
		}
		for _, object := range chunk {
			id, rest, _ := strings.Cut(strings.TrimPrefix(object.Key, root), "/")
			entry, _, _ := strings.Cut(rest, "/")
			if belongs(entry, named[id]) || !object.ModTime.Before(before) {
				continue
			}
			if err := fsys.Delete(object.Key); err != nil && !errors.Is(err, filesystem.ErrNotFound) {
				failed = append(failed, err)
				continue
			}
			removed++
		}
	}
	return removed, errors.Join(failed...)
}
