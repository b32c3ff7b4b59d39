package apidocs

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

// page is the file of the app that shows the document.
const page = "docs.html"

// policy is the page's Content-Security-Policy: it runs, loads and asks nothing
// but what is ours. Its styles are set by script, its icons are in its own file.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
	"font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// rendered is the document as it is sent.
type rendered struct {
	body []byte
	etag string
}

// document answers GET openapi.json.
func (r *room) document(e *core.RequestEvent) error {
	doc, err := r.render(e.App)
	if err != nil {
		return fmt.Errorf("describe the API: %w", err)
	}
	h := e.Response.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", doc.etag)
	http.ServeContent(e.Response, e.Request, "", time.Time{}, bytes.NewReader(doc.body))
	return nil
}

// render makes the document when it is first asked for. The lock is held
// meanwhile, so that a collection that changes then is seen by the next reader.
func (r *room) render(app core.App) (*rendered, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ready != nil {
		return r.ready, nil
	}
	collections, err := app.FindAllCollections()
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(describe(collections, r.Version))
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	// Weak, as it is the same for the compressed form (RFC 9110, 8.8.1).
	r.ready = &rendered{body, `W/"` + hex.EncodeToString(sum[:12]) + `"`}
	return r.ready, nil
}

// page answers GET /api/docs.
func (r *room) page(e *core.RequestEvent) error {
	h := e.Response.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache")
	text, err := fs.ReadFile(r.Site, page)
	if errors.Is(err, fs.ErrNotExist) {
		return e.HTML(http.StatusOK, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>OnLibrary API</title>"+
			"<h1>The OnLibrary API</h1><p>This binary was built without its web app, so there is no page to try calls. "+
			"The API is described in <a href=\"/api/library/openapi.json\">openapi.json</a> (OpenAPI 3.1).</p></html>")
	}
	if err != nil {
		return fmt.Errorf("read the page of the API: %w", err)
	}
	return e.HTML(http.StatusOK, string(text))
}
