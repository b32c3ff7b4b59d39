package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

// asset is what is known of one file of the app.
type asset struct {
	name, contentType string
	etag              string // without quotes
	gzipped           []byte // nil where it is not worth it
}

// find lists the files of dist; each is read when it is first asked for.
func find(dist fs.FS) (map[string]func() (asset, error), error) {
	files := map[string]func() (asset, error){}
	err := fs.WalkDir(dist, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path.Base(name), ".") {
			return err
		}
		files[name] = sync.OnceValues(func() (asset, error) { return read(dist, name) })
		return nil
	})
	return files, err
}

func read(dist fs.FS, name string) (asset, error) {
	body, err := fs.ReadFile(dist, name)
	if err != nil {
		return asset{}, err
	}
	sum := sha256.Sum256(body)
	a := asset{name: name, contentType: contentType(name), etag: hex.EncodeToString(sum[:12])}
	if !compressible(a.contentType) {
		return a, nil
	}
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
	return a, nil
}

// serve answers with the asset, in the form that the client takes.
func (a asset) serve(w http.ResponseWriter, r *http.Request, dist fs.FS) error {
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("Vary", "Accept-Encoding")
	if a.gzipped != nil && acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		h.Set("ETag", `"`+a.etag+`-gz"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.gzipped))
		return nil
	}
	f, err := dist.Open(a.name)
	if err != nil {
		return fmt.Errorf("open %s of the app: %w", a.name, err)
	}
	defer f.Close()
	content, ok := f.(io.ReadSeeker)
	if !ok {
		return fmt.Errorf("%s of the app cannot be read from the middle", a.name)
	}
	h.Set("ETag", `"`+a.etag+`"`)
	http.ServeContent(w, r, "", time.Time{}, content)
	return nil
}

func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name = strings.TrimSpace(name); name == "gzip" || name == "*" {
			return strings.Trim(strings.ReplaceAll(quality, " ", ""), "0.") != "q="
		}
	}
	return false
}

func compressible(contentType string) bool {
	if strings.HasPrefix(contentType, "text/") {
		return true
	}
	for _, end := range []string{"json", "+xml", "wasm"} {
		if strings.HasSuffix(contentType, end) {
			return true
		}
	}
	return false
}

// contentType does not ask the machine's own tables, which differ.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".html":
		return "text/html; charset=utf-8"
	case ".txt":
		return "text/plain; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".ico":
		return "image/x-icon"
	case ".wasm":
		return "application/wasm"
	case ".woff2":
		return "font/woff2"
	case ".webmanifest":
		return "application/manifest+json"
	case ".json", ".map":
		return "application/json"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}
