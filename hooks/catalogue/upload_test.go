package catalogue

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pocketbase/dbx"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

func pdf(name string) testapp.File { return text(name, "%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n") }

func zipped(name string, entries ...string) testapp.File {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, entry := range entries {
		f, err := w.Create(entry)
		if err != nil {
			panic(err)
		}
		if _, err := f.Write([]byte("application/epub+zip")); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return testapp.File{Name: name, Content: b.Bytes()}
}

func epub(name string) testapp.File { return zipped(name, "mimetype", "META-INF/container.xml") }

func picture(name string, side int) testapp.File {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
		panic(err)
	}
	return testapp.File{Name: name, Content: b.Bytes()}
}

// hugePicture is a PNG of some bytes whose header claims side×side pixels.
func hugePicture(name string, side uint32) testapp.File {
	f := picture(name, 1)
	binary.BigEndian.PutUint32(f.Content[16:], side)
	binary.BigEndian.PutUint32(f.Content[20:], side)
	binary.BigEndian.PutUint32(f.Content[29:], crc32.ChecksumIEEE(f.Content[12:29]))
	return f
}

func TestUpload(t *testing.T) {
	h := open(t)
	f := text("Ünter der_Linde.TXT", "words\n")
	a := h.Do(t, h.owner, "POST", records, testapp.Form{
		"file": f, "owner": h.other.Id, "observations": "mine",
		// None of these is the client's to say.
		"fileName": "x", "contentType": "text/html", "fileSize": 1, "sha256": strings.Repeat("a", 64), "fileUpdated": "2001-01-01 00:00:00.000Z",
		"pages": 7, "duration": 7, "state": "ready", "stateDetail": "preview_broken", "titleProvisional": false, "kind": "video",
		"thumbnail": picture("t.png", 4), "created": "2001-01-01 00:00:00.000Z",
	})
	if a.Status != 200 {
		t.Fatal(a.Status, string(a.Raw))
	}
	sum := sha256.Sum256(f.Content)
	want := map[string]any{
		"owner": h.owner.Id, "observations": "mine", "fileName": "Ünter der_Linde.TXT", "contentType": "text/plain", "fileSize": 6.0,
		"sha256": hex.EncodeToString(sum[:]), "pages": 0.0, "duration": 0.0, "state": "processing", "stateDetail": "", "kind": "document",
		"thumbnail": "", "title": "Ünter der_Linde", "visibility": "members", "copies": 0.0, "alert": false, "authors": []any{}, "tags": []any{},
	}
	got := map[string]any{}
	for k := range want {
		got[k] = a.At(k)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("-want +got:\n" + diff)
	}
	doc := h.document(t, fmt.Sprint(a.At("id")))
	if !doc.GetBool("titleProvisional") || strings.HasPrefix(doc.GetString("fileUpdated"), "2001") || strings.HasPrefix(doc.GetString("created"), "2001") {
		t.Errorf("provisional %v, file of %v, made %v", doc.GetBool("titleProvisional"), doc.Get("fileUpdated"), doc.Get("created"))
	}
	code := doc.GetString("code")
	if len(code) != 11 || code[5] != '-' {
		t.Errorf("code %q", code)
	}
	if got := h.stored(t, doc); len(got) != 1 || got[0] != doc.GetString("file") {
		t.Errorf("stored %v", got)
	}
}

func TestWhoseIsIt(t *testing.T) {
	h := open(t)
	if doc := h.upload(t, h.root, testapp.Form{"file": pdf("a.pdf"), "owner": h.other.Id}); doc.GetString("owner") != "" {
		t.Errorf("a superuser's upload is owned by %q", doc.GetString("owner"))
	}
	doc := h.upload(t, h.owner, testapp.Form{"@jsonPayload": `{"owner":"` + h.other.Id + `","title":"T"}`, "file": pdf("a.pdf")})
	if doc.GetString("owner") != h.owner.Id || doc.GetString("title") != "T" || doc.GetBool("titleProvisional") {
		t.Errorf("owner %q, title %q", doc.GetString("owner"), doc.GetString("title"))
	}
	path := records + "/" + doc.Id
	for _, body := range []any{
		map[string]any{"owner": h.other.Id}, map[string]any{"owner": ""}, map[string]any{"owner+": h.other.Id}, map[string]any{"owner-": h.owner.Id},
		testapp.Form{"owner": h.other.Id}, testapp.Form{"@jsonPayload": `{"owner":"` + h.other.Id + `"}`},
	} {
		for _, who := range []string{"owner", "librarian"} {
			a := h.Do(t, h.people()[who], "PATCH", path, body)
			if a.Status != 400 || a.At("data", "owner", "code") != "owner_fixed" {
				t.Errorf("%s sets the owner by %v: %d %s", who, body, a.Status, a.Raw)
			}
		}
	}
	if a := h.Do(t, h.owner, "PATCH", path, map[string]any{"owner": h.owner.Id, "title": "U"}); a.Status != 200 {
		t.Errorf("the owner as it is: %d %s", a.Status, a.Raw)
	}
	if a := h.Do(t, h.root, "PATCH", path, map[string]any{"owner": h.other.Id}); a.Status != 200 || a.At("owner") != h.other.Id {
		t.Errorf("a superuser: %d %s", a.Status, a.Raw)
	}
}

func TestKinds(t *testing.T) {
	h := open(t)
	kinds := func(doc string, steps ...any) {
		t.Helper()
		for i := 0; i+1 < len(steps); i += 2 {
			a := h.Do(t, h.owner, "PATCH", records+"/"+doc, steps[i])
			got := a.At("kind")
			if a.Status != 200 {
				got = a.At("data", "kind", "code")
			}
			if got != steps[i+1] {
				t.Errorf("step %d: %v, want %v: %s", i/2, got, steps[i+1], a.Raw)
			}
		}
	}
	called := func(kind string) map[string]any { return map[string]any{"kind": kind} }
	kinds(h.upload(t, h.owner, testapp.Form{"file": pdf("a.pdf")}).Id,
		called("document"), "document", called("book"), "book", called("comic"), "kind_fixed", called(""), "kind_fixed",
		testapp.Form{"file": pdf("b.pdf")}, "book", // a new edition of what a person calls a book
		testapp.Form{"file": picture("c.png", 3)}, "image", called("book"), "kind_fixed",
		testapp.Form{"file": text("d.csv", "a,b\n"), "kind": "book"}, "book", called("document"), "document")
	kinds(h.upload(t, h.owner, testapp.Form{"file": epub("a.epub"), "kind": "document"}).Id,
		called("book"), "book", called("document"), "kind_fixed",
		testapp.Form{"file": pdf("b.pdf")}, "document") // nobody called that one a book
	if doc := h.upload(t, h.owner, testapp.Form{"file": pdf("a.pdf"), "kind": "book"}); doc.GetString("kind") != "book" {
		t.Errorf("a PDF called a book is a %s", doc.GetString("kind"))
	}
	if doc := h.upload(t, h.owner, testapp.Form{"file": zipped("a.zip", "x"), "kind": "book"}); doc.GetString("kind") != "archive" {
		t.Errorf("a ZIP called a book is a %s", doc.GetString("kind"))
	}
}

func TestTitles(t *testing.T) {
	h := open(t)
	title := func(doc string, body any, want string, provisional bool) {
		t.Helper()
		a := h.Do(t, h.owner, "PATCH", records+"/"+doc, body)
		stored := h.document(t, doc)
		if a.At("title") != want || stored.GetString("title") != want || stored.GetBool("titleProvisional") != provisional {
			t.Errorf("title %v, stored %q, provisional %v; want %q, %v", a.At("title"), stored.GetString("title"), stored.GetBool("titleProvisional"), want, provisional)
		}
	}
	id := h.upload(t, h.owner, testapp.Form{"file": text("first_try.txt", "x"), "title": "  "}).Id
	title(id, map[string]any{"description": "D"}, "first_try", true)
	title(id, testapp.Form{"file": text("second.txt", "y")}, "second", true)
	title(id, map[string]any{"title": "second"}, "second", false) // now a person's word
	title(id, testapp.Form{"file": text("third.txt", "z")}, "second", false)
	title(id, map[string]any{"title": ""}, "third", true)
	long := "x" + strings.Repeat("ä", 300) + ".txt" // which does not end between two characters
	if doc := h.upload(t, h.owner, testapp.Form{"file": text(long, "x")}); doc.GetString("title") != "x"+strings.Repeat("ä", 125) || doc.GetString("fileName") != doc.GetString("title")+".txt" {
		t.Errorf("a long name: title %q, file %q", doc.GetString("title"), doc.GetString("fileName"))
	}
	if doc := h.upload(t, h.owner, testapp.Form{"file": text(" .txt", "x")}); doc.GetString("title") != doc.GetString("code") {
		t.Errorf("a name without words: title %q", doc.GetString("title"))
	}
}

func TestCodes(t *testing.T) {
	h := open(t)
	doc := h.upload(t, h.owner, testapp.Form{"file": pdf("a.pdf"), "code": " SHELF-1 "})
	before := h.blobs(t)
	a := h.Do(t, h.owner, "POST", records, testapp.Form{"file": pdf("b.pdf"), "code": "SHELF-1"})
	if a.Status != 400 || a.At("data", "code", "code") != "validation_not_unique" || h.blobs(t) != before {
		t.Errorf("a code twice: %d %s; %d files, %d before", a.Status, a.Raw, h.blobs(t), before)
	}
	if a := h.Do(t, h.owner, "PATCH", records+"/"+doc.Id, map[string]any{"code": ""}); a.At("code") != "SHELF-1" {
		t.Errorf("a code taken away: %d %s", a.Status, a.Raw)
	}
}

func TestWhatPeopleWrite(t *testing.T) {
	h := open(t)
	id := h.upload(t, h.owner, testapp.Form{"file": pdf("a.pdf")}).Id
	many := func(n int, s string) []string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprint(s, i))
		}
		return out
	}
	for name, tc := range map[string]struct {
		body any
		want any // the field's value, or its refusal's code after "!"
	}{
		"authors":         {map[string]any{"authors": []any{" Ann  Bell ", "", "Ann Bell", 1984}}, []any{"Ann Bell", "1984"}},
		"authors ":        {testapp.Form{"authors": []string{"Ann", "1984", "true", "007"}}, []any{"Ann", "1984", "true", "007"}},
		"authors  ":       {testapp.Form{"authors": "Ann, Bob"}, []any{"Ann, Bob"}},
		"authors   ":      {testapp.Form{"authors": `["Ann","Bob"]`}, []any{"Ann", "Bob"}},
		"authors    ":     {map[string]any{"authors": nil}, []any{}},
		"authors     ":    {map[string]any{"authors": map[string]any{"a": "b"}}, "!not_a_list"},
		"authors      ":   {map[string]any{"authors": []any{[]any{"a"}}}, "!not_a_list"},
		"authors       ":  {map[string]any{"authors": []any{strings.Repeat("é", 257)}}, "!entry_too_long"},
		"authors        ": {map[string]any{"authors": many(101, "a")}, "!too_many_entries"},
		"tags":            {map[string]any{"tags": "2024"}, []any{"2024"}},
		"isbn":            {map[string]any{"isbn": " 0-306-40615-2 "}, "9780306406157"},
		"isbn ":           {map[string]any{"isbn": "978-0-306-40615-7"}, "9780306406157"},
		"isbn  ":          {testapp.Form{"isbn": "9780306406157"}, "9780306406157"},
		"isbn   ":         {map[string]any{"isbn": "9780306406158"}, "!isbn_invalid"},
		"isbn    ":        {map[string]any{"isbn": ""}, ""},
		"language":        {map[string]any{"language": "pt_br"}, "pt-BR"},
		"language ":       {map[string]any{"language": "deu"}, "de"},
		"language  ":      {map[string]any{"language": "klingonese"}, "!language_tag_unknown"},
		"language   ":     {map[string]any{"language": "zz"}, "!language_tag_unknown"},
		"published":       {testapp.Form{"published": "1984"}, "1984"},
		"published ":      {map[string]any{"published": "1984-06"}, "1984-06"},
		"published  ":     {map[string]any{"published": "1984-02-30"}, "!day_unknown"},
		"published   ":    {map[string]any{"published": "1984-13"}, "!validation_invalid_format"},
		"expiresOn":       {map[string]any{"expiresOn": "2028-02-29"}, "2028-02-29"},
		"expiresOn ":      {map[string]any{"expiresOn": "2027-02-29"}, "!day_unknown"},
		"expiresOn  ":     {map[string]any{"expiresOn": "2027-02-20 10:00:00Z"}, "!day_unknown"},
		"alertEmails":     {map[string]any{"alertEmails": []any{"a@example.org"}}, []any{"a@example.org"}},
		"alertEmails ":    {map[string]any{"alertEmails": []any{"Ann <a@example.org>"}}, "!email_invalid"},
		"alertEmails  ":   {map[string]any{"alertEmails": many(11, "a@example.o")}, "!too_many_entries"},
		"daysToAlert":     {map[string]any{"daysToAlert": 3651}, "!validation_max_number_constraint"},
		"copies":          {map[string]any{"copies": -1}, "!validation_min_number_constraint"},
		"copies ":         {map[string]any{"copies": 1.5}, "!validation_only_int_constraint"},
		"title":           {map[string]any{"title": strings.Repeat("é", 257)}, "!validation_max_text_constraint"},
		"title ":          {map[string]any{"title": "a\x00b"}, "!text_invalid"},
		"title  ":         {testapp.Form{"title": "a\xffb"}, "!text_invalid"},
		"title   ":        {map[string]any{"title": "<img src=x onerror=alert(1)> \u202e 🦉"}, "<img src=x onerror=alert(1)> \u202e 🦉"},
		"description":     {map[string]any{"description": strings.Repeat("x", 4001)}, "!validation_max_text_constraint"},
		"observations":    {map[string]any{"observations": strings.Repeat("x", 2001)}, "!validation_max_text_constraint"},
		"observations ":   {map[string]any{"observations": "for me"}, "for me"},
		"visibility":      {map[string]any{"visibility": "secret"}, "!validation_invalid_value"},
		"visibility ":     {map[string]any{"visibility": ""}, "members"},
		"category":        {map[string]any{"category": "aaaaaaaaaaaaaaa"}, "!validation_missing_rel_records"},
		"seriesIndex":     {testapp.Form{"seriesIndex": "1.5"}, 1.5},
		"file":            {map[string]any{"file": ""}, "!validation_required"},
		"file ":           {map[string]any{"file": nil}, "!validation_required"},
		"file  ":          {map[string]any{"file": "another.pdf"}, "!validation_invalid_file"},
		"file   ":         {map[string]any{"file-": "{file}"}, "!validation_required"},
		"file    ":        {map[string]any{"file": map[string]any{"name": "x"}}, "!validation_required"},
	} {
		t.Run(name, func(t *testing.T) {
			field := strings.TrimSpace(name)
			if body, ok := tc.body.(map[string]any); ok && body["file-"] != nil {
				body["file-"] = h.document(t, id).GetString("file")
			}
			a := h.Do(t, h.owner, "PATCH", records+"/"+id, tc.body)
			if code, refused := strings.CutPrefix(fmt.Sprint(tc.want), "!"); refused {
				if a.Status != 400 || a.At("data", field, "code") != code {
					t.Errorf("%d %s, want the refusal %s", a.Status, a.Raw, code)
				}
				return
			}
			if diff := cmp.Diff(tc.want, a.At(field)); a.Status != 200 || diff != "" {
				t.Errorf("%d %s", a.Status, diff)
			}
		})
	}
}

func TestRefusedUploads(t *testing.T) {
	h := open(t)
	for name, tc := range map[string]struct {
		file testapp.File
		code string
	}{
		"html":              {text("a.html", "<script>"), "file_type_not_allowed"},
		"svg":               {text("a.svg", "<svg/>"), "file_type_not_allowed"},
		"no extension":      {text("README", "x"), "file_type_missing"},
		"hidden":            {text(".txt", "x"), ""}, // a name that is all extension still says what it is
		"html in png":       {text("a.png", "<html><script>"), "file_type_mismatch"},
		"svg in png":        {text("a.png", "<svg xmlns='http://www.w3.org/2000/svg'/>"), "file_type_mismatch"},
		"program in pdf":    {text("a.pdf", "\x7fELF\x02\x01\x01"), "file_type_mismatch"},
		"png in jpg":        {picture("a.jpg", 3), "file_type_mismatch"},
		"empty":             {text("a.txt", ""), "file_empty"},
		"huge picture":      {hugePicture("a.png", 50_000), "image_too_large"},
		"zip cut short":     {testapp.File{Name: "a.zip", Content: zipped("", "x").Content[:40]}, "file_broken"},
		"epub cut short":    {testapp.File{Name: "a.epub", Content: epub("").Content[:60]}, "file_broken"},
		"epub without book": {zipped("a.epub", "mimetype"), "file_broken"},
		"path":              {text(`..\..\evil.txt`, "x"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := h.blobs(t)
			a := h.Do(t, h.owner, "POST", records, testapp.Form{"file": tc.file})
			if tc.code == "" {
				if a.Status != 200 {
					t.Errorf("%d %s", a.Status, a.Raw)
				}
				return
			}
			if a.Status != 400 || a.At("data", "file", "code") != tc.code || h.blobs(t) != before {
				t.Errorf("%d %s, want %s; %d files, %d before", a.Status, a.Raw, tc.code, h.blobs(t), before)
			}
		})
	}
	doc := h.upload(t, h.owner, testapp.Form{"file": pdf("a.pdf")})
	if a := h.Do(t, h.owner, "PATCH", records+"/"+doc.Id, testapp.Form{"file": text("b.png", "no")}); a.Status != 400 || !slices.Equal(h.stored(t, doc), []string{doc.GetString("file")}) {
		t.Errorf("%d %s; stored %v", a.Status, a.Raw, h.stored(t, doc))
	}
	if n, err := h.CountRecords(schema.Documents); err != nil || n != 3 {
		t.Errorf("%d documents: %v", n, err)
	}
}

// Bodies that no form makes are refused or stored, and never break anything.
func TestStrangeBodies(t *testing.T) {
	h := open(t)
	path := records + "/" + h.upload(t, h.owner, testapp.Form{"file": pdf("a.pdf")}).Id
	for name, body := range map[string]string{
		"lone surrogate": `{"title":"\ud800"}`, "not UTF-8": "{\"title\":\"\xff\"}", "too large a number": `{"copies":1e999}`,
		"deep": `{"authors":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, "a key twice": `{"title":"a","title":"b"}`,
		"a list": `[]`, "null": `null`, "a text": `"x"`, "nothing": ``, "half": `{"title":`, "more": `{"title":"a"},{"title":"b"}`,
		"marks": `{"title":"a` + strings.Repeat("\u0301", 10_000) + `"}`, "a megabyte": `{"title":"` + strings.Repeat("a", 1<<20) + `"}`,
		"long number": `{"copies":` + strings.Repeat("9", 10_000) + `}`, "objects": `{"title":{"a":1},"copies":[1],"owner":{"id":"x"},"alert":"perhaps"}`,
		"unknown": `{"nothing":1,"@jsonPayload":"{}","id":"another00000000","collectionId":"x"}`,
	} {
		if a := h.Do(t, h.owner, "PATCH", path, body); a.Status != 200 && a.Status != 400 && a.Status != 413 {
			t.Errorf("%s: %d %.200s", name, a.Status, a.Raw)
		}
	}
	if a := h.Do(t, h.owner, "GET", path, nil); a.Status != 200 {
		t.Errorf("the document is gone: %d", a.Status)
	}
	if a := h.Do(t, h.owner, "POST", records, map[string]any{"title": "No file"}); a.Status != 400 || a.At("data", "file", "code") != "validation_required" || a.At("data", "state") != nil {
		t.Errorf("no file: %d %s", a.Status, a.Raw)
	}
	a := h.Do(t, h.owner, "POST", records, strings.NewReader("--x\r\nbroken"), "Content-Type", "multipart/form-data; boundary=x")
	if a.Status != 400 {
		t.Errorf("half a form: %d %s", a.Status, a.Raw)
	}
}

// endless is a body that never ends, and counts what was taken of it.
type endless struct {
	head io.Reader
	read atomic.Int64
}

func (e *endless) Read(p []byte) (int, error) {
	n, _ := e.head.Read(p)
	if n == 0 {
		n = copy(p, bytes.Repeat([]byte{'a'}, len(p)))
	}
	if e.read.Add(int64(n)) > 2<<30 {
		return 0, io.EOF
	}
	return n, nil
}

func TestTooLarge(t *testing.T) {
	h := open(t)
	h.sql(t, "UPDATE library_settings SET maxUploadMB = 1", nil) // as another process would
	doc := h.upload(t, h.owner, testapp.Form{"file": text("a.txt", "x")})
	if c := collection(t, h, schema.Documents); c.Fields.GetByName("file").(interface{ CalculateMaxBodySize() int64 }).CalculateMaxBodySize() != 1<<20 {
		t.Error("the field is not bound")
	}
	before := h.blobs(t)
	larger := func(n int) testapp.File { return text("a.txt", strings.Repeat("a", n)) }
	for name, n := range map[string]int{"by the file": 1<<20 + 1, "by the length": 4 << 20} {
		for method, path := range map[string]string{"POST": records, "PATCH": records + "/" + doc.Id} {
			a := h.Do(t, h.owner, method, path, testapp.Form{"file": larger(n)})
			if a.Status != 413 || a.At("data", "file", "code") != "file_too_large" || a.At("data", "file", "params", "megabytes") != 1.0 {
				t.Errorf("%s %s: %d %s", name, method, a.Status, a.Raw)
			}
		}
	}
	if a := h.Do(t, h.owner, "POST", records, testapp.Form{"file": larger(1 << 20)}); a.Status != 200 {
		t.Errorf("just small enough: %d %s", a.Status, a.Raw)
	}
	before++
	const boundary = "x"
	const socket = 32 << 20 // what a connection may hold that nobody has read
	head := "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n"
	for name, tc := range map[string]struct {
		who, contentType string
		status           int
		most             int64
	}{
		"without length":      {"owner", "multipart/form-data; boundary=" + boundary, 413, socket},
		"JSON without length": {"owner", "application/json", 413, socket},
		"a guest's":           {"guest", "multipart/form-data; boundary=" + boundary, 400, socket},
		"a visitor's":         {"visitor", "multipart/form-data; boundary=" + boundary, 400, socket},
		"an inactive's":       {"inactive", "multipart/form-data; boundary=" + boundary, 400, socket},
	} {
		body := &endless{head: strings.NewReader(head)}
		if strings.HasPrefix(name, "JSON") {
			body.head = strings.NewReader(`{"title":"` + strings.Repeat("a", 1<<20))
		}
		a := h.Do(t, h.people()[tc.who], "POST", records, body, "Content-Type", tc.contentType)
		if a.Status != tc.status || body.read.Load() > tc.most {
			t.Errorf("%s: %d after %d bytes: %s", name, a.Status, body.read.Load(), a.Raw)
		}
	}
	body := &endless{head: strings.NewReader(head)}
	a := h.Do(t, h.other, "PATCH", "/api/collections/"+collection(t, h, schema.Documents).Id+"/records/"+doc.Id, body, "Content-Type", "multipart/form-data; boundary="+boundary)
	if a.Status != http.StatusNotFound || body.read.Load() > socket {
		t.Errorf("another's document: %d after %d bytes: %s", a.Status, body.read.Load(), a.Raw)
	}
	if h.blobs(t) != before {
		t.Errorf("%d files, want %d", h.blobs(t), before)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	h := open(t)
	path := "/api/collections/library_settings/records/" + schema.LibrarySettingsID
	for field, tc := range map[string]struct{ value, want any }{
		"allowedExtensions":    {[]any{"PDF", ".txt", "pdf"}, []any{"pdf", "txt"}},
		"allowedExtensions ":   {[]any{"exe"}, "!extension_invalid"},
		"allowedEmailDomains":  {[]any{"@Example.ORG", "example.org"}, []any{"example.org"}},
		"allowedEmailDomains ": {[]any{"no domain"}, "!domain_invalid"},
		"maxUploadMB":          {3, 3.0},
		"maxUploadMB ":         {0, "!validation_required"},
		"maxUploadMB  ":        {-1, "!validation_min_number_constraint"},
		"alertTime":            {"25:00", "!validation_invalid_format"},
		"maxRenewals":          {0, 0.0},
	} {
		name := strings.TrimSpace(field)
		a := h.Do(t, h.root, "PATCH", path, map[string]any{name: tc.value})
		if code, refused := strings.CutPrefix(fmt.Sprint(tc.want), "!"); refused {
			if a.Status != 400 || a.At("data", name, "code") != code {
				t.Errorf("%s: %d %s", field, a.Status, a.Raw)
			}
		} else if diff := cmp.Diff(tc.want, a.At(name)); diff != "" {
			t.Errorf("%s: %d %s", field, a.Status, diff)
		}
	}
	if c := collection(t, h, schema.Documents); c.Fields.GetByName("file").(interface{ CalculateMaxBodySize() int64 }).CalculateMaxBodySize() != 3<<20 {
		t.Error("the file field does not follow maxUploadMB")
	}
	h.upload(t, h.owner, testapp.Form{"file": pdf("a.pdf")})
	if a := h.Do(t, h.owner, "POST", records, testapp.Form{"file": epub("a.epub")}); a.At("data", "file", "code") != "file_type_not_allowed" {
		t.Errorf("a type not allowed: %d %s", a.Status, a.Raw)
	}
}

func TestBatches(t *testing.T) {
	h := open(t)
	request := func(method, url string, body any) map[string]any {
		return map[string]any{"method": method, "url": url, "body": body}
	}
	doc := h.upload(t, h.owner, testapp.Form{"file": pdf("a.pdf")})
	rename := map[string]any{"requests": []any{request("PATCH", records+"/"+doc.Id, map[string]any{"title": "By batch", "observations": "noted"})}}
	if a := h.Do(t, h.owner, "POST", "/api/batch", rename); a.Status != 403 {
		t.Errorf("batches are on: %d %s", a.Status, a.Raw)
	}
	settings := h.Settings()
	settings.Batch.Enabled, settings.Batch.MaxRequests, settings.Batch.Timeout = true, 10, 3
	if err := h.Save(settings); err != nil {
		t.Fatal(err)
	}
	if a := h.Do(t, h.owner, "POST", "/api/batch", rename); a.Status != 200 || h.document(t, doc.Id).GetString("title") != "By batch" || h.document(t, doc.Id).GetString("observations") != "noted" {
		t.Errorf("a batch: %d %s", a.Status, a.Raw)
	}
	if a := h.Do(t, h.other, "POST", "/api/batch", rename); a.Status != 400 {
		t.Errorf("another's batch: %d %s", a.Status, a.Raw)
	}
	two := map[string]any{"requests": []any{
		request("PATCH", records+"/"+doc.Id, map[string]any{"title": "Half"}),
		request("PATCH", records+"/"+doc.Id, map[string]any{"owner": h.other.Id}),
	}}
	if a := h.Do(t, h.owner, "POST", "/api/batch", two); a.Status != 400 || h.document(t, doc.Id).GetString("title") != "By batch" {
		t.Errorf("half a batch: %d %s", a.Status, a.Raw)
	}
	before := h.blobs(t)
	a := h.Do(t, h.owner, "POST", "/api/batch", testapp.Form{
		"@jsonPayload":    `{"requests":[{"method":"POST","url":"` + records + `","body":{"title":"T"}}]}`,
		"requests.0.file": pdf("b.pdf"),
	})
	if a.Status != 400 || a.At("data", "fault", "code") != "batch_with_files" || h.blobs(t) != before {
		t.Errorf("a file in a batch: %d %s", a.Status, a.Raw)
	}
}

func TestCategoriesInUse(t *testing.T) {
	h := open(t)
	const categories = "/api/collections/categories/records"
	id := fmt.Sprint(h.Do(t, h.librarian, "POST", categories, map[string]any{"code": "A", "name": "A"}).At("id"))
	if a := h.Do(t, h.librarian, "POST", categories, map[string]any{"code": "A", "name": "B"}); a.Status != 400 || a.At("data", "code", "code") != "validation_not_unique" {
		t.Errorf("a code twice: %d %s", a.Status, a.Raw)
	}
	doc := h.upload(t, h.owner, testapp.Form{"file": pdf("a.pdf"), "category": id})
	if a := h.Do(t, h.librarian, "DELETE", categories+"/"+id, nil); a.Status != 400 || a.At("data", "fault", "code") != "category_in_use" {
		t.Errorf("in use: %d %s", a.Status, a.Raw)
	}
	if got := h.document(t, doc.Id).GetString("category"); got != id {
		t.Errorf("the document's category is %q", got)
	}
	h.Do(t, h.owner, "PATCH", records+"/"+doc.Id, map[string]any{"category": ""})
	if a := h.Do(t, h.librarian, "DELETE", categories+"/"+id, nil); a.Status != 204 {
		t.Errorf("free: %d %s", a.Status, a.Raw)
	}
	// A category that goes between a document's validation and its commit.
	h.sql(t, "INSERT INTO categories (id, code, name) VALUES ('passingcategory', 'P', 'P')", nil)
	stored := h.document(t, doc.Id)
	stored.Set("category", "passingcategory")
	if err := h.Validate(stored); err != nil {
		t.Fatal(err)
	}
	h.sql(t, "DELETE FROM categories WHERE id = {:id}", dbx.Params{"id": "passingcategory"})
	if err := h.SaveNoValidate(stored); err == nil {
		t.Error("a document went into a category that is gone")
	}
}
