package audit

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

func TestWhoReadsTheAudit(t *testing.T) {
	h := open(t)
	h.category(t, "one")
	row := h.only(t)
	may := map[string]bool{"reader": true, "librarian": true, "admin": true, "superuser": true}
	for name, who := range h.people() {
		want := map[bool]int{true: 200, false: 404}[may[name]]
		if a := h.Do(t, who, "GET", logs+"/"+row.Id, nil); a.Status != want {
			t.Errorf("%s views: %d, want %d", name, a.Status, want)
		}
		a := h.Do(t, who, "GET", logs, nil)
		if a.Status != 200 || (a.At("totalItems") == 1.0) != may[name] {
			t.Errorf("%s lists: %d %s", name, a.Status, a.Raw)
		}
	}
}

func TestWhoWritesANote(t *testing.T) {
	h := open(t)
	may := map[string]bool{"clerk": true, "librarian": true, "admin": true, "superuser": true}
	for name, who := range h.people() {
		h.forget(t)
		want := map[bool]int{true: 200, false: 400}[may[name]]
		if a := h.Do(t, who, "POST", logs, m{"action": "note", "note": "hello"}); a.Status != want {
			t.Errorf("%s: %d, want %d", name, a.Status, want)
		}
		if n := len(h.records(t)); (n == 1) != may[name] {
			t.Errorf("%s: %d rows", name, n)
		}
	}
}

func TestNobodyChangesOrDeletesARow(t *testing.T) {
	h := open(t)
	h.category(t, "one")
	row := h.only(t)
	for name, who := range h.people() {
		for method, body := range map[string]any{"PATCH": m{"actorName": "x", "note": "x"}, "DELETE": nil} {
			a := h.Do(t, who, method, logs+"/"+row.Id, body)
			if a.Status != 403 {
				t.Errorf("%s %s: %d", name, method, a.Status)
			}
			if name == "superuser" && a.At("data", "fault", "code") != "audit_kept" {
				t.Errorf("%s %s: %s", name, method, a.Raw)
			}
		}
	}
	h.Settings().Batch.Enabled = true
	if a := h.Do(t, h.root, "POST", "/api/batch", m{"requests": []m{{"method": "DELETE", "url": logs + "/" + row.Id}}}); a.Status != 400 {
		t.Errorf("by batch: %d", a.Status)
	}
	h.check(t, "job create categories []")
}

func TestAuditIsNotEmptiedOrDroppedInTheDashboard(t *testing.T) {
	h := open(t)
	h.category(t, "one")
	if a := h.Do(t, h.root, "DELETE", "/api/collections/audit_logs/truncate", nil); a.Status != 403 {
		t.Errorf("emptied: %d %s", a.Status, a.Raw)
	}
	if a := h.Do(t, h.root, "DELETE", "/api/collections/audit_logs", nil); a.Status != 400 {
		t.Errorf("dropped: %d %s", a.Status, a.Raw)
	}
	h.check(t, "job create categories []")
}

// The server says who, when and from where, whatever is sent.
// Under another name or without a field the audit would end, or every change.
func TestAuditIsNotRenamedNorRobbedOfAFieldInTheDashboard(t *testing.T) {
	h := open(t)
	c, err := h.FindCollectionByNameOrId(schema.AuditLogs)
	if err != nil {
		t.Fatal(err)
	}
	without := c.Fields
	without.RemoveByName("ip")
	for name, body := range map[string]m{"name": {"name": "elsewhere"}, "field": {"fields": without}} {
		a := h.Do(t, h.root, "PATCH", "/api/collections/"+schema.AuditLogs, body)
		if a.Status != 400 || a.At("data", "fault", "code") != "audit_kept" {
			t.Errorf("%s: %d %s", name, a.Status, a.Raw)
		}
	}
	imported := m{"collections": []m{{"id": c.Id, "name": "elsewhere", "type": "base", "fields": without}}, "deleteMissing": false}
	if a := h.Do(t, h.root, "PUT", "/api/collections/import", imported); a.Status != 400 {
		t.Errorf("import: %d %s", a.Status, a.Raw)
	}
	h.ok(t, h.root, "PATCH", "/api/collections/"+schema.AuditLogs, m{"listRule": nil})
	h.ok(t, h.admin, "POST", "/api/collections/roles/records", m{"name": "New"})
	h.check(t, "root@example.org update _collections []", "admin create roles []")
}

func TestNoteTakesNothingElseFromItsWriter(t *testing.T) {
	h := open(t)
	body := m{"id": "chosenbyclerk00", "action": "note", "note": " hello ", "actor": h.admin.Id, "actorName": "admin", "ip": "203.0.113.7", "userAgent": "x",
		"changes": []string{"x"}, "created": "2001-01-01 00:00:00.000Z"}
	for name, sent := range map[string]any{"JSON": body, "multipart": testapp.Form{"action": "note", "note": "hello", "actor": h.admin.Id, "actorName": "admin", "ip": "203.0.113.7"}} {
		h.forget(t)
		h.ok(t, h.clerk, "POST", logs, sent)
		r := h.only(t)
		if r.Id == "chosenbyclerk00" || r.GetString("actor") != h.clerk.Id || r.GetString("actorName") != "clerk" || r.GetString("ip") != "127.0.0.1" ||
			r.GetString("userAgent") == "x" || r.GetString("changes") != "[]" || r.GetDateTime("created").Time().Year() == 2001 || r.GetString("note") != "hello" {
			t.Errorf("%s: %v", name, r.FieldsData())
		}
	}
}

func TestOnlyNotesAreWritten(t *testing.T) {
	h := open(t)
	for _, action := range []string{"login", "delete", "", "Note"} {
		if a := h.Do(t, h.clerk, "POST", logs, m{"action": action, "note": "x"}); a.Status != 400 {
			t.Errorf("action %q: %d", action, a.Status)
		}
	}
	h.check(t)
	h.ok(t, h.root, "POST", logs, m{"action": "login", "note": "x"})
	h.check(t, "root@example.org note  []")
}

func TestNoteIsBounded(t *testing.T) {
	h := open(t)
	for note, want := range map[string]int{"": 400, "  ": 400, strings.Repeat("é", 1024): 200, strings.Repeat("é", 1025): 400} {
		if a := h.Do(t, h.clerk, "POST", logs, m{"action": "note", "note": note}); a.Status != want {
			t.Errorf("%d bytes: %d, want %d", len(note), a.Status, want)
		}
	}
}

// A note is no way to ask whether a record exists that one may not see.
func TestNoteIsAboutWhatItsWriterMaySee(t *testing.T) {
	h := open(t)
	writer := testapp.User(t, h, "writer", h.role(t, "Writer", schema.AuditWrite))
	hidden := testapp.Document(t, h, h.patron, "private")
	shown := testapp.Document(t, h, h.patron, "members")
	for name, tc := range map[string]struct {
		collection, record, refused string
	}{
		"shown":              {"documents", shown.Id, ""},
		"by collection's id": {shown.Collection().Id, shown.Id, ""},
		"collection alone":   {"documents", "", ""},
		"hidden":             {"documents", hidden.Id, "record"},
		"missing":            {"documents", "nosuchrecord000", "record"},
		"no such collection": {"nothing", "x", "collection"},
		"system collection":  {"_superusers", h.root.Id, "collection"},
		"record alone":       {"", shown.Id, "collection"},
	} {
		a := h.Do(t, writer, "POST", logs, m{"action": "note", "note": "x", "collection": tc.collection, "record": tc.record})
		if tc.refused == "" && (a.Status != 200 || tc.collection != "" && a.At("collection") != "documents") {
			t.Errorf("%s: %d %s", name, a.Status, a.Raw)
		}
		if tc.refused != "" && a.At("data", tc.refused, "code") != "audit_subject_unknown" {
			t.Errorf("%s: %d %s", name, a.Status, a.Raw)
		}
	}
}

func TestFilterAndSortTellNothingOfTheAudit(t *testing.T) {
	h := open(t)
	h.category(t, "one")
	for _, query := range []string{"filter=" + url.QueryEscape(`action = "create"`), "filter=" + url.QueryEscape(`actorName ~ "job"`), "sort=actorName", "fields=ip"} {
		a := h.Do(t, h.patron, "GET", logs+"?"+query, nil)
		if a.At("totalItems") != 0.0 {
			t.Errorf("%s: %d %s", query, a.Status, a.Raw)
		}
	}
	q := url.QueryEscape(`@collection.audit_logs.action ?= "create"`)
	if a := h.Do(t, h.patron, "GET", categories+"?filter="+q, nil); a.Status == 200 {
		t.Errorf("by @collection: %d %s", a.Status, a.Raw)
	}
}

func TestRealtimeTellsNothingOfTheAudit(t *testing.T) {
	h := open(t)
	deaf := map[string]*testapp.Listener{}
	for _, name := range []string{"guest", "patron", "clerk", "inactive"} {
		deaf[name] = h.Listen(t, h.people()[name], "audit_logs/*")
	}
	hears := h.Listen(t, h.reader, "audit_logs/*")
	h.ok(t, h.clerk, "POST", logs, m{"action": "note", "note": "hello"})
	hears.Await(t, func(e testapp.Event) bool { return e.Topic == "audit_logs/*" })
	for name, l := range deaf {
		for _, e := range l.Heard() {
			t.Errorf("%s hears %v", name, e)
		}
	}
}

func TestStaffFilterAndSortTheAudit(t *testing.T) {
	h := open(t)
	h.ok(t, h.librarian, "POST", categories, m{"code": "a", "name": "A"})
	h.category(t, "b")
	for filter, want := range map[string]float64{
		fmt.Sprintf(`actor = "%s"`, h.librarian.Id): 1, `action = "create" && collection = "categories"`: 2, `created > "2001-01-01"`: 2, `actorName = "nobody"`: 0,
	} {
		a := h.ok(t, h.reader, "GET", logs+"?sort=-created,-id&filter="+url.QueryEscape(filter), nil)
		if a.At("totalItems") != want {
			t.Errorf("%s: %s", filter, a.Raw)
		}
	}
}
