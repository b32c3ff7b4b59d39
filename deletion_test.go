package main

import (
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// history is a patron who has one of all that a patron can have.
type history struct {
	app           core.App
	url           string
	patron, admin *core.Record
	document      *core.Record // private, the patron's
}

func withHistory(t *testing.T) *history {
	t.Helper()
	app, server := open(t)
	h := &history{app: app, url: server.URL}
	h.admin, h.patron = testapp.User(t, app, "admin", schema.RoleAdmin), testapp.User(t, app, "patron", schema.RoleCustomer)
	picture, err := filesystem.NewFileFromBytes([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU"), "me.png")
	if err != nil {
		t.Fatal(err)
	}
	h.patron.Set("avatar", picture)
	h.save(t, h.patron)
	other := testapp.User(t, app, "other", schema.RoleCustomer)
	h.document = testapp.Document(t, app, h.patron, schema.VisibilityPrivate)
	testapp.Share(t, app, h.document, other)                                                     // given
	testapp.Share(t, app, testapp.Document(t, app, h.admin, schema.VisibilityPrivate), h.patron) // got
	h.make(t, schema.Notifications, map[string]any{"user": h.patron.Id, "title": "A word", "kind": schema.KindMessage})
	h.make(t, schema.Devices, map[string]any{"user": h.patron.Id, "token": "phone", "platform": "android"})
	origin := core.NewAuthOrigin(app)
	origin.SetCollectionRef(h.patron.Collection().Id)
	origin.SetRecordRef(h.patron.Id)
	origin.SetFingerprint("a browser")
	external := core.NewExternalAuth(app)
	external.SetCollectionRef(h.patron.Collection().Id)
	external.SetRecordRef(h.patron.Id)
	external.SetProvider("oidc")
	external.SetProviderId("patron")
	otp := core.NewOTP(app)
	otp.SetCollectionRef(h.patron.Collection().Id)
	otp.SetRecordRef(h.patron.Id)
	otp.SetPassword("12345678")
	mfa := core.NewMFA(app)
	mfa.SetCollectionRef(h.patron.Collection().Id)
	mfa.SetRecordRef(h.patron.Id)
	mfa.SetMethod(core.MFAMethodPassword)
	for _, r := range []core.Model{origin, external, otp, mfa} {
		h.save(t, r)
	}
	if status := askJSON(t, h.patron, "PATCH", h.url+"/api/collections/documents/records/"+h.document.Id, map[string]string{"title": "Mine"}); status != http.StatusOK {
		t.Fatal(status)
	}
	return h
}

func (h *history) save(t *testing.T, r core.Model) {
	t.Helper()
	if err := h.app.Save(r); err != nil {
		t.Fatal(err)
	}
}

func (h *history) make(t *testing.T, collection string, fields map[string]any) {
	t.Helper()
	c, err := h.app.FindCollectionByNameOrId(collection)
	if err != nil {
		t.Fatal(err)
	}
	r := core.NewRecord(c)
	r.Load(fields)
	h.save(t, r)
}

func (h *history) delete(t *testing.T, as *core.Record) int {
	t.Helper()
	return ask(t, as, "DELETE", h.url+"/api/collections/users/records/"+h.patron.Id, "", nil)
}

func (h *history) count(t *testing.T, collection string, where dbx.HashExp) int64 {
	t.Helper()
	n, err := h.app.CountRecords(collection, where)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDeletedPatronsDocumentsStayForStaffAlone(t *testing.T) {
	h := withHistory(t)
	if status := h.delete(t, h.admin); status != http.StatusNoContent {
		t.Fatal(status)
	}
	doc, err := h.app.FindRecordById(schema.Documents, h.document.Id)
	if err != nil || doc.GetString("owner") != "" || doc.GetString("title") != "Mine" || doc.GetString("file") == "" {
		t.Fatalf("%v %v", doc, err)
	}
	other, err := h.app.FindFirstRecordByData(schema.Users, "username", "other")
	if err != nil {
		t.Fatal(err)
	}
	at := h.url + "/api/collections/documents/records/" + doc.Id
	for who, as := range map[*core.Record]int{h.admin: 200, testapp.User(t, h.app, "eve", schema.RoleCustomer): 404, nil: 404, other: 404} {
		if status := ask(t, who, "GET", at, "", nil); status != as {
			t.Errorf("%v: %d, want %d", who, status, as)
		}
	}
	file := h.url + "/api/files/documents/" + doc.Id + "/" + doc.GetString("file") + "?token=" + testapp.FileToken(t, h.admin)
	if status := ask(t, nil, "GET", file, "", nil); status != http.StatusOK {
		t.Errorf("the file for staff: %d", status)
	}
}

func TestDeletedPatronsOwnThingsGo(t *testing.T) {
	h := withHistory(t)
	for _, collection := range []string{schema.Notifications, schema.Devices} {
		if h.count(t, collection, dbx.HashExp{"user": h.patron.Id}) == 0 {
			t.Fatalf("no %s to begin with", collection)
		}
	}
	if status := h.delete(t, h.admin); status != http.StatusNoContent {
		t.Fatal(status)
	}
	for _, collection := range []string{schema.Notifications, schema.Devices, schema.DocumentShares} {
		if n := h.count(t, collection, dbx.HashExp{"user": h.patron.Id}); n != 0 {
			t.Errorf("%d of %s are left", n, collection)
		}
	}
	if n := h.count(t, schema.DocumentShares, dbx.HashExp{"document": h.document.Id}); n != 0 {
		t.Errorf("%d shares of their document are left", n)
	}
	for _, collection := range []string{core.CollectionNameExternalAuths, core.CollectionNameMFAs, core.CollectionNameOTPs, core.CollectionNameAuthOrigins} {
		if n := h.count(t, collection, dbx.HashExp{"recordRef": h.patron.Id}); n != 0 {
			t.Errorf("%d of %s are left", n, collection)
		}
	}
}

func TestDeletedPatronsPictureGoes(t *testing.T) {
	h := withHistory(t)
	files := func() (found []string) {
		err := filepath.WalkDir(filepath.Join(h.app.DataDir(), "storage"), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && strings.Contains(path, h.patron.Id) {
				found = append(found, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if len(files()) == 0 {
		t.Fatal("no picture to begin with")
	}
	if status := h.delete(t, h.admin); status != http.StatusNoContent {
		t.Fatal(status)
	}
	for end := time.Now().Add(5 * time.Second); len(files()) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("left: %v", files())
		}
	}
}

func TestDeletedPatronsAuditStaysWithoutTheName(t *testing.T) {
	h := withHistory(t)
	if status := h.delete(t, h.admin); status != http.StatusNoContent {
		t.Fatal(status)
	}
	rows, err := h.app.FindAllRecords(schema.AuditLogs, dbx.HashExp{"actor": h.patron.Id})
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	for _, row := range rows {
		if row.GetString("actorName") != "deleted patron" {
			t.Errorf("%v", row.FieldsData())
		}
	}
	if h.count(t, schema.AuditLogs, dbx.HashExp{"record": h.patron.Id, "action": "delete", "actor": h.admin.Id}) != 1 {
		t.Error("the deletion is not kept")
	}
	if n := h.count(t, schema.AuditLogs, dbx.HashExp{"action": "delete", "actor": h.admin.Id}); n != 1 {
		t.Errorf("%d rows for one deletion", n)
	}
}

func TestWhoDeletesAPatron(t *testing.T) {
	h := withHistory(t)
	librarian := testapp.User(t, h.app, "librarian", schema.RoleLibrarian)
	for who, as := range map[string]*core.Record{"guest": nil, "themself": h.patron, "librarian": librarian} {
		if status := h.delete(t, as); status != http.StatusNotFound {
			t.Errorf("%s: %d", who, status)
		}
	}
	if status := h.delete(t, testapp.Superuser(t, h.app)); status != http.StatusNoContent {
		t.Errorf("superuser: %d", status)
	}
}
