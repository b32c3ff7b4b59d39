package storage

import (
	"errors"
	"net/http"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"
	"github.com/pocketbase/pocketbase/tools/router"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
)

// tellUnreachable tells a file that cannot be reached now from one that is not
// there. Who asks may read it: PocketBase has looked by then.
func tellUnreachable(e *core.FileDownloadRequestEvent) error {
	err := e.Next()
	if err == nil {
		return nil
	}
	// They are of the file, which does not come.
	for _, name := range []string{"Content-Type", "Content-Disposition", "Cache-Control", "ETag", "Referrer-Policy"} {
		e.Response.Header().Del(name)
	}
	var refusal *router.ApiError
	if !e.App.Settings().S3.Enabled || !errors.As(err, &refusal) || refusal.Status != http.StatusNotFound {
		return err
	}
	cause, ok := refusal.RawData().(error)
	if !ok || errors.Is(cause, filesystem.ErrNotFound) {
		return err
	}
	return reply.Error(&fault.Error{Kind: fault.Unavailable, Code: Unreachable, Err: cause})
}
