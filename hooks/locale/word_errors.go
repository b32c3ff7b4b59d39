package locale

import (
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"
)

// wordErrors puts every error into the caller's language on its way out, and
// tells caches that what the API answers depends on it.
func (r *room) wordErrors(e *core.RequestEvent) error {
	path := e.Request.URL.Path
	varies := strings.HasPrefix(path, "/api/") && !strings.HasPrefix(path, "/api/files/")
	if varies {
		e.Response.Header().Add("Vary", "Accept-Language, "+zoneHeader)
	}
	err := e.Next()
	if err == nil || e.Written() {
		return err
	}
	lang := r.EventLanguage(e)
	if !varies {
		e.Response.Header().Add("Vary", "Accept-Language")
	}
	e.Response.Header().Set("Content-Language", lang)
	return r.wording.apiError(lang, router.ToApiError(err))
}
