package catalogue

import (
	"net/http"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/media"
	"onlibrary/internal/schema"
)

// fileHeaders keeps protected files out of shared caches: a document's own file
// out of every cache, pictures of it and of people in the reader's for an hour.
func fileHeaders(e *core.FileDownloadRequestEvent) error {
	if !e.FileField.Protected {
		return e.Next()
	}
	h := e.Response.Header()
	h.Set("Referrer-Policy", "no-referrer") // the URL holds a token
	if e.FileField.Name == "file" {
		h.Set("Cache-Control", "private, no-store")
		return e.Next()
	}
	// A stored name is never used again, so it stands for the content.
	etag := `"` + e.ServedName + `"`
	h.Set("Cache-Control", "private, max-age=3600")
	h.Set("ETag", etag)
	if match := e.Request.Header.Get("If-None-Match"); match != "" && strings.Contains(match, etag) {
		e.Response.WriteHeader(http.StatusNotModified)
		return nil
	}
	return e.Next()
}

// boundThumb drops ?thumb= where PocketBase would decode an image beyond the
// pixel bound to answer it.
func boundThumb(e *core.RequestEvent) error {
	if !strings.HasPrefix(e.Request.URL.Path, "/api/files/") || !e.Request.URL.Query().Has("thumb") {
		return e.Next()
	}
	if !decodable(e) {
		query := e.Request.URL.Query()
		query.Del("thumb")
		e.Request.URL.RawQuery = query.Encode()
	}
	return e.Next()
}

func decodable(e *core.RequestEvent) bool {
	part := strings.Split(strings.TrimPrefix(e.Request.URL.Path, "/api/files/"), "/")
	if len(part) != 3 {
		return false
	}
	c, err := e.App.FindCachedCollectionByNameOrId(part[0])
	if err != nil {
		return false
	}
	record, err := e.App.FindRecordById(c, part[1])
	if err != nil || record.FindFileFieldByFile(part[2]) == nil {
		return false
	}
	if c.Name == schema.Documents && record.GetString("kind") != media.KindImage && record.GetString("thumbnail") != part[2] {
		return false
	}
	fsys, err := e.App.NewFilesystem()
	if err != nil {
		return false
	}
	defer fsys.Close()
	f, err := fsys.GetReader(record.BaseFilesPath() + "/" + part[2])
	if err != nil {
		return false
	}
	defer f.Close()
	w, h, err := media.ImageSize(seekingReaderAt{f}, f.Size())
	return err == nil && w > 0 && h > 0 && w <= media.MaxSide && h <= media.MaxSide && w*h <= media.MaxPixels
}
