package previews

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	"onlibrary/internal/fault"
	"onlibrary/internal/jobs"
	"onlibrary/internal/media"
	"onlibrary/internal/quiet"
	"onlibrary/internal/schema"
	"onlibrary/internal/within"
)

// previewKey marks in a context the saves that this room makes; its value is
// the media.Preview that is saved.
type previewKey struct{}

// Bounds of what a preview may say, as of the collection's fields.
const (
	mostPages      = 10_000_000
	mostSeconds    = 100_000_000
	thumbnailBytes = 1 << 20
)

var errGone = errors.New("the file was replaced or deleted meanwhile")

// save writes the preview to the job's document, if its file is still the one
// that was looked at.
func (r *room) save(ctx context.Context, j *jobs.Job, p media.Preview) error {
	doc, err := r.document(j)
	if doc == nil || err != nil {
		return err
	}
	if isQuiet(j) {
		ctx = quiet.With(ctx)
	}
	p.Work = p.Work.Clean()
	doc.IgnoreUnchangedFields(true)
	doc.Set("state", schema.DocumentReady)
	if p.Failed {
		doc.Set("state", schema.DocumentFailed)
	}
	doc.Set("stateDetail", p.Detail)
	doc.Set("pages", min(max(p.Pages, 0), mostPages))
	doc.Set("duration", min(max(p.Duration, 0), mostSeconds))
	thumbnail, err := picture(p.Thumbnail)
	if err != nil {
		return err
	}
	doc.Set("thumbnail", thumbnail)
	// Without validation, which would refuse the preview for the sake of what
	// a person wrote long ago; all that is set here is within bounds.
	err = r.app.SaveNoValidateWithContext(context.WithValue(ctx, previewKey{}, p), doc)
	if errors.Is(err, errGone) {
		return nil
	}
	var refusal *fault.Error
	if errors.As(err, &refusal) && refusal.Kind == fault.Unavailable {
		return jobs.Down(fmt.Errorf("store a thumbnail: %w", err))
	}
	if err != nil {
		return jobs.Retry(fmt.Errorf("save a preview: %w", err))
	}
	return nil
}

// picture is the thumbnail as a file to store, or nil if there is none. It
// comes from a process that hostile bytes may have got hold of.
func picture(thumbnail []byte) (any, error) {
	if len(thumbnail) == 0 {
		return nil, nil
	}
	name := map[string]string{"image/jpeg": "thumbnail.jpg", "image/webp": "thumbnail.webp"}[http.DetectContentType(thumbnail)]
	w, h, err := media.ImageSize(bytes.NewReader(thumbnail), int64(len(thumbnail)))
	if name == "" || err != nil || max(w, h) > media.ThumbnailSide || len(thumbnail) > thumbnailBytes {
		return nil, errors.New("the thumbnail is no small picture")
	}
	f, err := filesystem.NewFileFromBytes(thumbnail, name)
	if err != nil {
		return nil, fmt.Errorf("thumbnail: %w", err)
	}
	return f, nil
}

// yield gives way to people: in the transaction that saves a preview it looks
// at the document as it is now, and fills only what nobody has.
func yield(e *core.RecordEvent) error {
	if e.Context == nil {
		return e.Next()
	}
	p, ok := e.Context.Value(previewKey{}).(media.Preview)
	if !ok {
		return e.Next()
	}
	return within.Transaction(e, func() error {
		stored, err := e.App.FindRecordById(schema.Documents, e.Record.Id)
		if errors.Is(err, sql.ErrNoRows) || err == nil && stored.GetString("file") != e.Record.GetString("file") {
			return errGone
		}
		if err != nil {
			return err
		}
		for _, f := range fillable() {
			e.Record.Set(f, stored.Get(f))
		}
		fill(e.Record, p.Work)
		if err := e.Next(); err != nil || !quiet.Is(e.Context) {
			return err
		}
		// PocketBase lets nobody keep what it was.
		e.Record.SetRaw("updated", stored.GetRaw("updated"))
		_, err = e.App.NonconcurrentDB().Update(schema.Documents, dbx.Params{"updated": stored.GetString("updated")},
			dbx.HashExp{"id": stored.Id}).Execute()
		return err
	})
}
