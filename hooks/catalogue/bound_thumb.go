package catalogue

import (
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/media"
)

// thumbPixels bounds the pictures that PocketBase decodes: it does so in this
// process, where one pixel may take 12 bytes.
const thumbPixels = media.MaxPixels / 2

// boundThumb drops ?thumb= where PocketBase would decode an image beyond the
// pixel bound to answer it.
func boundThumb(e *core.RequestEvent) error {
	if e.Request.Pattern != "GET /api/files/{collection}/{recordId}/{filename}" || !e.Request.URL.Query().Has("thumb") {
		return e.Next()
	}
	if !madeOrDecodable(e) {
		query := e.Request.URL.Query()
		query.Del("thumb")
		e.Request.URL.RawQuery = query.Encode()
	}
	return e.Next()
}

// madeOrDecodable tells whether the thumb is there already or the file is a
// picture within the bounds, by its header.
func madeOrDecodable(e *core.RequestEvent) bool {
	name := e.Request.PathValue("filename")
	record, err := e.App.FindRecordById(e.Request.PathValue("collection"), e.Request.PathValue("recordId"))
	if err != nil || record.FindFileFieldByFile(name) == nil {
		return false
	}
	fsys, err := e.App.NewFilesystem()
	if err != nil {
		return false
	}
	defer fsys.Close()
	fsys.SetContext(e.Request.Context())
	thumb := e.Request.URL.Query().Get("thumb") + "_" + name
	if made, err := fsys.Exists(record.BaseFilesPath() + "/thumbs_" + name + "/" + thumb); err == nil && made {
		return true
	}
	f, err := fsys.GetReader(record.BaseFilesPath() + "/" + name)
	if err != nil {
		return false
	}
	defer f.Close()
	w, h, err := media.ImageSize(seekingReaderAt{f}, f.Size())
	return err == nil && w <= media.MaxSide && h <= media.MaxSide && w*h <= thumbPixels
}
