package storage

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"onlibrary/hooks/catalogue"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// A document lives on S3 from its upload to its deletion, and goes out as from
// the disk; nothing of it touches the disk for longer than its preview takes.
func TestDocumentOnS3(t *testing.T) {
	h := open(t, testapp.StartS3(t))
	source := picture("plan.png", 300)
	doc := h.upload(t, source)
	folder, name := doc.BaseFilesPath()+"/", doc.GetString("file")
	if doc.GetString("state") != schema.DocumentReady || doc.GetString("thumbnail") == "" {
		t.Fatalf("state %s %s, thumbnail %q", doc.GetString("state"), doc.GetString("stateDetail"), doc.GetString("thumbnail"))
	}
	if got := h.s3.Keys(t, folder); len(got) != 2 || !slices.Contains(got, folder+name) {
		t.Fatalf("stored %v", got)
	}
	if left := append(h.disk(t), below(t, h.spool)...); len(left) > 0 {
		t.Errorf("on the disk: %v", left)
	}

	whole := h.want(t, 200, nil, "GET", address(t, doc, name, h.ann, ""), nil)
	if !bytes.Equal(whole.Raw, source.Content) || whole.Header.Get("Cache-Control") != "private, no-store" ||
		whole.Header.Get("Content-Type") != "image/png" || !strings.Contains(whole.Header.Get("Content-Disposition"), "plan.png") {
		t.Errorf("%d bytes, %v", len(whole.Raw), whole.Header)
	}
	part := h.want(t, 206, nil, "GET", address(t, doc, name, h.ann, ""), nil, "Range", "bytes=10-19")
	if !bytes.Equal(part.Raw, source.Content[10:20]) || part.Header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("a range: %x, %v", part.Raw, part.Header)
	}
	tail := h.want(t, 206, nil, "GET", address(t, doc, name, h.ann, ""), nil, "Range", "bytes=-5")
	if !bytes.Equal(tail.Raw, source.Content[len(source.Content)-5:]) {
		t.Errorf("the end: %x", tail.Raw)
	}
	h.want(t, 416, nil, "GET", address(t, doc, name, h.ann, ""), nil, "Range", "bytes=99999-")
	thumb := h.want(t, 200, nil, "GET", address(t, doc, name, h.ann, "thumb=100x100"), nil)
	if got := h.s3.Keys(t, folder+"thumbs_"+name+"/"); len(thumb.Raw) == 0 || bytes.Equal(thumb.Raw, source.Content) || len(got) != 1 {
		t.Errorf("a thumb of %d bytes, stored as %v", len(thumb.Raw), got)
	}
	small := doc.GetString("thumbnail")
	cover := h.want(t, 200, nil, "GET", address(t, doc, small, h.ann, ""), nil)
	if cover.Header.Get("Cache-Control") != "private, max-age=3600" || cover.Header.Get("ETag") != `"`+small+`"` {
		t.Errorf("the thumbnail: %v", cover.Header)
	}
	h.want(t, 304, nil, "GET", address(t, doc, small, h.ann, ""), nil, "If-None-Match", `"`+small+`"`)

	nothing := h.want(t, 404, nil, "GET", address(t, doc, "other.png", h.ann, ""), nil)
	for who, path := range map[string]string{
		"ben": address(t, doc, name, h.ben, ""), "a guest": address(t, doc, name, nil, ""), "ben's thumb": address(t, doc, name, h.ben, "thumb=100x100"),
	} {
		if a := h.want(t, 404, nil, "GET", path, nil); !bytes.Equal(a.Raw, nothing.Raw) {
			t.Errorf("to %s: %s, not %s", who, a.Raw, nothing.Raw)
		}
	}
	response, err := http.Get(h.s3.Endpoint + "/" + h.s3.Bucket + "/" + folder + name)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("the bucket itself answers %d", response.StatusCode)
	}

	h.want(t, 200, h.ann, "PATCH", documents+"/"+doc.Id, testapp.Form{"file": text("plan.txt", 50)})
	doc = h.settled(t, doc.Id)
	eventually(t, "only the new file is left", func() bool {
		return slices.Equal(h.s3.Keys(t, folder), []string{folder + doc.GetString("file")})
	})
	h.want(t, 404, nil, "GET", address(t, doc, name, h.ann, ""), nil)
	h.want(t, 204, h.ann, "DELETE", documents+"/"+doc.Id, nil)
	eventually(t, "nothing is left", func() bool { return len(h.s3.Keys(t, "")) == 0 })
}

func TestAvatarOnS3(t *testing.T) {
	h := open(t, testapp.StartS3(t))
	h.want(t, 200, h.ann, "PATCH", users+"/"+h.ann.Id, testapp.Form{"avatar": picture("me.png", 200)})
	ann, err := h.FindRecordById(schema.Users, h.ann.Id)
	if err != nil {
		t.Fatal(err)
	}
	name := ann.GetString("avatar")
	h.want(t, 200, nil, "GET", address(t, ann, name, h.ben, "thumb=100x100"), nil)
	if got := h.s3.Keys(t, ann.BaseFilesPath()); len(got) != 2 {
		t.Errorf("stored %v", got)
	}
	h.want(t, 404, nil, "GET", address(t, ann, name, nil, ""), nil)
	h.want(t, 200, h.ann, "PATCH", users+"/"+h.ann.Id, map[string]any{"avatar": nil})
	eventually(t, "avatar and thumb are gone", func() bool { return len(h.s3.Keys(t, "")) == 0 })
}

// What a kill left in the bucket goes at the next start; what is young, or named, stays.
func TestSweepOfS3(t *testing.T) {
	h := open(t, testapp.StartS3(t))
	doc := h.upload(t, picture("plan.png", 50))
	before := h.s3.Keys(t, "")
	bucket := h.s3.Open(t)
	orphans := []string{doc.BaseFilesPath() + "/old_file.pdf", doc.BaseFilesPath() + "/thumbs_old.png/100x100_old.png", doc.Collection().Id + "/goneforever0000/a.pdf"}
	for _, key := range orphans {
		if err := bucket.Upload([]byte("x"), key); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := catalogue.Sweep(t.Context(), h, time.Now()); err != nil || n != 0 {
		t.Errorf("swept %d young files: %v", n, err)
	}
	if n, err := catalogue.Sweep(t.Context(), h, time.Now().Add(time.Hour)); err != nil || n != len(orphans) {
		t.Errorf("swept %d: %v", n, err)
	}
	if got := h.s3.Keys(t, ""); !slices.Equal(got, before) {
		t.Errorf("left %v, want %v", got, before)
	}
}
