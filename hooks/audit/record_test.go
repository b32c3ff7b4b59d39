package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/actor"
	"onlibrary/internal/quiet"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

func TestCreateUpdateDeleteByAPatron(t *testing.T) {
	h := open(t)
	a := h.ok(t, h.librarian, "POST", categories, m{"code": "a", "name": "A"}, "User-Agent", "Firefox")
	id := fmt.Sprint(a.At("id"))
	h.ok(t, h.librarian, "PATCH", categories+"/"+id, m{"code": "b", "description": "hush"})
	h.ok(t, h.librarian, "DELETE", categories+"/"+id, nil)
	h.check(t, "librarian create categories []", `librarian update categories ["code","description"]`, "librarian delete categories []")
	for _, r := range h.records(t) {
		if r.GetString("actor") != h.librarian.Id || r.GetString("record") != id || r.GetString("ip") != "127.0.0.1" || r.GetDateTime("created").IsZero() {
			t.Errorf("row: %v", r)
		}
	}
	if got := h.records(t)[0].GetString("userAgent"); got != "Firefox" {
		t.Errorf("user agent %q", got)
	}
}

func TestMultipartIsAuditedAsJSONIs(t *testing.T) {
	h := open(t)
	h.ok(t, h.librarian, "POST", documents, testapp.Form{"title": "T", "code": "c1", "visibility": "members", "state": "ready",
		"file": testapp.File{Name: "a.txt", Content: []byte("words")}})
	h.check(t, "librarian create documents []")
}

func TestSuperuserIsNamedByAddress(t *testing.T) {
	h := open(t)
	h.ok(t, h.root, "POST", categories, m{"code": "a", "name": "A"})
	h.check(t, "root@example.org create categories []")
	if h.only(t).GetString("actor") != h.root.Id {
		t.Error("not the superuser's id")
	}
}

func TestBatchHasARowForEachRequest(t *testing.T) {
	h := open(t)
	h.Settings().Batch.Enabled = true
	one := h.category(t, "one")
	h.forget(t)
	h.ok(t, h.clerk, "POST", "/api/batch", m{"requests": []m{
		{"method": "POST", "url": categories, "body": m{"code": "x", "name": "X"}},
		{"method": "PATCH", "url": categories + "/" + one.Id, "body": m{"name": "Two"}},
		{"method": "DELETE", "url": categories + "/" + one.Id},
	}})
	h.check(t, "clerk create categories []", `clerk update categories ["name"]`, "clerk delete categories []")
}

func TestBatchThatFailsLeavesNoRow(t *testing.T) {
	h := open(t)
	h.Settings().Batch.Enabled = true
	a := h.Do(t, h.clerk, "POST", "/api/batch", m{"requests": []m{
		{"method": "POST", "url": categories, "body": m{"code": "x", "name": "X"}},
		{"method": "POST", "url": categories, "body": m{"code": "x", "name": "X"}},
	}})
	if a.Status != 400 {
		t.Fatalf("status %d", a.Status)
	}
	h.check(t)
}

func TestRefusedChangeLeavesNoRow(t *testing.T) {
	h := open(t)
	if a := h.Do(t, h.patron, "POST", categories, m{"code": "a", "name": "A"}); a.Status != 400 {
		t.Fatal(a.Status)
	}
	h.check(t)
}

// The row and its change are one: neither without the other.
func TestNoRowWithoutItsChange(t *testing.T) {
	h := open(t)
	c := h.category(t, "one")
	h.forget(t)
	fail := errors.New("no")
	err := h.RunInTransaction(func(tx core.App) error {
		c.Set("name", "two")
		if err := tx.Save(c); err != nil {
			return err
		}
		return fail
	})
	if !errors.Is(err, fail) {
		t.Fatal(err)
	}
	h.check(t)
}

func TestNoChangeWithoutItsRow(t *testing.T) {
	h := open(t)
	c := h.category(t, "one")
	h.sql(t, "CREATE TRIGGER full BEFORE INSERT ON audit_logs BEGIN SELECT RAISE(ABORT, 'full'); END", nil)
	for method, body := range map[string]any{"PATCH": m{"name": "two"}, "DELETE": nil} {
		if a := h.Do(t, h.librarian, method, categories+"/"+c.Id, body); a.Status < 400 {
			t.Errorf("%s: %d", method, a.Status)
		}
	}
	if a := h.Do(t, h.librarian, "POST", categories, m{"code": "a", "name": "A"}); a.Status < 400 {
		t.Errorf("POST: %d", a.Status)
	}
	if got := h.fresh(t, c).GetString("name"); got != "one" {
		t.Errorf("the name is %q", got)
	}
	if n, err := h.CountRecords(schema.Categories); err != nil || n != 1 {
		t.Errorf("%d categories, %v", n, err)
	}
}

func TestSaveThatChangesNothingLeavesNoRow(t *testing.T) {
	h := open(t)
	c := h.category(t, "one")
	h.forget(t)
	h.ok(t, h.librarian, "PATCH", categories+"/"+c.Id, m{"name": "one"})
	h.check(t)
}

// Original is stale where a record is made and saved again in one go.
func TestChangesAreAgainstWhatIsStored(t *testing.T) {
	h := open(t)
	c := h.category(t, "one")
	h.forget(t)
	c.Set("description", "x")
	if err := h.Save(c); err != nil {
		t.Fatal(err)
	}
	h.check(t, `job update categories ["description"]`)
}

func TestServerActsAsJobAndRoutesByContext(t *testing.T) {
	h := open(t)
	c := h.category(t, "one")
	c.Set("name", "two")
	err := h.SaveWithContext(actor.With(context.Background(), actor.Actor{ID: "x", Name: "Ann", IP: "192.0.2.1"}), c)
	if err != nil {
		t.Fatal(err)
	}
	h.check(t, "job create categories []", `Ann update categories ["name"]`)
}

// What a save makes others do is by the same person.
func TestNestedSavesAreByTheSameActor(t *testing.T) {
	h := open(t)
	h.OnRecordCreateExecute(schema.Categories).BindFunc(func(e *core.RecordEvent) error { return e.Next() })
	h.OnRecordCreateExecute(schema.Categories).Bind(on("test", func(e *core.RecordEvent) error {
		if err := e.Next(); err != nil || e.Record.GetString("code") == "echo" {
			return err
		}
		echo := core.NewRecord(e.Record.Collection())
		echo.Set("code", "echo")
		echo.Set("name", "echo")
		return e.App.Save(echo)
	}, 200))
	h.ok(t, h.librarian, "POST", categories, m{"code": "a", "name": "A"})
	h.check(t, "librarian create categories []", "librarian create categories []")
}

func TestImportedRecordsHaveNoRowsButTheImport(t *testing.T) {
	h := open(t)
	c := core.NewRecord(h.category(t, "one").Collection())
	h.forget(t)
	c.Set("code", "two")
	c.Set("name", "two")
	if err := h.SaveWithContext(quiet.With(context.Background()), c); err != nil {
		t.Fatal(err)
	}
	c.Set("name", "three")
	if err := h.SaveWithContext(quiet.With(context.Background()), c); err != nil {
		t.Fatal(err)
	}
	if err := Imported(h, "2 categories"); err != nil {
		t.Fatal(err)
	}
	h.check(t, "command import  []")
	if got := h.only(t).GetString("note"); got != "2 categories" {
		t.Errorf("note %q", got)
	}
}

func TestDeletedDocumentIsOneRow(t *testing.T) {
	h := open(t)
	doc := testapp.Document(t, h, h.patron, "private")
	testapp.Share(t, h, doc, h.other)
	h.forget(t)
	h.ok(t, h.patron, "DELETE", documents+"/"+doc.Id, nil)
	h.check(t, "patron delete documents []")
}

func TestDeletedPatronIsOneRowAndLosesTheirName(t *testing.T) {
	h := open(t)
	c := h.category(t, "one")
	doc := testapp.Document(t, h, h.clerk, "private")
	h.forget(t)
	h.ok(t, h.clerk, "PATCH", categories+"/"+c.Id, m{"name": "two"})
	h.ok(t, h.admin, "DELETE", users+"/"+h.clerk.Id, nil)
	h.check(t, `deleted patron update categories ["name"]`, "admin delete users []")
	for _, r := range h.records(t) {
		if strings.Contains(fmt.Sprint(r.FieldsData()), "clerk") {
			t.Errorf("the name is left in %v", r)
		}
	}
	if rows := h.records(t); rows[0].GetString("actor") != h.clerk.Id || rows[1].GetString("record") != h.clerk.Id {
		t.Error("the id is gone")
	}
	if h.fresh(t, doc).GetString("owner") != "" {
		t.Error("the document still has its owner")
	}
}

func TestWhoDeletesThemselfLosesTheirName(t *testing.T) {
	h := open(t)
	h.ok(t, h.admin, "DELETE", users+"/"+h.admin.Id, nil)
	h.check(t, "deleted patron delete users []")
}

func TestDeletionThatFailsKeepsTheName(t *testing.T) {
	h := open(t)
	c := h.category(t, "one")
	h.forget(t)
	h.ok(t, h.clerk, "PATCH", categories+"/"+c.Id, m{"name": "two"})
	h.sql(t, "CREATE TRIGGER stay BEFORE DELETE ON users BEGIN SELECT RAISE(ABORT, 'stay'); END", nil)
	if a := h.Do(t, h.admin, "DELETE", users+"/"+h.clerk.Id, nil); a.Status < 400 {
		t.Fatal(a.Status)
	}
	h.check(t, `clerk update categories ["name"]`)
}

func TestPasswordRoleStateAndSessionsHaveTheirOwnActions(t *testing.T) {
	h := open(t)
	at := users + "/" + h.patron.Id
	h.ok(t, h.admin, "PATCH", at, m{"password": "another-good-one", "passwordConfirm": "another-good-one"})
	h.ok(t, h.admin, "PATCH", at, m{"role": schema.RoleLibrarian})
	h.ok(t, h.admin, "PATCH", at, m{"state": "inactive"})
	h.ok(t, h.admin, "PATCH", at, m{"name": "Pat"})
	p := h.fresh(t, h.patron)
	p.RefreshTokenKey()
	if err := h.SaveWithContext(actor.With(context.Background(), actor.Actor{Name: "Ann"}), p); err != nil {
		t.Fatal(err)
	}
	h.check(t, `admin password users ["password"]`, `admin role users ["role"]`, `admin state users ["state"]`,
		`admin update users ["name"]`, `Ann sessions users ["tokenKey"]`)
}

func TestRowsHoldNamesOfFieldsAndNoValues(t *testing.T) {
	h := open(t)
	doc := testapp.Document(t, h, h.patron, "private")
	h.forget(t)
	doc.Set("observations", "very secret words")
	if err := h.Save(doc); err != nil {
		t.Fatal(err)
	}
	h.ok(t, h.admin, "PATCH", users+"/"+h.patron.Id, m{"password": "another-good-one", "passwordConfirm": "another-good-one"})
	for _, r := range h.records(t) {
		if all := fmt.Sprint(r.FieldsData()); strings.Contains(all, "secret") || strings.Contains(all, "good") || strings.Contains(all, "$2a$") {
			t.Errorf("a value is in %s", all)
		}
	}
	h.check(t, `job update documents ["observations"]`, `admin password users ["password"]`)
}

func TestReadMarksDatesOfUseAndPreviewsLeaveNoRow(t *testing.T) {
	h := open(t)
	n, err := h.FindCollectionByNameOrId(schema.Notifications)
	if err != nil {
		t.Fatal(err)
	}
	notice := core.NewRecord(n)
	notice.Load(m{"user": h.patron.Id, "title": "T", "kind": "message"})
	if err := h.Save(notice); err != nil {
		t.Fatal(err)
	}
	doc := testapp.Document(t, h, h.patron, "private")
	h.forget(t)
	h.ok(t, h.patron, "PATCH", "/api/collections/notifications/records/"+notice.Id, m{"readAt": "2026-01-01 00:00:00.000Z"})
	doc.Load(m{"state": "failed", "stateDetail": "preview_broken", "pages": 3})
	if err := h.Save(doc); err != nil {
		t.Fatal(err)
	}
	h.check(t)
	doc.Load(m{"state": "ready", "authors": []string{"Ann"}})
	if err := h.Save(doc); err != nil {
		t.Fatal(err)
	}
	h.check(t, `job update documents ["authors","state"]`)
}

func TestJobsAndTheAuditItselfAreNotAudited(t *testing.T) {
	h := open(t)
	jobs, err := h.FindCollectionByNameOrId(schema.Jobs)
	if err != nil {
		t.Fatal(err)
	}
	job := core.NewRecord(jobs)
	job.Load(m{"kind": "k", "key": "k", "state": "queued", "runAt": "2026-01-01 00:00:00.000Z"})
	if err := h.Save(job); err != nil {
		t.Fatal(err)
	}
	if err := h.Delete(job); err != nil {
		t.Fatal(err)
	}
	h.check(t)
	h.ok(t, h.clerk, "POST", logs, m{"action": "note", "note": "hello"})
	h.check(t, "clerk note  []")
}

func TestLongUserAgentIsCutBetweenCharacters(t *testing.T) {
	h := open(t)
	h.ok(t, h.librarian, "POST", categories, m{"code": "a", "name": "A"}, "User-Agent", strings.Repeat("é", 800))
	if got := h.only(t).GetString("userAgent"); got != strings.Repeat("é", 750) {
		t.Errorf("%d bytes: %.20q…", len(got), got)
	}
}

func TestAddressIsAProxysWordOnlyWhereSet(t *testing.T) {
	h := open(t)
	h.ok(t, h.librarian, "POST", categories, m{"code": "a", "name": "A"}, "X-Forwarded-For", "203.0.113.7", "X-Real-IP", "203.0.113.7")
	if got := h.only(t).GetString("ip"); got != "127.0.0.1" {
		t.Errorf("address %q without a trusted proxy", got)
	}
	h.forget(t)
	h.Settings().TrustedProxy.Headers = []string{"X-Forwarded-For"}
	h.ok(t, h.librarian, "POST", categories, m{"code": "b", "name": "A"}, "X-Forwarded-For", "203.0.113.7")
	if got := h.only(t).GetString("ip"); got != "203.0.113.7" {
		t.Errorf("address %q behind a trusted proxy", got)
	}
}
