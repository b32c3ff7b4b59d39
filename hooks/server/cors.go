package server

import (
	"net/http"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
)

// cors stands in for PocketBase's own: pages of other origins may also see what
// they need to wait, to go on with a file and to name it. None gets credentials
// of the browser; tokens are sent by the pages themselves.
func (r *room) cors() *hook.Handler[*core.RequestEvent] {
	return apis.CORS(apis.CORSConfig{
		AllowOrigins:  r.Config.CORSOrigins,
		AllowMethods:  []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodPost, http.MethodDelete},
		ExposeHeaders: []string{"Retry-After", "ETag", "Content-Range", "Accept-Ranges", "Content-Disposition", "Content-Language", "Content-Length", "Allow", "X-Request-Id"},
		MaxAge:        600, // seconds
	})
}
