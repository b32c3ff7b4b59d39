package catalogue

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// place stores a picture as the document's thumbnail, as a preview does.
func (h *house) place(t testing.TB, doc *core.Record, f testapp.File) *core.Record {
	t.Helper()
	thumbnail, err := filesystem.NewFileFromBytes(f.Content, f.Name)
	if err != nil {
		t.Fatal(err)
	}
	doc.Set("thumbnail", thumbnail)
	if err := h.SaveNoValidate(doc); err != nil {
		t.Fatal(err)
	}
	return h.document(t, doc.Id)
}

func TestWhoReadsFiles(t *testing.T) {
	h := open(t)
	s := h.shelf(t)
	missing := h.Do(t, nil, "GET", "/api/files/documents/aaaaaaaaaaaaaaa/x.txt", nil)
	for name, doc := range s {
		doc = h.place(t, doc, picture("thumbnail.png", 5))
		for _, who := range h.names() {
			user, token := h.people()[who], ""
			if user != nil {
				token = "token=" + testapp.FileToken(t, user)
			}
			want := http.StatusNotFound
			if slices.Contains(strings.Fields(reads()[who]), name) {
				want = http.StatusOK
			}
			thumbnail := strings.Replace(file(doc, token), doc.GetString("file"), doc.GetString("thumbnail"), 1)
			for _, path := range []string{file(doc, token), file(doc, token+"&download=1"), file(doc, token+"&thumb=100x100"), thumbnail, thumbnail + "&thumb=100x100"} {
				for method, header := range map[string][]string{"GET": nil, "HEAD": nil, "GET ": {"Range", "bytes=0-0"}} {
					a := h.Do(t, nil, strings.TrimSpace(method), path, nil, header...)
					status := want
					if header != nil && want == http.StatusOK {
						status = http.StatusPartialContent
					}
					if a.Status != status || want == 404 && method != "HEAD" && string(a.Raw) != string(missing.Raw) {
						t.Errorf("%s %s %s: %d, want %d: %s", who, method, path, a.Status, status, a.Raw)
					}
				}
			}
			// Only a file token opens a file.
			if a := h.Do(t, user, "GET", file(doc, ""), nil); a.Status == 200 != (name == "public") {
				t.Errorf("%s without a token gets %s: %d", who, name, a.Status)
			}
		}
	}
	if a := h.Do(t, nil, "GET", file(s["private"], "token="+testapp.Token(t, h.owner)), nil); a.Status != 404 {
		t.Errorf("a sign-in token opens a file: %d", a.Status)
	}
	token := "token=" + testapp.FileToken(t, h.owner)
	h.owner.RefreshTokenKey()
	if err := h.Save(h.owner); err != nil {
		t.Fatal(err)
	}
	if a := h.Do(t, nil, "GET", file(s["private"], token), nil); a.Status != 404 {
		t.Errorf("a dead token opens a file: %d", a.Status)
	}
}

func TestHowFilesGoOut(t *testing.T) {
	h := open(t)
	for name, tc := range map[string]struct {
		file                     testapp.File
		contentType, disposition string
	}{
		"plain":   {pdf("a b.pdf"), "application/pdf", `inline; filename="a b.pdf"`},
		"foreign": {pdf("Ünter \"Linden\" 100%.pdf"), "application/pdf", `inline; filename="_nter _Linden_ 100_.pdf"; filename*=UTF-8''%C3%9Cnter%20%22Linden%22%20100%25.pdf`},
		"text":    {text("a.txt", "<script>alert(1)</script>"), "text/plain; charset=utf-8", `inline; filename=a.txt`},
		"csv":     {text("a.csv", "a,b"), "text/csv; charset=utf-8", `attachment; filename=a.csv`},
		"epub":    {epub("a.epub"), "application/epub+zip", `attachment; filename=a.epub`},
		"picture": {picture("a.png", 3), "image/png", `inline; filename=a.png`},
	} {
		t.Run(name, func(t *testing.T) {
			doc := h.upload(t, h.owner, testapp.Form{"file": tc.file, "visibility": "public"})
			a := h.Do(t, nil, "GET", file(doc, ""), nil)
			if string(a.Raw) != string(tc.file.Content) {
				t.Errorf("%d bytes came, %d were sent", len(a.Raw), len(tc.file.Content))
			}
			for header, want := range map[string]string{
				"Content-Type": tc.contentType, "Content-Disposition": tc.disposition, "Cache-Control": "private, no-store",
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "ETag": "",
			} {
				if got := a.Header.Get(header); got != want {
					t.Errorf("%s: %q, want %q", header, got, want)
				}
			}
			if policy := a.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "sandbox") || !strings.Contains(policy, "default-src 'none'") {
				t.Errorf("policy %q", policy)
			}
			a = h.Do(t, nil, "GET", file(doc, "download=1"), nil)
			if got := a.Header.Get("Content-Disposition"); got != "attachment"+strings.TrimPrefix(strings.TrimPrefix(tc.disposition, "inline"), "attachment") {
				t.Errorf("to keep: %q", got)
			}
		})
	}
	doc := h.upload(t, h.owner, testapp.Form{"file": text("a.txt", "0123456789"), "visibility": "public"})
	a := h.Do(t, nil, "GET", file(doc, ""), nil, "Range", "bytes=2-4")
	if a.Status != 206 || string(a.Raw) != "234" || a.Header.Get("Content-Range") != "bytes 2-4/10" {
		t.Errorf("a part: %d %q %s", a.Status, a.Raw, a.Header.Get("Content-Range"))
	}
	if a := h.Do(t, nil, "HEAD", file(doc, ""), nil); a.Status != 200 || a.Header.Get("Content-Length") != "10" || len(a.Raw) != 0 {
		t.Errorf("head: %d %v", a.Status, a.Header)
	}
}

func TestThumbnailsAreCached(t *testing.T) {
	h := open(t)
	doc := h.place(t, h.upload(t, h.owner, testapp.Form{"file": pdf("a.pdf"), "visibility": "public"}), picture("thumbnail.png", 5))
	path := "/api/files/documents/" + doc.Id + "/" + doc.GetString("thumbnail")
	a := h.Do(t, nil, "GET", path, nil)
	etag := a.Header.Get("ETag")
	if a.Status != 200 || a.Header.Get("Cache-Control") != "private, max-age=3600" || etag == "" || a.Header.Get("Content-Type") != "image/png" {
		t.Fatalf("%d %v", a.Status, a.Header)
	}
	for match, want := range map[string]int{etag: 304, `"x", ` + etag: 304, "W/" + etag: 304, `"x"`: 200} {
		if a := h.Do(t, nil, "GET", path, nil, "If-None-Match", match); a.Status != want {
			t.Errorf("If-None-Match %s: %d", match, a.Status)
		}
	}
	if a := h.Do(t, nil, "GET", path+"?thumb=100x100", nil); a.Header.Get("ETag") == etag {
		t.Error("a thumb of the thumbnail has its ETag")
	}
}

func TestThumbsStayWithinBounds(t *testing.T) {
	h := open(t)
	doc := h.upload(t, h.owner, testapp.Form{"file": picture("a.png", 300), "visibility": "public"})
	a := h.Do(t, nil, "GET", file(doc, "thumb=100x100"), nil)
	if a.Status != 200 || len(a.Raw) == len(picture("a.png", 300).Content) || a.Header.Get("Content-Type") != "image/png" || a.Header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("a thumb: %d, %d bytes, %v", a.Status, len(a.Raw), a.Header)
	}
	if got := h.stored(t, doc); len(got) != 3 { // file, folder of thumbs, thumb
		t.Errorf("stored %v", got)
	}
	if a := h.Do(t, nil, "GET", file(doc, "thumb=100x100"), nil); a.Status != 200 {
		t.Errorf("the thumb again: %d", a.Status)
	}
	// What no upload would let in, planted on the disk.
	huge := hugePicture("a.png", 20_000)
	path := filepath.Join(h.DataDir(), core.LocalStorageDirName, doc.BaseFilesPath())
	if err := os.RemoveAll(filepath.Join(path, "thumbs_"+doc.GetString("file"))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, doc.GetString("file")), huge.Content, 0o600); err != nil {
		t.Fatal(err)
	}
	a = h.Do(t, nil, "GET", file(doc, "thumb=100x100"), nil)
	if a.Status != 200 || string(a.Raw) != string(huge.Content) {
		t.Errorf("a huge picture: %d, %d bytes", a.Status, len(a.Raw))
	}
	if got := h.stored(t, doc); len(got) != 1 {
		t.Errorf("stored %v", got)
	}
	other := h.upload(t, h.owner, testapp.Form{"file": pdf("a.pdf"), "visibility": "public"})
	if a := h.Do(t, nil, "GET", file(other, "thumb=100x100"), nil); a.Status != 200 || string(a.Raw) != string(pdf("").Content) {
		t.Errorf("a thumb of no picture: %d", a.Status)
	}
}

func TestReplacedAndDeletedFiles(t *testing.T) {
	h := open(t)
	doc := h.place(t, h.upload(t, h.owner, testapp.Form{"file": picture("old.png", 120), "visibility": "public"}), picture("thumbnail.png", 5))
	h.Do(t, nil, "GET", file(doc, "thumb=100x100"), nil)
	old := h.stored(t, doc)
	if len(old) != 4 {
		t.Fatalf("stored %v", old)
	}
	path := records + "/" + doc.Id

	// A transaction that fails leaves everything as it was.
	h.sql(t, "CREATE TRIGGER refuse BEFORE UPDATE ON documents BEGIN SELECT RAISE(ABORT, 'no'); END", nil)
	if a := h.Do(t, h.owner, "PATCH", path, testapp.Form{"file": pdf("new.pdf")}); a.Status != 400 {
		t.Fatalf("%d %s", a.Status, a.Raw)
	}
	h.sql(t, "DROP TRIGGER refuse", nil)
	if got := h.stored(t, doc); !slices.Equal(got, old) {
		t.Errorf("after a failure %v are stored, before %v", got, old)
	}
	if got := h.document(t, doc.Id); got.GetString("file") != doc.GetString("file") || got.GetString("thumbnail") != doc.GetString("thumbnail") {
		t.Error("after a failure the document names other files")
	}

	// For each way to send a new file.
	for _, key := range []string{"file", "file+"} {
		before := h.document(t, doc.Id)
		a := h.Do(t, h.owner, "PATCH", path, testapp.Form{key: pdf("new.pdf"), "title": "New"})
		after := h.document(t, doc.Id)
		if a.Status != 200 || after.GetString("file") == before.GetString("file") || after.GetString("thumbnail") != "" ||
			after.GetString("contentType") != "application/pdf" || after.GetString("state") != schema.DocumentProcessing || !after.GetDateTime("fileUpdated").After(before.GetDateTime("fileUpdated")) {
			t.Errorf("%s: %d %s", key, a.Status, a.Raw)
		}
		if got := h.stored(t, doc); !slices.Equal(got, []string{after.GetString("file")}) {
			t.Errorf("%s: stored %v", key, got)
		}
		if a := h.Do(t, nil, "GET", file(before, ""), nil); a.Status != 404 {
			t.Errorf("%s: the old file is still there: %d", key, a.Status)
		}
	}
	updated := h.document(t, doc.Id).GetString("fileUpdated")
	h.Do(t, h.owner, "PATCH", path, map[string]any{"title": "Newer"})
	if got := h.document(t, doc.Id).GetString("fileUpdated"); got != updated {
		t.Error("fileUpdated changes without the file")
	}
	testapp.Share(t, h, doc, h.recipient)
	if a := h.Do(t, h.owner, "DELETE", path, nil); a.Status != 204 {
		t.Errorf("delete: %d %s", a.Status, a.Raw)
	}
	folder := filepath.Join(h.DataDir(), core.LocalStorageDirName, doc.BaseFilesPath())
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) { // PocketBase deletes behind the answer
		if _, err := os.Stat(folder); os.IsNotExist(err) {
			break
		} else if time.Now().After(end) {
			t.Fatalf("the folder of a deleted document is left: %v", err)
		}
	}
	if n, err := h.CountRecords(schema.DocumentShares); err != nil || n != 0 {
		t.Errorf("%d shares of it are left: %v", n, err)
	}
}

// Two people replace a file at once, and a preview is saved in between: what the
// document says of its file is of the file that it has in the end.
func TestReplacedMeanwhile(t *testing.T) {
	h := open(t)
	doc := h.upload(t, h.owner, testapp.Form{"file": text("one.txt", "one")})
	first := h.document(t, doc.Id) // as a request reads it
	second := h.document(t, doc.Id)
	replace := func(doc *core.Record, f testapp.File) {
		t.Helper()
		file, err := filesystem.NewFileFromBytes(f.Content, f.Name)
		if err != nil {
			t.Fatal(err)
		}
		doc.IgnoreUnchangedFields(true)
		doc.Set("file", file)
		if err := h.Save(doc); err != nil {
			t.Fatal(err)
		}
	}
	replace(first, text("two.csv", "two"))
	h.sql(t, "UPDATE documents SET state = 'ready', pages = 3, stateDetail = 'preview_unsupported' WHERE id = {:id}", dbx.Params{"id": doc.Id})
	replace(second, text("one.txt", "one"))
	got := h.document(t, doc.Id)
	if got.GetString("file") != second.GetString("file") || got.GetString("sha256") != doc.GetString("sha256") || got.GetString("contentType") != "text/plain" ||
		got.GetString("state") != schema.DocumentProcessing || got.GetInt("pages") != 0 || got.GetString("stateDetail") != "" {
		t.Errorf("%v", got.PublicExport())
	}
}

func TestKeepsWhatWasSavedMeanwhile(t *testing.T) {
	h := open(t)
	doc := h.upload(t, h.owner, testapp.Form{"file": text("one.txt", "one")})
	heard := h.Listen(t, h.owner, "documents/*")
	// Between the request's reading and its saving.
	h.OnRecordUpdate(schema.Documents).BindFunc(func(e *core.RecordEvent) error {
		h.sql(t, "UPDATE documents SET state = 'ready', publisher = 'Printed in the file' WHERE id = {:id}", dbx.Params{"id": doc.Id})
		return e.Next()
	})
	a := h.Do(t, h.owner, "PATCH", records+"/"+doc.Id, map[string]any{"title": "Mine"})
	told := heard.Await(t, func(e testapp.Event) bool { return e.Data["action"] == "update" })
	record, _ := told.Data["record"].(map[string]any)
	for from, got := range map[string]any{
		"answer": fmt.Sprint(a.At("title"), a.At("state"), a.At("publisher")), "event": fmt.Sprint(record["title"], record["state"], record["publisher"]),
	} {
		if got != "Mine"+"ready"+"Printed in the file" {
			t.Errorf("the %s says %v", from, got)
		}
	}
	if got := h.document(t, doc.Id); got.GetString("state") != "ready" || got.GetString("title") != "Mine" {
		t.Errorf("stored %v", got.PublicExport())
	}
}

func TestRevokedFileIsGoneAtOnce(t *testing.T) {
	h := open(t)
	s := h.shelf(t)
	path := file(s["members"], "token="+testapp.FileToken(t, h.other))
	if a := h.Do(t, nil, "GET", path, nil); a.Status != 200 {
		t.Fatal(a.Status)
	}
	h.Do(t, h.owner, "PATCH", records+"/"+s["members"].Id, map[string]any{"visibility": "private"})
	if a := h.Do(t, nil, "GET", path, nil); a.Status != 404 {
		t.Errorf("what has become private is still read: %d", a.Status)
	}
}
