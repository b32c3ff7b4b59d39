package previews

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	"onlibrary/internal/jobs"
	"onlibrary/internal/media"
	"onlibrary/internal/schema"
)

// Do makes the preview of one file and saves it to its document.
func (r *room) Do(ctx context.Context, j *jobs.Job) error {
	doc, name, err := r.document(j)
	if doc == nil || err != nil {
		return err
	}
	path, remove, err := r.local(ctx, doc, name)
	if errors.Is(err, filesystem.ErrNotFound) {
		return err // gone for good; GiveUp says so on the document
	}
	if err != nil {
		return jobs.Retry(err)
	}
	defer remove()
	p, err := r.Previewer.Preview(ctx, path, media.Type{ContentType: doc.GetString("contentType"), Kind: naturalKind(doc)})
	if err != nil {
		return jobs.Retry(err)
	}
	return r.save(ctx, j, p)
}

// GiveUp ends the document's waiting when its job is dead.
func (r *room) GiveUp(ctx context.Context, j *jobs.Job, _ error) {
	if err := r.save(ctx, j, media.Preview{Detail: media.DetailBroken, Failed: true}); err != nil {
		r.app.Logger().Error("end a document's preview", "job", j.Key, "error", err)
	}
}

// document returns the job's document, or nil if it or its file has gone.
func (r *room) document(j *jobs.Job) (*core.Record, string, error) {
	var p payload
	if err := json.Unmarshal(j.Payload, &p); err != nil {
		return nil, "", fmt.Errorf("preview job: %w", err)
	}
	doc, err := r.app.FindRecordById(schema.Documents, p.Document)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", jobs.Retry(err)
	}
	if doc.GetString("file") != p.File {
		return nil, "", nil
	}
	return doc, p.File, nil
}

// local returns the path of the stored file: where it lies, or a copy of it
// when the store is not this machine's disk.
func (r *room) local(ctx context.Context, doc *core.Record, name string) (path string, remove func(), err error) {
	key := doc.BaseFilesPath() + "/" + name
	if !r.app.Settings().S3.Enabled {
		path = filepath.Join(r.app.DataDir(), core.LocalStorageDirName, filepath.FromSlash(key))
		if path, err = filepath.Abs(path); err != nil {
			return "", nil, err
		}
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			return "", nil, filesystem.ErrNotFound
		}
		return path, func() {}, nil
	}
	fsys, err := r.app.NewFilesystem()
	if err != nil {
		return "", nil, err
	}
	defer fsys.Close()
	fsys.SetContext(ctx)
	from, err := fsys.GetReader(key)
	if err != nil {
		return "", nil, err
	}
	defer from.Close()
	to, err := os.CreateTemp("", "onlibrary-preview-*")
	if err != nil {
		return "", nil, err
	}
	remove = func() { _ = os.Remove(to.Name()) }
	if _, err = io.Copy(to, from); err == nil {
		err = to.Close()
	}
	if err != nil {
		remove()
		return "", nil, fmt.Errorf("fetch %s: %w", key, err)
	}
	return to.Name(), remove, nil
}

// naturalKind is the kind of the file itself, whatever its owner calls it.
func naturalKind(doc *core.Record) string {
	kind := doc.GetString("kind")
	if kind == media.KindBook && doc.GetString("contentType") != "application/epub+zip" {
		return media.KindDocument
	}
	return kind
}
