package catalogue

import (
	"testing"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

const linkRecords = "/api/collections/document_links/records"

func (h *house) link(t *testing.T, who *core.Record, document, collection, record string) testapp.Answer {
	t.Helper()
	return h.Do(t, who, "POST", linkRecords, map[string]any{"document": document, "collection": collection, "record": record})
}

func (h *house) links(t *testing.T) int64 {
	t.Helper()
	n, err := h.CountRecords(schema.DocumentLinks)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestOnlyManagersOfDocumentsLink(t *testing.T) {
	h := open(t)
	doc := testapp.Document(t, h, h.owner, schema.VisibilityMembers)
	for _, name := range h.names() {
		want := 400
		if name == "librarian" || name == "root" {
			want = 200
		}
		h.sql(t, "DELETE FROM document_links", nil)
		if a := h.link(t, h.people()[name], doc.Id, schema.Users, h.other.Id); a.Status != want {
			t.Errorf("%s: %d, want %d: %s", name, a.Status, want, a.Raw)
		}
	}
}

func TestALinkNeedsARecordThatThereIs(t *testing.T) {
	h := open(t)
	doc := testapp.Document(t, h, h.owner, schema.VisibilityMembers)
	for _, c := range []struct{ collection, record, field, code string }{
		{"users", "nobodyatall0000", "record", "link_record_unknown"},
		{"nowhere", h.other.Id, "collection", "link_collection_unknown"},
		{"jobs", h.other.Id, "collection", "link_collection_unknown"},
		{core.CollectionNameSuperusers, h.root.Id, "collection", "link_collection_unknown"},
		{"_externalAuths", h.root.Id, "collection", "link_collection_unknown"},
	} {
		for _, who := range []*core.Record{h.librarian, h.root} {
			a := h.link(t, who, doc.Id, c.collection, c.record)
			if a.Status != 400 || a.At("data", c.field, "code") != c.code {
				t.Errorf("%s %s: %d %s", c.collection, c.record, a.Status, a.Raw)
			}
		}
	}
	if h.links(t) != 0 {
		t.Error("a refused link was made")
	}
}

func TestALinkIsMadeOnce(t *testing.T) {
	h := open(t)
	doc := testapp.Document(t, h, h.owner, schema.VisibilityMembers)
	users, err := h.FindCollectionByNameOrId(schema.Users)
	if err != nil {
		t.Fatal(err)
	}
	if a := h.link(t, h.librarian, doc.Id, users.Id, h.other.Id); a.Status != 200 || a.At("collection") != "users" {
		t.Fatalf("by the collection's id: %d %s", a.Status, a.Raw)
	}
	if a := h.link(t, h.librarian, doc.Id, "users", h.other.Id); a.Status != 400 {
		t.Errorf("the same again: %d %s", a.Status, a.Raw)
	}
}

func TestALinkGoesWithEitherEnd(t *testing.T) {
	h := open(t)
	for _, end := range []string{"document", "record"} {
		doc := testapp.Document(t, h, h.owner, schema.VisibilityMembers)
		user := testapp.User(t, h, "linked-"+end, schema.RoleVisitor)
		if a := h.link(t, h.librarian, doc.Id, "users", user.Id); a.Status != 200 {
			t.Fatalf("%d %s", a.Status, a.Raw)
		}
		gone := map[string]*core.Record{"document": doc, "record": user}[end]
		if err := h.Delete(gone); err != nil {
			t.Fatal(err)
		}
		if n := h.links(t); n != 0 {
			t.Errorf("%d links are left without their %s", n, end)
		}
	}
}

func TestALinkGoesWithItsCollection(t *testing.T) {
	h := open(t)
	c := core.NewBaseCollection("shelfmarks")
	anyone := ""
	c.ViewRule = &anyone
	if err := h.Save(c); err != nil {
		t.Fatal(err)
	}
	mark := core.NewRecord(c)
	if err := h.Save(mark); err != nil {
		t.Fatal(err)
	}
	doc := testapp.Document(t, h, h.owner, schema.VisibilityMembers)
	if a := h.link(t, h.librarian, doc.Id, "shelfmarks", mark.Id); a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Raw)
	}
	if err := h.Delete(c); err != nil {
		t.Fatal(err)
	}
	if n := h.links(t); n != 0 {
		t.Errorf("%d links to a collection that is gone", n)
	}
}

// A link is seen by who may read its document, and by nobody else.
func TestLinksAreSeenAsTheirDocument(t *testing.T) {
	h := open(t)
	private := testapp.Document(t, h, h.owner, schema.VisibilityPrivate)
	testapp.Share(t, h, private, h.recipient)
	members := testapp.Document(t, h, h.owner, schema.VisibilityMembers)
	for _, doc := range []*core.Record{private, members} {
		if a := h.link(t, h.librarian, doc.Id, "users", h.other.Id); a.Status != 200 {
			t.Fatalf("%d %s", a.Status, a.Raw)
		}
	}
	want := map[string]float64{"guest": 0, "inactive": 0, "other": 1, "visitor": 1, "owner": 2, "recipient": 2, "librarian": 2, "root": 2}
	for _, name := range h.names() {
		if a := h.Do(t, h.people()[name], "GET", linkRecords, nil); a.Status != 200 || a.At("totalItems") != want[name] {
			t.Errorf("%s sees %v links, want %v (%d)", name, a.At("totalItems"), want[name], a.Status)
		}
	}
}

// A librarian cannot find out by links which of others' notifications there are.
func TestALinkTellsNothingOfWhatMayNotBeRead(t *testing.T) {
	h := open(t)
	h.sql(t, `UPDATE roles SET permissions = '["documents.manage"]' WHERE id = {:id}`, dbx.Params{"id": schema.RoleCustomer})
	c, err := h.FindCollectionByNameOrId(schema.Notifications)
	if err != nil {
		t.Fatal(err)
	}
	n := core.NewRecord(c)
	n.Load(map[string]any{"user": h.other.Id, "title": "For other alone", "kind": schema.KindMessage})
	if err := h.Save(n); err != nil {
		t.Fatal(err)
	}
	doc := testapp.Document(t, h, h.owner, schema.VisibilityMembers)
	there := h.link(t, h.owner, doc.Id, schema.Notifications, n.Id)
	missing := h.link(t, h.owner, doc.Id, schema.Notifications, "nothingofit0000")
	if there.Status != 400 || string(there.Raw) != string(missing.Raw) {
		t.Errorf("there: %d %s\nmissing: %d %s", there.Status, there.Raw, missing.Status, missing.Raw)
	}
	if a := h.link(t, h.other, doc.Id, schema.Notifications, n.Id); a.Status != 200 {
		t.Errorf("one's own: %d %s", a.Status, a.Raw)
	}
}
