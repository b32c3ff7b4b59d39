package catalogue

import (
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/fault"
	"onlibrary/internal/media"
	"onlibrary/internal/reply"
)

// derived are the fields that follow from the file; a client's word for them
// counts for nothing.
func derived() []string {
	return []string{
		"fileName", "contentType", "fileSize", "sha256", "fileUpdated", "pages", "duration",
		"thumbnail", "state", "stateDetail", "titleProvisional",
	}
}

// private are the fields of a document that only its owner and staff see and
// write. The schema hides them, which keeps them out of every filter and sort.
func private() []string { return []string{"observations", "alertEmails"} }

func (r *room) createDocument(e *core.RecordRequestEvent) error {
	doc := e.Record
	for _, f := range derived() {
		doc.Set(f, nil)
	}
	doc.Set("owner", "")
	if e.Auth != nil && !e.Auth.IsSuperuser() {
		doc.Set("owner", e.Auth.Id)
	}
	if err := checkSize(e.App, doc); err != nil {
		return reply.Error(err)
	}
	if err := writePrivate(e); err != nil {
		return err
	}
	return e.Next()
}

func (r *room) updateDocument(e *core.RecordRequestEvent) error {
	doc, stored := e.Record, e.Record.Original()
	for _, f := range derived() {
		doc.Set(f, stored.Get(f))
	}
	given, err := givesTitle(e)
	if err != nil {
		return err
	}
	if given {
		doc.Set("titleProvisional", false)
	}
	if !e.HasSuperuserAuth() && doc.GetString("owner") != stored.GetString("owner") {
		return reply.Error(fault.Field("owner", "owner_fixed", nil))
	}
	if err := checkKind(doc, stored); err != nil {
		return reply.Error(err)
	}
	if err := checkSize(e.App, doc); err != nil {
		return reply.Error(err)
	}
	if err := writePrivate(e); err != nil {
		return err
	}
	// Write only what changes: the preview may have been saved since the
	// document was read.
	doc.IgnoreUnchangedFields(true)
	return e.Next()
}

// givesTitle tells whether the request names a title, were it the one that
// stands in already: a title that a person gave is not replaced.
func givesTitle(e *core.RecordRequestEvent) (bool, error) {
	info, err := e.RequestInfo()
	if err != nil {
		return false, err
	}
	_, named := info.Body["title"]
	return named && strings.TrimSpace(e.Record.GetString("title")) != "", nil
}

// checkKind allows the one choice that a person has: whether what reads like a
// book is one. With a new file the kind follows from that.
func checkKind(doc, stored *core.Record) error {
	from, to := stored.GetString("kind"), doc.GetString("kind")
	if from == to || len(doc.GetUnsavedFiles("file")) > 0 {
		return nil
	}
	choice := []string{media.KindBook, media.KindDocument}
	if slices.Contains(choice, to) && media.NaturalKind(from, stored.GetString("contentType")) == media.KindDocument {
		return nil
	}
	return fault.Field("kind", "kind_fixed", nil)
}

// checkSize refuses with a 413 what PocketBase would refuse with a 400.
func checkSize(app core.App, doc *core.Record) error {
	for _, f := range doc.GetUnsavedFiles("file") {
		if most, err := maxUpload(app); err != nil {
			return err
		} else if f.Size > most {
			return tooLarge(most)
		}
	}
	return nil
}

// writePrivate sets the fields that PocketBase takes out of the body since they
// are hidden. Who gets here may write the document, and so them too.
func writePrivate(e *core.RecordRequestEvent) error {
	if e.HasSuperuserAuth() {
		return nil // PocketBase leaves it in
	}
	body := map[string]any{}
	if err := e.BindBody(&body); err != nil {
		return e.BadRequestError("Failed to read the submitted data.", err)
	}
	for _, f := range private() {
		if v, ok := body[f]; ok {
			e.Record.Set(f, v)
		}
	}
	return nil
}
