// Package web serves the embedded app at /, with the headers that keep it
// from running or loading anything but itself. Bound last: it takes what no
// route has.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
)

// policy is the Content-Security-Policy of the app's pages. Frames of the
// readers are blob: documents and inherit it, so that nothing in a book can
// run or reach out. WebAssembly is for image codecs of PDF files, style
// attributes for the layout of pages.
const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline' blob:; " +
	"img-src 'self' blob: data:; media-src 'self' blob:; font-src 'self' blob: data:; connect-src 'self' blob:; " +
	"worker-src 'self' blob:; frame-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Bind serves the built app in dist, or a page that says how to build it.
func Bind(app core.App, dist fs.FS) {
	app.OnServe().Bind(&hook.Handler[*core.ServeEvent]{Id: "onlibrary.web.serve", Priority: 999, Func: func(e *core.ServeEvent) error {
		s := &site{files: map[string]func() (asset, error){}}
		if err := s.load(dist); err != nil {
			return err
		}
		// Else an unknown API path would answer with the app's page. Only for
		// GET, which is all that the page answers to.
		e.Router.GET("/api/{path...}", func(e *core.RequestEvent) error { return e.NotFoundError("", nil) })
		e.Router.GET("/{path...}", s.serve)
		return e.Next()
	}})
}

type asset struct {
	body, gzipped []byte // gzipped is nil where it is not worth it
	contentType   string
	etag          string
}

type site struct {
	files map[string]func() (asset, error)
}

func (s *site) load(dist fs.FS) error {
	return fs.WalkDir(dist, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path.Base(name), ".") {
			return err
		}
		s.files[name] = sync.OnceValues(func() (asset, error) { return read(dist, name) })
		return nil
	})
}

func read(dist fs.FS, name string) (asset, error) {
	body, err := fs.ReadFile(dist, name)
	if err != nil {
		return asset{}, err
	}
	sum := sha256.Sum256(body)
	a := asset{body: body, contentType: contentType(name), etag: `"` + hex.EncodeToString(sum[:12]) + `"`}
	if strings.HasPrefix(a.contentType, "text/") || strings.HasSuffix(a.contentType, "javascript") ||
		strings.HasSuffix(a.contentType, "json") || strings.HasSuffix(a.contentType, "+xml") || strings.HasSuffix(a.contentType, "wasm") {
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return asset{}, err
		}
		if _, err := w.Write(body); err != nil {
			return asset{}, err
		}
		if err := w.Close(); err != nil {
			return asset{}, err
		}
		if b.Len() < len(body)*9/10 {
			a.gzipped = bytes.Clone(b.Bytes())
		}
	}
	return a, nil
}

// contentType does not ask the machine's own tables, which differ.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".js", ".mjs":
		return "text/javascript"
	case ".css":
		return "text/css; charset=utf-8"
	case ".html":
		return "text/html; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".wasm":
		return "application/wasm"
	case ".woff2":
		return "font/woff2"
	case ".webmanifest":
		return "application/manifest+json"
	case ".json":
		return "application/json"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func (s *site) serve(e *core.RequestEvent) error {
	name := strings.TrimPrefix(path.Clean("/"+e.Request.URL.Path), "/")
	find, ok := s.files[name]
	hashed := strings.HasPrefix(name, "assets/")
	if !ok {
		if hashed || strings.HasPrefix(name, "api") && (name == "api" || strings.HasPrefix(name, "api/")) {
			return e.NotFoundError("", nil)
		}
		if find, ok = s.files["index.html"]; !ok {
			return s.unbuilt(e)
		}
		name = "index.html"
	}
	a, err := find()
	if err != nil {
		return fmt.Errorf("read %s of the app: %w", name, err)
	}
	h := e.Response.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("ETag", a.etag)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Security-Policy", policy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	if hashed {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	body := a.body
	if a.gzipped != nil && acceptsGzip(e.Request) {
		h.Set("Content-Encoding", "gzip")
		h.Set("ETag", strings.TrimSuffix(a.etag, `"`)+`-gz"`)
		body = a.gzipped
	}
	http.ServeContent(e.Response, e.Request, "", time.Time{}, bytes.NewReader(body))
	return nil
}

func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name == "gzip" || name == "*" {
			q := strings.ReplaceAll(quality, " ", "")
			return q != "q=0" && q != "q=0.0"
		}
	}
	return false
}

func (s *site) unbuilt(e *core.RequestEvent) error {
	e.Response.Header().Set("Content-Security-Policy", "default-src 'none'")
	return e.HTML(http.StatusOK, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>OnLibrary</title>"+
		"<h1>OnLibrary is running, without its web app</h1><p>This binary was built without it. "+
		"In the source folder, run <code>make build</code> (it needs Node.js), then start the new binary. "+
		"The API and the <a href=\"/_/\">dashboard</a> work as they are.</p></html>")
}
