package previews

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	"onlibrary/internal/jobs"
	"onlibrary/internal/media"
	"onlibrary/internal/schema"
)

// Do makes the preview of one file and saves it to its document.
func (r *room) Do(ctx context.Context, j *jobs.Job) error {
	doc, err := r.document(j)
	if doc == nil || err != nil {
		return err
	}
	path, remove, err := r.local(ctx, doc)
	if errors.Is(err, filesystem.ErrNotFound) {
		return err // gone for good; GiveUp says so on the document
	}
	if err != nil {
		return jobs.Down(err) // the store is away, or the spool full: no fault of the file
	}
	defer remove()
	contentType := doc.GetString("contentType")
	p, err := r.Previewer.Preview(ctx, path, media.Type{
		ContentType: contentType, Kind: media.NaturalKind(doc.GetString("kind"), contentType),
	})
	if err != nil {
		return jobs.Retry(err)
	}
	return r.save(ctx, j, p)
}

// GiveUp ends the document's waiting when its job is dead.
func (r *room) GiveUp(ctx context.Context, j *jobs.Job, _ error) error {
	return r.save(ctx, j, media.Preview{Detail: media.DetailBroken, Failed: true})
}

// document returns the job's document, or nil if it or its file has gone.
func (r *room) document(j *jobs.Job) (*core.Record, error) {
	var p payload
	if err := json.Unmarshal(j.Payload, &p); err != nil {
		return nil, fmt.Errorf("preview job: %w", err)
	}
	doc, err := r.app.FindRecordById(schema.Documents, p.Document)
	if errors.Is(err, sql.ErrNoRows) || err == nil && doc.GetString("file") != p.File {
		return nil, nil
	}
	if err != nil {
		return nil, jobs.Retry(fmt.Errorf("read a document: %w", err))
	}
	return doc, nil
}

// isQuiet tells whether the job is of a document that was moved here.
func isQuiet(j *jobs.Job) bool {
	var p payload
	return json.Unmarshal(j.Payload, &p) == nil && p.Quiet
}
