package catalogue

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/rules"
	"onlibrary/internal/schema"
)

// formMemory is how much of a form is held in memory, in bytes; the rest waits
// in the spool. PocketBase's 16 MiB grow to three times that for every upload.
const formMemory = 1 << 20

// formSlack is what a request that writes a document may weigh besides its
// file, in bytes.
const formSlack = 1 << 20

// guardUpload refuses before the body is read what would be refused after it:
// nobody fills the disk without leave to write a document.
func guardUpload(e *core.RequestEvent) error {
	documents := documentsWritten(e)
	if documents == nil {
		return e.Next()
	}
	if n := e.Request.ContentLength; n < 0 || n > formSlack {
		if err := mayWrite(e, documents); err != nil {
			return err
		}
	}
	if !strings.HasPrefix(e.Request.Header.Get("Content-Type"), "multipart/form-data") {
		if err := bound(e, formSlack, apis.ErrRequestEntityTooLarge); err != nil {
			return err
		}
		return e.Next()
	}
	most, err := maxUpload(e.App)
	if err != nil {
		return err
	}
	// Another process may have changed the setting.
	if err := boundUploads(e.App, most); err != nil {
		return err
	}
	// PocketBase keeps what it reads, to read it again; a form is read once.
	if body, ok := e.Request.Body.(*router.RereadableReadCloser); ok {
		e.Request.Body = body.ReadCloser
	}
	if err := bound(e, most+formSlack, reply.Error(tooLarge(most))); err != nil {
		return err
	}
	if err := e.Request.ParseMultipartForm(formMemory); err != nil {
		var refusal *router.ApiError
		if errors.As(err, &refusal) {
			return refusal
		}
		return e.BadRequestError("Failed to read the submitted data.", err)
	}
	return e.Next()
}

// documentsWritten is the collection of documents if the request creates or
// changes one, by whichever name it calls them.
func documentsWritten(e *core.RequestEvent) *core.Collection {
	switch e.Request.Pattern {
	case "POST /api/collections/{collection}/records", "PATCH /api/collections/{collection}/records/{id}":
	default:
		return nil
	}
	c, err := e.App.FindCachedCollectionByNameOrId(e.Request.PathValue("collection"))
	if err != nil || c.Name != schema.Documents {
		return nil
	}
	return c
}

// mayWrite says what PocketBase would say of the caller once it had the body.
func mayWrite(e *core.RequestEvent, documents *core.Collection) error {
	if e.HasSuperuserAuth() {
		return nil
	}
	if e.Request.Method == http.MethodPost {
		if e.Auth != nil {
			_, may, err := rules.Standing(e.App, e.Auth.Id, schema.DocumentsCreate)
			if err != nil {
				return err
			}
			if may {
				return nil
			}
		}
		return e.BadRequestError("Failed to create record", nil)
	}
	doc, err := e.App.FindRecordById(documents, e.Request.PathValue("id"))
	if err != nil {
		return e.NotFoundError("", err)
	}
	info := &core.RequestInfo{Context: core.RequestInfoContextDefault, Method: e.Request.Method, Auth: e.Auth}
	if may, err := e.App.CanAccessRecord(doc, info, documents.UpdateRule); err != nil || !may {
		return e.NotFoundError("", err)
	}
	return nil
}

// bound lets no more than most bytes of the body be read.
func bound(e *core.RequestEvent, most int64, refusal error) error {
	if e.Request.ContentLength > most {
		return refusal
	}
	e.Request.Body = &boundBody{e.Request.Body, most, most, refusal}
	return nil
}

type boundBody struct {
	io.ReadCloser
	most, left int64
	refusal    error
}

// Reread has PocketBase begin again, as its own readers let it.
func (b *boundBody) Reread() {
	if body, ok := b.ReadCloser.(router.Rereader); ok {
		body.Reread()
		b.left = b.most
	}
}

func (b *boundBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, b.refusal
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n - 1, b.refusal
	}
	return n, err
}

// tooLarge refuses a file of more than most bytes.
func tooLarge(most int64) *fault.Error {
	return &fault.Error{Kind: fault.TooLarge, Field: "file", Code: "file_too_large", Params: map[string]any{"megabytes": most >> 20}}
}

// maxUpload is the size in bytes of the largest file that the library takes.
func maxUpload(app core.App) (int64, error) {
	settings, err := app.FindRecordById(schema.LibrarySettings, schema.LibrarySettingsID)
	if err != nil {
		return 0, fmt.Errorf("read the library's settings: %w", err)
	}
	return int64(settings.GetInt("maxUploadMB")) << 20, nil
}
