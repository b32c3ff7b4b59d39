package previews

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"
)

// local returns the path of a document's stored file: where it lies, or a copy
// of it when the store is not this machine's disk. It fails with
// filesystem.ErrNotFound if there is none.
func (r *room) local(ctx context.Context, doc *core.Record) (path string, remove func(), err error) {
	key := doc.BaseFilesPath() + "/" + doc.GetString("file")
	if r.app.Settings().S3.Enabled {
		return r.fetch(ctx, key, int64(doc.GetInt("fileSize")))
	}
	path, err = filepath.Abs(filepath.Join(r.app.DataDir(), core.LocalStorageDirName, filepath.FromSlash(key)))
	if err != nil {
		return "", nil, err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", nil, fmt.Errorf("%s: %w", key, filesystem.ErrNotFound)
	}
	return path, func() {}, nil
}

// fetch copies at most size bytes into the spool.
func (r *room) fetch(ctx context.Context, key string, size int64) (local string, remove func(), err error) {
	fsys, err := r.app.NewFilesystem()
	if err != nil {
		return "", nil, err
	}
	defer fsys.Close()
	fsys.SetContext(ctx)
	from, err := fsys.GetReader(key)
	if errors.Is(err, filesystem.ErrNotFound) {
		// S3 says so of each file of a bucket that is not there, too.
		if _, err := fsys.List(path.Dir(key) + "/"); err != nil {
			return "", nil, errors.New("the bucket is not there")
		}
	}
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", key, err)
	}
	defer from.Close()
	to, err := os.CreateTemp("", "onlibrary-preview-*")
	if err != nil {
		return "", nil, err
	}
	_, err = io.Copy(to, io.LimitReader(from, size))
	if err := errors.Join(err, to.Close()); err != nil {
		return "", nil, fmt.Errorf("fetch %s: %w", key, errors.Join(err, os.Remove(to.Name())))
	}
	return to.Name(), func() {
		if err := os.Remove(to.Name()); err != nil {
			r.app.Logger().Warn("remove a fetched file", "error", err)
		}
	}, nil
}
