package catalogue

import (
	"net/http"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

// formSlack is what a multipart form may weigh besides its file, in bytes.
const formSlack = 1 << 20

// guardUpload refuses before the body is read what would be refused after:
// nobody fills the disk without leave to create documents.
func guardUpload(e *core.RequestEvent) error {
	path := e.Request.URL.Path
	write := e.Request.Method == http.MethodPost || e.Request.Method == http.MethodPatch
	if !write || !strings.HasPrefix(path, "/api/collections/"+schema.Documents+"/records") {
		return e.Next()
	}
	if e.Auth == nil {
		if e.Request.Method == http.MethodPatch {
			return e.NotFoundError("", nil)
		}
		return e.BadRequestError("Failed to create record", nil)
	}
	most, err := maxUpload(e.App)
	if err != nil {
		return err
	}
	if e.Request.ContentLength > most+formSlack {
		// The rest is not read: the client is told and the connection ends.
		e.Response.Header().Set("Connection", "close")
		return reply.Error(&fault.Error{Kind: fault.TooLarge, Field: "file", Code: "file_too_large", Params: map[string]any{"megabytes": most >> 20}})
	}
	return e.Next()
}
