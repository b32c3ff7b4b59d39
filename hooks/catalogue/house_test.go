package catalogue

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tests"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

const records = "/api/collections/documents/records"

// house is an app with this room in it, served, and with people.
type house struct {
	*tests.TestApp
	*testapp.Server
	owner, other, recipient, visitor, librarian, inactive, root *core.Record
}

func open(t testing.TB) *house {
	t.Helper()
	app := testapp.New(t)
	Bind(app, Deps{
		Text:     func(language, key string, _ map[string]any) string { return language + " " + key },
		Language: func(*core.RequestInfo) string { return "en" },
		Now:      time.Now,
	})
	h := &house{
		TestApp: app, Server: testapp.Serve(t, app),
		owner: testapp.User(t, app, "owner", schema.RoleCustomer), other: testapp.User(t, app, "other", schema.RoleCustomer),
		recipient: testapp.User(t, app, "recipient", schema.RoleCustomer), visitor: testapp.User(t, app, "visitor", schema.RoleVisitor),
		librarian: testapp.User(t, app, "librarian", schema.RoleLibrarian), inactive: testapp.User(t, app, "inactive", schema.RoleLibrarian),
		root: testapp.Superuser(t, app),
	}
	// Past the hooks that end tokens: the rules have to hold by themselves.
	h.sql(t, "UPDATE users SET state = 'inactive' WHERE id = {:id}", dbx.Params{"id": h.inactive.Id})
	return h
}

// people are all who may ask, by name; a guest is nil.
func (h *house) people() map[string]*core.Record {
	return map[string]*core.Record{
		"guest": nil, "owner": h.owner, "other": h.other, "recipient": h.recipient, "visitor": h.visitor,
		"librarian": h.librarian, "inactive": h.inactive, "root": h.root,
	}
}

func (h *house) names() []string { return slices.Sorted(maps.Keys(h.people())) }

func (h *house) sql(t testing.TB, query string, params dbx.Params) {
	t.Helper()
	if _, err := h.NonconcurrentDB().NewQuery(query).Bind(params).Execute(); err != nil {
		t.Fatal(err)
	}
}

// document reads a document as it is stored.
func (h *house) document(t testing.TB, id string) *core.Record {
	t.Helper()
	doc, err := h.FindRecordById(schema.Documents, id)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// upload makes a document over the API, which has to work.
func (h *house) upload(t testing.TB, who *core.Record, form testapp.Form) *core.Record {
	t.Helper()
	a := h.Do(t, who, "POST", records, form)
	if a.Status != 200 {
		t.Fatalf("upload: %d %s", a.Status, a.Raw)
	}
	return h.document(t, fmt.Sprint(a.At("id")))
}

// stored lists what lies in the document's folder, by path.
func (h *house) stored(t testing.TB, doc *core.Record) []string {
	t.Helper()
	var found []string
	root := filepath.Join(h.DataDir(), core.LocalStorageDirName, doc.BaseFilesPath())
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err == nil && filepath.Ext(path) != ".attrs" && path != root {
			found = append(found, path[len(root)+1:])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return found
}

// blobs counts the files that are stored for documents.
func (h *house) blobs(t testing.TB) int {
	t.Helper()
	c, err := h.FindCollectionByNameOrId(schema.Documents)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	err = filepath.WalkDir(filepath.Join(h.DataDir(), core.LocalStorageDirName, c.Id), func(path string, d os.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err == nil && !d.IsDir() && filepath.Ext(path) != ".attrs" {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func text(name, content string) testapp.File {
	return testapp.File{Name: name, Content: []byte(content)}
}
