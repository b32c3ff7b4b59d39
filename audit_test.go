package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/hooks/accounts"
	"onlibrary/internal/config"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// audited are the audit's rows, oldest first, as "actorName action collection".
func audited(t *testing.T, app core.App) []string {
	t.Helper()
	var all []*core.Record
	if err := app.RecordQuery(schema.AuditLogs).OrderBy("rowid").All(&all); err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, r := range all {
		out = append(out, r.GetString("actorName")+" "+r.GetString("action")+" "+r.GetString("collection"))
	}
	return out
}

func forget(t *testing.T, app core.App) {
	t.Helper()
	if _, err := app.NonconcurrentDB().Delete(schema.AuditLogs, nil).Execute(); err != nil {
		t.Fatal(err)
	}
}

func wantRows(t *testing.T, app core.App, want ...string) {
	t.Helper()
	var got []string
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if got = audited(t, app); len(got) >= len(want) {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("rows %q, want %q", got, want)
	}
}

func ask(t *testing.T, who *core.Record, method, url, contentType string, body io.Reader) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	if who != nil {
		request.Header.Set("Authorization", testapp.Token(t, who))
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode
}

func askJSON(t *testing.T, who *core.Record, method, url string, body any) int {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return ask(t, who, method, url, "application/json", bytes.NewReader(raw))
}

func TestSetUpIsAudited(t *testing.T) {
	app, server := open(t)
	path, err := accounts.SetupPath(app, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	forget(t, app)
	_, token, _ := strings.Cut(path, "token=")
	status := askJSON(t, nil, "POST", server.URL+"/api/library/setup", map[string]string{
		"token": token, "libraryName": "Books", "email": "ada@example.org", "password": testapp.Password, "name": "Ada",
	})
	if status != http.StatusOK {
		t.Fatal(status)
	}
	wantRows(t, app, "guest update library", "guest create _superusers", "guest create users")
}

func TestCopiedRoleIsByWhoCopiedIt(t *testing.T) {
	app, server := open(t)
	admin := testapp.User(t, app, "admin", schema.RoleAdmin)
	forget(t, app)
	if status := askJSON(t, admin, "POST", server.URL+"/api/library/roles/"+schema.RoleVisitor+"/copy", struct{}{}); status != http.StatusOK {
		t.Fatal(status)
	}
	wantRows(t, app, "admin create roles")
}

func TestUserCommandIsAuditedAsACommand(t *testing.T) {
	app := testapp.New(t)
	h, err := bind(app, config.Config{DataDir: app.DataDir()})
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"create --username pupil", "deactivate pupil", "set-role pupil librarian"} {
		c := accounts.Command(app, h.accounts)
		c.SetIn(strings.NewReader("a-good-password\n"))
		c.SetOut(io.Discard)
		c.SetArgs(strings.Fields(args))
		if err := c.Execute(); err != nil {
			t.Fatal(err)
		}
	}
	wantRows(t, app, "command create users", "command state users", "command role users")
}

// An upload is one row: what the preview finds out about the file is none.
func TestUploadIsOneRow(t *testing.T) {
	app, server := open(t)
	owner := testapp.User(t, app, "owner", schema.RoleCustomer)
	forget(t, app)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "quiet.txt")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(part, "a quiet text\n")
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	if status := ask(t, owner, "POST", server.URL+"/api/collections/documents/records", form.FormDataContentType(), &body); status != http.StatusOK {
		t.Fatal(status)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if docs, err := app.FindAllRecords(schema.Documents, dbx.HashExp{"state": schema.DocumentReady}); err == nil && len(docs) == 1 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the document does not get ready")
		}
	}
	wantRows(t, app, "owner create documents")
}

func TestPatronWithAHistoryLeavesOneRow(t *testing.T) {
	app, server := open(t)
	admin, patron := testapp.User(t, app, "admin", schema.RoleAdmin), testapp.User(t, app, "patron", schema.RoleCustomer)
	doc := testapp.Document(t, app, patron, schema.VisibilityPrivate)
	testapp.Share(t, app, testapp.Document(t, app, admin, schema.VisibilityPrivate), patron)
	forget(t, app)
	if status := askJSON(t, patron, "PATCH", server.URL+"/api/collections/documents/records/"+doc.Id, map[string]string{"title": "New"}); status != http.StatusOK {
		t.Fatal(status)
	}
	if status := ask(t, admin, "DELETE", server.URL+"/api/collections/users/records/"+patron.Id, "", nil); status != http.StatusNoContent {
		t.Fatal(status)
	}
	wantRows(t, app, "deleted patron update documents", "admin delete users")
}

func TestGuessesPastTheLimitHaveNoRow(t *testing.T) {
	app, server := open(t)
	testapp.User(t, app, "patron", schema.RoleCustomer)
	forget(t, app)
	var last int
	for range 13 {
		last = askJSON(t, nil, "POST", server.URL+"/api/collections/users/auth-with-password", map[string]string{"identity": "patron", "password": "wrong"})
	}
	if last != http.StatusTooManyRequests {
		t.Fatal(last)
	}
	want := make([]string, 10)
	for i := range want {
		want[i] = "guest loginFailed users"
	}
	wantRows(t, app, want...)
}
