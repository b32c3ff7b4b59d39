package catalogue

import (
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
)

// handOut sets the headers of a file that goes out. A document's own file goes
// as the type that was found in it and by the name it came with, and into no
// cache; pictures of it and of people stay in the reader's for an hour.
func handOut(e *core.FileDownloadRequestEvent) error {
	if !e.FileField.Protected {
		return e.Next()
	}
	h := e.Response.Header()
	h.Set("Referrer-Policy", "no-referrer") // the URL holds a token
	if e.Collection.Name != schema.Documents || e.FileField.Name != "file" {
		// A stored name is never used again, so it stands for the content.
		h.Set("Cache-Control", "private, max-age=3600")
		tag := `"` + e.ServedName + `"`
		h.Set("ETag", tag)
		if e.Request.Header.Get("If-None-Match") == tag {
			return e.NoContent(http.StatusNotModified) // without opening it, which is a way to go on S3
		}
		return e.Next()
	}
	h.Set("Cache-Control", "private, no-store")
	if path.Base(e.ServedPath) != e.Record.GetString("file") {
		return e.Next() // PocketBase's thumb of an image
	}
	contentType, kind := e.Record.GetString("contentType"), "attachment"
	forced, err := strconv.ParseBool(e.Request.URL.Query().Get("download"))
	if shownInPlace(contentType) && (err != nil || !forced) {
		kind = "inline"
	}
	if strings.HasPrefix(contentType, "text/") {
		contentType += "; charset=utf-8"
	}
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", disposition(kind, e.Record.GetString("fileName")))
	return e.Next()
}

// shownInPlace tells whether browsers show files of that type by themselves
// and nothing in them runs.
func shownInPlace(contentType string) bool {
	switch contentType {
	case "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/heic", "application/pdf", "text/plain":
		return true
	}
	return strings.HasPrefix(contentType, "audio/") || strings.HasPrefix(contentType, "video/")
}
