package catalogue

import (
	"slices"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/fault"
	"onlibrary/internal/media"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

// derived are the fields that follow from the file; a client's word for them
// counts for nothing.
func derived() []string {
	return []string{
		"fileName", "contentType", "fileSize", "sha256", "fileUpdated", "pages", "duration",
		"thumbnail", "state", "stateDetail", "titleProvisional",
	}
}

func (r *room) createRequest(e *core.RecordRequestEvent) error {
	doc := e.Record
	for _, f := range derived() {
		doc.Set(f, nil)
	}
	doc.Set("owner", "")
	if e.Auth != nil && !e.Auth.IsSuperuser() {
		doc.Set("owner", e.Auth.Id)
	}
	if err := tooLarge(e.App, doc); err != nil {
		return reply.Error(err)
	}
	if err := writeObservations(e); err != nil {
		return err
	}
	return e.Next()
}

func (r *room) updateRequest(e *core.RecordRequestEvent) error {
	doc, stored := e.Record, e.Record.Original()
	for _, f := range derived() {
		doc.Set(f, stored.Get(f))
	}
	if !e.HasSuperuserAuth() && doc.GetString("owner") != stored.GetString("owner") {
		return reply.Error(fault.Field("owner", "owner_fixed", nil))
	}
	if len(doc.GetUnsavedFiles("file")) == 0 && doc.GetString("file") == "" {
		doc.Set("file", stored.Get("file")) // a file is replaced, never taken away
	}
	if err := kindChange(doc, stored); err != nil {
		return reply.Error(err)
	}
	if err := tooLarge(e.App, doc); err != nil {
		return reply.Error(err)
	}
	if err := writeObservations(e); err != nil {
		return err
	}
	return e.Next()
}

// kindChange allows the one choice that a person has: whether what reads like
// a book is one.
func kindChange(doc, stored *core.Record) error {
	from, to := stored.GetString("kind"), doc.GetString("kind")
	if from == to {
		return nil
	}
	choice := []string{media.KindBook, media.KindDocument}
	if !slices.Contains(choice, from) || !slices.Contains(choice, to) || !mayBeBook(stored.GetString("contentType")) {
		return fault.Field("kind", "kind_fixed", nil)
	}
	return nil
}

// mayBeBook tells whether files of that type count as documents unless their
// owner calls them books; an EPUB always is one.
func mayBeBook(contentType string) bool {
	return contentType != "application/epub+zip" && contentType != "application/x-mobipocket-ebook" &&
		contentType != "application/vnd.amazon.ebook"
}

// tooLarge answers 413 where PocketBase would answer 400.
func tooLarge(app core.App, doc *core.Record) error {
	for _, f := range doc.GetUnsavedFiles("file") {
		if most, err := maxUpload(app); err != nil {
			return err
		} else if f.Size > most {
			return &fault.Error{Kind: fault.TooLarge, Field: "file", Code: "file_too_large", Params: map[string]any{"megabytes": most >> 20}}
		}
	}
	return nil
}

// keepUnchanged has an update write only what it changes: the preview of a
// document may have been saved since the request read it.
func keepUnchanged(e *core.RecordRequestEvent) error {
	e.Record.IgnoreUnchangedFields(true)
	return e.Next()
}

// writeObservations sets the field that PocketBase takes out of the body since
// it is hidden. Who gets here may write the document, and so them too.
func writeObservations(e *core.RecordRequestEvent) error {
	if e.HasSuperuserAuth() {
		return nil // PocketBase leaves it in
	}
	body := map[string]any{}
	if err := e.BindBody(&body); err != nil {
		return e.BadRequestError("Failed to read the submitted data.", err)
	}
	if v, ok := body["observations"]; ok {
		e.Record.Set("observations", v)
	}
	return nil
}

func maxUpload(app core.App) (int64, error) {
	settings, err := app.FindRecordById(schema.LibrarySettings, schema.LibrarySettingsID)
	if err != nil {
		return 0, err
	}
	return int64(settings.GetInt("maxUploadMB")) << 20, nil
}
