package audit

import (
	"fmt"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tests"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

const (
	categories = "/api/collections/categories/records"
	documents  = "/api/collections/documents/records"
	users      = "/api/collections/users/records"
	logs       = "/api/collections/audit_logs/records"
)

type m = map[string]any

// house is an app with this room in it, served, and with people.
type house struct {
	*tests.TestApp
	*testapp.Server
	patron, other, clerk, reader, librarian, admin, inactive, root *core.Record
}

func open(t testing.TB) *house {
	t.Helper()
	app := testapp.New(t)
	Bind(app, Deps{Now: time.Now})
	h := &house{TestApp: app}
	h.clerk = testapp.User(t, app, "clerk", h.role(t, "Clerk", schema.CategoriesManage, schema.DocumentsManage, schema.AuditWrite))
	h.reader = testapp.User(t, app, "reader", h.role(t, "Reader", schema.AuditRead))
	h.patron = testapp.User(t, app, "patron", schema.RoleCustomer)
	h.other = testapp.User(t, app, "other", schema.RoleCustomer)
	h.librarian = testapp.User(t, app, "librarian", schema.RoleLibrarian)
	h.admin = testapp.User(t, app, "admin", schema.RoleAdmin)
	h.inactive = testapp.User(t, app, "inactive", schema.RoleAdmin)
	h.sql(t, "UPDATE users SET state = 'inactive' WHERE id = {:id}", dbx.Params{"id": h.inactive.Id})
	h.root = testapp.Superuser(t, app)
	h.Server = testapp.Serve(t, app)
	h.sql(t, "DELETE FROM audit_logs", nil)
	return h
}

func (h *house) people() map[string]*core.Record {
	return map[string]*core.Record{
		"guest": nil, "patron": h.patron, "another": h.other, "clerk": h.clerk, "reader": h.reader,
		"librarian": h.librarian, "admin": h.admin, "inactive": h.inactive, "superuser": h.root,
	}
}

func (h *house) role(t testing.TB, name string, permissions ...string) string {
	t.Helper()
	c, err := h.FindCollectionByNameOrId(schema.Roles)
	if err != nil {
		t.Fatal(err)
	}
	r := core.NewRecord(c)
	r.Set("name", name)
	r.Set("permissions", permissions)
	if err := h.Save(r); err != nil {
		t.Fatal(err)
	}
	return r.Id
}

func (h *house) sql(t testing.TB, query string, params dbx.Params) {
	t.Helper()
	if _, err := h.NonconcurrentDB().NewQuery(query).Bind(params).Execute(); err != nil {
		t.Fatal(err)
	}
}

// rows are the audit's, oldest first, as "actorName action collection changes".
func (h *house) rows(t testing.TB) []string {
	t.Helper()
	var out []string
	for _, r := range h.records(t) {
		out = append(out, fmt.Sprintf("%s %s %s %s", r.GetString("actorName"), r.GetString("action"), r.GetString("collection"), r.GetString("changes")))
	}
	return out
}

func (h *house) records(t testing.TB) []*core.Record {
	t.Helper()
	var all []*core.Record
	if err := h.RecordQuery(schema.AuditLogs).OrderBy("rowid").All(&all); err != nil {
		t.Fatal(err)
	}
	return all
}

// only returns the one row there is.
func (h *house) only(t testing.TB) *core.Record {
	t.Helper()
	all := h.records(t)
	if len(all) != 1 {
		t.Fatalf("want one row, got %q", h.rows(t))
	}
	return all[0]
}

func (h *house) forget(t testing.TB) { h.sql(t, "DELETE FROM audit_logs", nil) }

// ok sends a request that has to work and returns the answer.
func (h *house) ok(t testing.TB, who *core.Record, method, path string, body any, headers ...string) testapp.Answer {
	t.Helper()
	a := h.Do(t, who, method, path, body, headers...)
	if a.Status >= 300 {
		t.Fatalf("%s %s: %d %s", method, path, a.Status, a.Raw)
	}
	return a
}

func (h *house) category(t testing.TB, code string) *core.Record {
	t.Helper()
	c, err := h.FindCollectionByNameOrId(schema.Categories)
	if err != nil {
		t.Fatal(err)
	}
	r := core.NewRecord(c)
	r.Set("code", code)
	r.Set("name", code)
	if err := h.Save(r); err != nil {
		t.Fatal(err)
	}
	return r
}

func (h *house) fresh(t testing.TB, r *core.Record) *core.Record {
	t.Helper()
	f, err := h.FindRecordById(r.Collection(), r.Id)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// check compares the rows.
func (h *house) check(t testing.TB, want ...string) {
	t.Helper()
	got := h.rows(t)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("rows:\n%q\nwant\n%q", got, want)
	}
}
