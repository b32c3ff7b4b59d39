package flask_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"onlibrary/internal/flask"
	"onlibrary/internal/schema"
)

func TestGrantsBecomePermissions(t *testing.T) {
	t.Parallel()
	for grant, want := range map[string]string{
		"GET /documents": schema.DocumentsRead, "POST /documents": schema.DocumentsCreate, "PUT /documents/:id": schema.DocumentsManage,
		"PUT /documents/<int:id>": schema.DocumentsManage, "post /documents/": schema.DocumentsCreate,
		"POST /document-categories": schema.CategoriesManage, "PUT /cities/:id": schema.PlacesManage, "PUT /users/:id/role": schema.UsersManage,
		"POST /roles/:id/copy": schema.RolesManage, "DELETE /role-web-actions/:id": schema.RolesManage,
		"POST /send-push-notification-message": schema.NotificationsSend, "POST /logs": schema.AuditWrite, "GET /logs": schema.AuditRead,
		"GET /users": "", "GET /notifications": "", "DELETE /logs/:id": "", "GET /nowhere": "", "POST /documents/:id/share": "", "OPTIONS *": "",
	} {
		method, route, _ := strings.Cut(grant, " ")
		got, why := flask.Mean(method, route)
		if strings.Join(got, " ") != want || (want == "") != (why != "") {
			t.Errorf("%s: %v, %q; want %q", grant, got, why, want)
		}
	}
}

func TestAGrantToReadNeverWrites(t *testing.T) {
	t.Parallel()
	got, _ := flask.Mean("GET", "*")
	if slices.Sort(got); !slices.Equal(got, []string{schema.AuditRead, schema.DocumentsRead}) {
		t.Errorf("GET * becomes %v", got)
	}
	if got, why := flask.Mean("PATCH", "*"); len(got) > 0 || why == "" {
		t.Errorf("PATCH * becomes %v, %q", got, why)
	}
}

func TestEveryGuardedRouteHasAMeaning(t *testing.T) {
	t.Parallel()
	guarded := strings.Fields(`POST/files/upload POST/send-socketio-message POST/send-push-notification-message GET/routes
		GET/users POST/users GET/users/:id PUT/users/:id DELETE/users/:id PUT/users/:id/is-active PUT/users/:id/role PATCH/users/:id/fcm-token
		GET/roles POST/roles GET/roles/:id PUT/roles/:id DELETE/roles/:id POST/roles/:id/copy
		GET/role-api-routes POST/role-api-routes DELETE/role-api-routes/:id GET/role-web-actions POST/role-web-actions DELETE/role-web-actions/:id
		GET/role-mobile-actions POST/role-mobile-actions DELETE/role-mobile-actions/:id
		GET/ufs POST/ufs GET/ufs/:id PUT/ufs/:id DELETE/ufs/:id GET/cities POST/cities GET/cities/:id PUT/cities/:id DELETE/cities/:id
		POST/document-categories PUT/document-categories/:id DELETE/document-categories/:id
		GET/documents POST/documents PUT/documents/:id DELETE/documents/:id POST/documents/:id/share POST/documents/:id/notify_expiration
		POST/document-models DELETE/document-models/:id DELETE/document-sharings/:id
		GET/notifications POST/notifications PUT/notifications/:id DELETE/notifications/:id POST/logs DELETE/logs/:id`)
	if len(guarded) != 55 {
		t.Fatalf("%d routes", len(guarded))
	}
	for _, grant := range guarded {
		at := strings.Index(grant, "/")
		if _, why := flask.Mean(grant[:at], grant[at:]); strings.Contains(why, "no such route") {
			t.Errorf("%s has no meaning", grant)
		}
	}
}

func TestTheTableOfGrantsIsInTheDocs(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../../docs/moving-from-flask.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	if err := flask.PrintMeanings(&table); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(docs), table.String()) {
		t.Errorf("docs/moving-from-flask.md lacks this table, which `onlibrary import flask --print-grants` prints:\n%s", table.String())
	}
}
