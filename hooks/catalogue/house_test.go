package catalogue

import (
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tests"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// house is an app with this room in it, served, and with people.
type house struct {
	*tests.TestApp
	*testapp.Server
	owner, other, librarian, admin, visitor, root *core.Record
}

func open(t testing.TB) *house {
	t.Helper()
	app := testapp.New(t)
	Bind(app, Deps{
		Text:     func(language, key string, _ map[string]any) string { return language + " " + key },
		Language: func(*core.RequestInfo) string { return "en" },
		Now:      time.Now,
	})
	return &house{
		TestApp: app, Server: testapp.Serve(t, app),
		owner: testapp.User(t, app, "owner", schema.RoleCustomer), other: testapp.User(t, app, "other", schema.RoleCustomer),
		librarian: testapp.User(t, app, "librarian", schema.RoleLibrarian), admin: testapp.User(t, app, "admin", schema.RoleAdmin),
		visitor: testapp.User(t, app, "visitor", schema.RoleVisitor), root: testapp.Superuser(t, app),
	}
}

const records = "/api/collections/documents/records"

func text(name, content string) testapp.File {
	return testapp.File{Name: name, Content: []byte(content)}
}
