package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

func quiet(name string) testapp.File {
	return testapp.File{Name: name, Content: []byte("a quiet text\n")}
}

func TestCategoriesByAPI(t *testing.T) {
	l := furnished(t)
	category, id := l.make(t, l.librarian, schema.Categories, m{"code": "LAW", "name": "Law"})
	t.Run("list", func(t *testing.T) {
		l.make(t, l.librarian, schema.Categories, m{"code": "ART", "name": "Art"})
		l.lists(t, nil, schema.Categories, "", "code", "LAW", "ART")
		l.lists(t, nil, schema.Categories, `code = "ART"`, "code", "ART")
	})
	t.Run("create", func(t *testing.T) {
		l.refuses(t, l.librarian, "POST", api+"categories/records", m{"code": "LAW", "name": "Again"}, "code", "validation_not_unique")
		l.refuses(t, l.librarian, "POST", api+"categories/records", m{"code": "TAX"}, "name", "validation_required")
		l.want(t, 400, l.ann, "POST", api+"categories/records", m{"code": "TAX", "name": "Tax"})
	})
	t.Run("view", func(t *testing.T) {
		if a := l.want(t, 200, nil, "GET", category, nil); a.At("code") != "LAW" || a.At("name") != "Law" {
			t.Errorf("%s", a.Raw)
		}
	})
	t.Run("edit", func(t *testing.T) {
		if a := l.want(t, 200, l.librarian, "PATCH", category, m{"name": "Laws"}); a.At("name") != "Laws" || a.At("code") != "LAW" {
			t.Errorf("%s", a.Raw)
		}
		l.refuses(t, l.librarian, "PATCH", category, m{"code": "ART"}, "code", "validation_not_unique")
		l.want(t, 404, l.ann, "PATCH", category, m{"name": "Mine"})
	})
	t.Run("delete", func(t *testing.T) {
		doc := testapp.Document(t, l.App, l.ann, schema.VisibilityMembers, func(r *core.Record) { r.Set("category", id) })
		l.want(t, 400, l.librarian, "DELETE", category, nil)
		l.want(t, 204, l.librarian, "DELETE", api+"documents/records/"+doc.Id, nil)
		l.want(t, 204, l.librarian, "DELETE", category, nil)
		l.gone(t, nil, category)
	})
}

func TestDocumentsByAPI(t *testing.T) {
	l := furnished(t)
	path, id := l.make(t, l.ann, schema.Documents, testapp.Form{"file": quiet("lease.txt"), "title": "Lease", "code": "LEASE", "visibility": "private", "description": "Of the house"})
	t.Run("create", func(t *testing.T) {
		if a := l.want(t, 200, l.ann, "GET", path, nil); a.At("owner") != l.ann.Id || a.At("fileName") != "lease.txt" || a.At("contentType") != "text/plain" || a.At("fileSize") != 13.0 {
			t.Errorf("%s", a.Raw)
		}
		a := l.want(t, 200, l.ben, "POST", api+"documents/records", testapp.Form{"file": quiet("plain.txt"), "visibility": "private"})
		if a.At("code") == "" || a.At("title") != "plain" {
			t.Errorf("a code and a title are made: %s", a.Raw)
		}
		l.refuses(t, l.ann, "POST", api+"documents/records", testapp.Form{"file": quiet("a.txt"), "code": "LEASE"}, "code", "validation_not_unique")
		l.refuses(t, l.ann, "POST", api+"documents/records", testapp.Form{"title": "No file"}, "file", "validation_required")
		l.refuses(t, l.ann, "POST", api+"documents/records", testapp.Form{"file": quiet("a.txt"), "category": "neverthere00000"}, "category", "validation_missing_rel_records")
	})
	t.Run("list", func(t *testing.T) {
		l.lists(t, l.librarian, schema.Documents, "", "title", "Lease", "plain")
		l.lists(t, l.ann, schema.Documents, "", "title", "Lease") // no more than they may read
		l.lists(t, nil, schema.Documents, "", "title")
	})
	t.Run("mine", func(t *testing.T) {
		l.lists(t, l.ann, schema.Documents, fmt.Sprintf("owner = %q", l.ann.Id), "title", "Lease")
		l.lists(t, l.ann, schema.Documents, fmt.Sprintf("owner = %q && category.code = %q", l.ann.Id, ""), "title", "Lease") // with a relation, too
	})
	t.Run("view", func(t *testing.T) {
		l.want(t, 404, l.ben, "GET", path, nil)
		if a := l.want(t, 200, l.librarian, "GET", path, nil); a.At("title") != "Lease" {
			t.Errorf("%s", a.Raw)
		}
	})
	t.Run("edit", func(t *testing.T) {
		l.want(t, 404, l.ben, "PATCH", path, m{"title": "Mine"})
		if a := l.want(t, 200, l.ann, "PATCH", path, m{"title": "New lease", "description": ""}); a.At("title") != "New lease" || a.At("description") != "" {
			t.Errorf("a field can be emptied: %s", a.Raw)
		}
	})
	t.Run("another file", func(t *testing.T) {
		before := l.want(t, 200, l.ann, "GET", path, nil)
		a := l.want(t, 200, l.ann, "PATCH", path, testapp.Form{"file": testapp.File{Name: "lease-2.txt", Content: []byte("another text\n\n")}})
		if a.At("fileName") != "lease-2.txt" || a.At("sha256") == before.At("sha256") || a.At("fileUpdated") == before.At("fileUpdated") {
			t.Errorf("%s", a.Raw)
		}
	})
	t.Run("share", func(t *testing.T) {
		l.want(t, 400, l.ben, "POST", api+"document_shares/records", m{"document": id, "user": l.ben.Id})
		l.want(t, 400, l.ann, "POST", api+"document_shares/records", m{"document": id, "user": l.ann.Id})
		l.want(t, 400, l.ann, "POST", api+"document_shares/records", m{"document": id, "user": "neverthere00000"})
		l.make(t, l.ann, schema.DocumentShares, m{"document": id, "user": l.ben.Id})
		l.want(t, 400, l.ann, "POST", api+"document_shares/records", m{"document": id, "user": l.ben.Id}) // once
		l.want(t, 200, l.ben, "GET", path, nil)
	})
	t.Run("shared with me", func(t *testing.T) {
		l.lists(t, l.ben, schema.Documents, fmt.Sprintf("document_shares_via_document.user ?= %q", l.ben.Id), "title", "New lease")
	})
	t.Run("delete", func(t *testing.T) {
		l.want(t, 404, l.ben, "DELETE", path, nil)
		l.want(t, 204, l.ann, "DELETE", path, nil)
		l.gone(t, l.admin, path)
		l.lists(t, l.ben, schema.DocumentShares, "", "id") // its shares have gone with it
	})
}

func TestLinksByAPI(t *testing.T) {
	l := furnished(t)
	doc := testapp.Document(t, l.App, l.ann, schema.VisibilityPrivate)
	body := m{"document": doc.Id, "collection": schema.Users, "record": l.ben.Id}
	link, id := l.make(t, l.librarian, schema.DocumentLinks, body)
	t.Run("list", func(t *testing.T) {
		l.lists(t, l.ann, schema.DocumentLinks, fmt.Sprintf(`collection = "users" && record = %q`, l.ben.Id), "id", id)
		l.lists(t, l.ben, schema.DocumentLinks, "", "id") // nor may they read the document
	})
	t.Run("view", func(t *testing.T) {
		if a := l.want(t, 200, l.ann, "GET", link+"?expand=document", nil); a.At("expand", "document", "id") != doc.Id || a.At("record") != l.ben.Id {
			t.Errorf("%s", a.Raw)
		}
		l.want(t, 404, l.ben, "GET", link, nil)
	})
	t.Run("create", func(t *testing.T) {
		l.want(t, 400, l.librarian, "POST", api+"document_links/records", body) // once
		l.refuses(t, l.librarian, "POST", api+"document_links/records", m{"document": doc.Id, "collection": schema.Users, "record": "neverthere00000"}, "record", "link_record_unknown")
		l.want(t, 400, l.ann, "POST", api+"document_links/records", m{"document": doc.Id, "collection": schema.Users, "record": l.ann.Id})
	})
	t.Run("delete", func(t *testing.T) {
		l.want(t, 404, l.ann, "DELETE", link, nil)
		l.want(t, 204, l.librarian, "DELETE", link, nil)
		l.gone(t, l.librarian, link)
	})
}

func TestSharesByAPI(t *testing.T) {
	l := furnished(t)
	doc := testapp.Document(t, l.App, l.ann, schema.VisibilityPrivate)
	share, id := l.make(t, l.ann, schema.DocumentShares, m{"document": doc.Id, "user": l.ben.Id})
	t.Run("list", func(t *testing.T) {
		l.lists(t, l.ann, schema.DocumentShares, "", "id", id)
		l.lists(t, l.ben, schema.DocumentShares, "", "id", id)
		l.lists(t, l.librarian, schema.DocumentShares, "", "id") // not a third's
	})
	t.Run("view", func(t *testing.T) {
		a := l.want(t, 200, l.ben, "GET", share+"?expand=document,user", nil)
		if a.At("expand", "document", "id") != doc.Id || a.At("expand", "user", "username") != "ben" || a.At("expand", "document", "expand") != nil {
			t.Errorf("%s", a.Raw)
		}
		l.want(t, 404, l.librarian, "GET", share, nil)
	})
	t.Run("delete", func(t *testing.T) {
		l.want(t, 404, l.librarian, "DELETE", share, nil)
		l.want(t, 204, l.ben, "DELETE", share, nil) // a recipient can leave
		l.gone(t, l.ann, share)
		l.want(t, 404, l.ben, "GET", api+"documents/records/"+doc.Id, nil)
		again, _ := l.make(t, l.ann, schema.DocumentShares, m{"document": doc.Id, "user": l.ben.Id})
		l.want(t, 204, l.ann, "DELETE", again, nil)
	})
}

// Files are reached by a token of who may read the document, and by no name.
func TestFilesByAPI(t *testing.T) {
	l := furnished(t)
	path, _ := l.make(t, l.ann, schema.Documents, testapp.Form{"file": quiet("lease.txt"), "visibility": "private"})
	doc := l.want(t, 200, l.ann, "GET", path, nil)
	url := "/api/files/documents/" + fmt.Sprint(doc.At("id")) + "/" + fmt.Sprint(doc.At("file"))
	for _, closed := range []string{url, url + "?token=" + testapp.FileToken(t, l.ben), "/files/" + fmt.Sprint(doc.At("file")), "/api/files/../data.db", "/files/upload"} {
		if a := l.Do(t, nil, "GET", closed, nil); strings.Contains(string(a.Raw), "a quiet text") {
			t.Errorf("GET %s: %d %s", closed, a.Status, a.Raw)
		}
	}
	a := l.want(t, 200, nil, "GET", url+"?token="+testapp.FileToken(t, l.ann), nil)
	if string(a.Raw) != "a quiet text\n" || a.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(a.Header.Get("Cache-Control"), "no-store") {
		t.Errorf("%v %s", a.Header, a.Raw)
	}
	// No file is stored but with its document: there is no other way in.
	if a := l.Do(t, l.ann, "POST", "/api/files/documents", testapp.Form{"file": quiet("a.txt")}); a.Status < http.StatusBadRequest {
		t.Errorf("a file by itself: %d", a.Status)
	}
}
