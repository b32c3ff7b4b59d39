package audit

import (
	"fmt"
	"strings"
	"testing"

	"onlibrary/internal/schema"
)

func TestSettingsAreKeptBySectionWithoutSecrets(t *testing.T) {
	h := open(t)
	h.ok(t, h.root, "PATCH", "/api/settings", m{"smtp": m{"enabled": true, "host": "mail.example.org", "port": 25, "password": "hunter22"}, "meta": m{"appName": "Books"}})
	h.check(t, `root@example.org settings  ["meta","smtp"]`)
	if all := fmt.Sprint(h.only(t).FieldsData()); strings.Contains(all, "hunter22") {
		t.Error(all)
	}
	h.forget(t)
	h.ok(t, h.root, "PATCH", "/api/settings", m{"smtp": m{"password": "hunter23"}})
	h.check(t, `root@example.org settings  ["smtp"]`)
	h.forget(t)
	h.ok(t, h.root, "PATCH", "/api/settings", m{"meta": m{"appName": "Books"}})
	h.check(t)
}

func TestSettingsRefusedLeaveNoRow(t *testing.T) {
	h := open(t)
	if a := h.Do(t, h.root, "PATCH", "/api/settings", m{"meta": m{"appName": ""}}); a.Status != 400 {
		t.Fatal(a.Status)
	}
	if a := h.Do(t, h.admin, "PATCH", "/api/settings", m{"meta": m{"appName": "x"}}); a.Status != 403 {
		t.Fatal(a.Status)
	}
	h.check(t)
}

func TestLibrarySettingsAreKept(t *testing.T) {
	h := open(t)
	h.ok(t, h.admin, "PATCH", "/api/collections/library_settings/records/"+schema.LibrarySettingsID, m{"maxLoans": 7})
	h.ok(t, h.admin, "PATCH", "/api/collections/library/records/"+schema.LibraryID, m{"signup": "closed"})
	h.ok(t, h.admin, "POST", "/api/collections/roles/records", m{"name": "New", "permissions": []string{"audit.read"}})
	h.check(t, `admin update library_settings ["maxLoans"]`, `admin update library ["signup"]`, "admin create roles []")
}

func TestCollectionsThatASuperuserChangesAreKept(t *testing.T) {
	h := open(t)
	h.ok(t, h.root, "POST", "/api/collections", m{"name": "extras", "type": "base"})
	h.ok(t, h.root, "PATCH", "/api/collections/extras", m{"listRule": ""})
	h.ok(t, h.root, "PUT", "/api/collections/import", m{"collections": []m{{"name": "more", "type": "base", "fields": []m{}}}})
	h.ok(t, h.root, "DELETE", "/api/collections/extras", nil)
	h.check(t, "root@example.org create _collections []", "root@example.org update _collections []",
		"root@example.org create _collections []", "root@example.org delete _collections []")
	if got := h.records(t)[0].GetString("record"); got != "extras" {
		t.Errorf("record %q", got)
	}
}

// Migrations are a history of their own.
func TestCollectionsThatTheProgramChangesLeaveNoRow(t *testing.T) {
	h := open(t)
	c, err := h.FindCollectionByNameOrId(schema.Categories)
	if err != nil {
		t.Fatal(err)
	}
	c.ListRule = nil
	if err := h.Save(c); err != nil {
		t.Fatal(err)
	}
	h.check(t)
}

func TestEmptiedCollectionHasARowARecord(t *testing.T) {
	h := open(t)
	h.category(t, "one")
	h.category(t, "two")
	h.forget(t)
	h.ok(t, h.root, "DELETE", "/api/collections/categories/truncate", nil)
	h.check(t, "root@example.org delete categories []", "root@example.org delete categories []")
}

func TestStatementsOfASuperuserAreKeptWithoutTheirText(t *testing.T) {
	h := open(t)
	h.ok(t, h.root, "POST", "/api/sql", m{"query": "SELECT 'hunter22'"})
	h.check(t, "root@example.org sql  []")
	if all := fmt.Sprint(h.only(t).FieldsData()); strings.Contains(all, "hunter22") {
		t.Error(all)
	}
	if a := h.Do(t, h.admin, "POST", "/api/sql", m{"query": "SELECT 1"}); a.Status != 403 {
		t.Error(a.Status)
	}
}

func TestBackupsAreKept(t *testing.T) {
	h := open(t)
	h.ok(t, h.root, "POST", "/api/backups", m{"name": "one.zip"})
	h.ok(t, h.root, "DELETE", "/api/backups/one.zip", nil)
	h.check(t, "root@example.org backup _backups []", "root@example.org delete _backups []")
	h.forget(t)
	if err := h.CreateBackup(t.Context(), "two.zip"); err != nil {
		t.Fatal(err)
	}
	h.check(t, "job backup _backups []")
}
