// Package web serves the embedded app at /, with the headers that keep it
// from running or loading anything but itself. Bound last: it takes what no
// route has.
package web

import (
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
)

// policy is the Content-Security-Policy of the app's pages. Frames of the
// readers are blob: documents and inherit it, so that nothing in a book can
// run or reach out. WebAssembly is for image codecs of PDF files, style
// attributes for the layout of pages.
const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline' blob:; " +
	"img-src 'self' blob: data:; media-src 'self' blob:; font-src 'self' blob: data:; connect-src 'self'; " +
	"worker-src 'self'; frame-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

const (
	page   = "index.html" // answers every path that is the app's own
	hashed = "assets/"    // files below it are named by their content
)

type room struct {
	dist  fs.FS
	files map[string]func() (asset, error)
}

// Bind serves the built app in dist, or a page that says how to build it.
func Bind(app core.App, dist fs.FS) {
	app.OnServe().Bind(&hook.Handler[*core.ServeEvent]{Id: "onlibrary.web.serve", Priority: 999, Func: func(e *core.ServeEvent) error {
		files, err := find(dist)
		if err != nil {
			return fmt.Errorf("look at the built app: %w", err)
		}
		// Else an unknown API path would answer with the app's page. Only for
		// GET, which is all that the page answers to.
		e.Router.GET("/api/{path...}", missing)
		e.Router.GET("/{path...}", (&room{dist, files}).serve)
		return e.Next()
	}})
}

func missing(e *core.RequestEvent) error { return e.NotFoundError("", nil) }

func (r *room) serve(e *core.RequestEvent) error {
	name := strings.TrimPrefix(path.Clean("/"+e.Request.URL.Path), "/")
	if _, ok := r.files[name]; !ok {
		// The app's own paths have no dot: this is a file that is not there.
		if path.Ext(name) != "" || name == "api" || strings.HasPrefix(name+"/", hashed) {
			return missing(e)
		}
		name = page
	}
	open, ok := r.files[name]
	if !ok {
		return unbuilt(e)
	}
	a, err := open()
	if err != nil {
		return fmt.Errorf("read %s of the app: %w", name, err)
	}
	h := e.Response.Header()
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Security-Policy", policy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, hashed) {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	return a.serve(e.Response, e.Request, r.dist)
}

func unbuilt(e *core.RequestEvent) error {
	e.Response.Header().Set("Content-Security-Policy", "default-src 'none'")
	e.Response.Header().Set("Cache-Control", "no-cache")
	return e.HTML(http.StatusOK, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>OnLibrary</title>"+
		"<h1>OnLibrary is running, without its web app</h1><p>This binary was built without it. "+
		"In the source folder, run <code>make build</code> (it needs Node.js), then start the new binary. "+
		"The API and the <a href=\"/_/\">dashboard</a> work as they are.</p></html>")
}
