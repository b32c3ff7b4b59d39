package previews

import (
	"context"
	"fmt"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"
	"github.com/pocketbase/pocketbase/tools/types"

	"onlibrary/internal/jobs"
	"onlibrary/internal/media"
	"onlibrary/internal/schema"
)

// machineKey marks in a context the saves that this room makes.
type machineKey struct{}

// save writes the preview to the job's document, if its file is still the one
// that was looked at.
func (r *room) save(ctx context.Context, j *jobs.Job, p media.Preview) error {
	doc, _, err := r.document(j)
	if doc == nil || err != nil {
		return err
	}
	doc.IgnoreUnchangedFields(true)
	doc.Set("state", schema.DocumentReady)
	if p.Failed {
		doc.Set("state", schema.DocumentFailed)
	}
	doc.Set("stateDetail", p.Detail)
	doc.Set("pages", p.Pages)
	doc.Set("duration", p.Duration)
	if len(p.Thumbnail) > 0 {
		f, err := filesystem.NewFileFromBytes(p.Thumbnail, "thumbnail.jpg")
		if err != nil {
			return fmt.Errorf("thumbnail: %w", err)
		}
		doc.Set("thumbnail", f)
	}
	fill(doc, p)
	if err := r.app.SaveWithContext(context.WithValue(ctx, machineKey{}, true), doc); err != nil {
		return jobs.Retry(fmt.Errorf("save a preview: %w", err))
	}
	return nil
}

// fillable are the fields that a file may fill where no person has.
func fillable() []string {
	return []string{"title", "authors", "language", "isbn", "publisher", "published", "description", "series", "seriesIndex"}
}

func fill(doc *core.Record, p media.Preview) {
	if p.Work.Title != "" && doc.GetBool("titleProvisional") {
		doc.Set("title", p.Work.Title)
		doc.Set("titleProvisional", false)
	}
	set := func(field string, value any, has bool) {
		if has && vacant(doc, field) {
			doc.Set(field, value)
		}
	}
	set("seriesIndex", p.Work.SeriesIndex, p.Work.Series != "" && p.Work.SeriesIndex > 0 && doc.GetString("series") == "")
	set("authors", p.Work.Authors, len(p.Work.Authors) > 0)
	set("language", p.Work.Language, p.Work.Language != "")
	set("isbn", p.Work.ISBN, p.Work.ISBN != "")
	set("publisher", p.Work.Publisher, p.Work.Publisher != "")
	set("published", p.Work.Published, p.Work.Published != "")
	set("description", p.Work.Description, p.Work.Description != "")
	set("series", p.Work.Series, p.Work.Series != "")
}

func vacant(doc *core.Record, field string) bool {
	switch v := doc.Get(field).(type) {
	case types.JSONRaw:
		return len(v) == 0 || string(v) == "null" || string(v) == "[]"
	case float64:
		return v == 0
	default:
		return doc.GetString(field) == ""
	}
}

// yield gives way to what a person wrote between this room's reading of the
// document and its saving: it runs in the saving transaction and puts such
// fields back.
func yield(e *core.RecordEvent) error {
	if e.Context == nil || e.Context.Value(machineKey{}) == nil {
		return e.Next()
	}
	return inTransaction(e, func() error {
		stored, err := e.App.FindRecordById(schema.Documents, e.Record.Id)
		if err != nil {
			return err
		}
		if stored.GetString("file") != e.Record.GetString("file") {
			return fmt.Errorf("the file was replaced meanwhile")
		}
		for _, f := range fillable() {
			if f == "title" && stored.GetBool("titleProvisional") {
				continue
			}
			if !vacant(stored, f) {
				e.Record.Set(f, stored.Get(f))
			}
		}
		if !stored.GetBool("titleProvisional") {
			e.Record.Set("titleProvisional", false)
		}
		return e.Next()
	})
}
