// Package testapp gives tests a fresh app on a real database with the real
// migrations, and builders for the records they need. For tests only.
package testapp

import (
	"testing"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tests"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	"onlibrary/internal/filter"
	"onlibrary/internal/rules"
	"onlibrary/internal/schema"
	_ "onlibrary/pb_migrations" // the schema under test
)

// Password is the password of every user and superuser that this package makes.
const Password = "reading-room-1"

// hash is Password's, of the least cost: PocketBase's takes 50 ms a user.
const hash = "$2a$04$T/VVVQx7/0y1bvc7yluZ0OHeKYF2mZKSv6qKDKAXAGHAytGOhu5hO"

// New returns a fresh app, every migration applied, rate limits off. It is
// closed when the test ends.
func New(t testing.TB) *tests.TestApp {
	t.Helper()
	rules.Register()
	filter.Register()
	app, err := tests.NewTestApp(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.Cleanup)
	app.Settings().RateLimits.Enabled = false
	return app
}

// User makes an active, verified user with the given username and role id;
// each change is applied before it is saved.
func User(t testing.TB, app core.App, username, role string, changes ...func(*core.Record)) *core.Record {
	t.Helper()
	r := core.NewRecord(collection(t, app, schema.Users))
	r.Set("username", username)
	r.Set("usernameKey", username)
	r.Set("name", username)
	r.SetEmail(username + "@example.org")
	r.SetVerified(true)
	r.SetRaw(core.FieldNamePassword, &core.PasswordFieldValue{Hash: hash})
	r.Set("role", role)
	r.Set("state", schema.StateActive)
	save(t, app, r, changes)
	return r
}

// Document makes a small text document that owner owns (nil: nobody) with the
// given visibility.
func Document(t testing.TB, app core.App, owner *core.Record, visibility string, changes ...func(*core.Record)) *core.Record {
	t.Helper()
	f, err := filesystem.NewFileFromBytes([]byte("a quiet text\n"), "quiet.txt")
	if err != nil {
		t.Fatal(err)
	}
	r := core.NewRecord(collection(t, app, schema.Documents))
	r.Set("file", f)
	r.Set("title", "Quiet")
	r.Set("code", core.GenerateDefaultRandomId())
	r.Set("visibility", visibility)
	r.Set("state", schema.DocumentReady)
	if owner != nil {
		r.Set("owner", owner.Id)
	}
	save(t, app, r, changes)
	return r
}

// Share lets user read document.
func Share(t testing.TB, app core.App, document, user *core.Record) *core.Record {
	t.Helper()
	r := core.NewRecord(collection(t, app, schema.DocumentShares))
	r.Set("document", document.Id)
	r.Set("user", user.Id)
	save(t, app, r, nil)
	return r
}

// Superuser makes a superuser.
func Superuser(t testing.TB, app core.App) *core.Record {
	t.Helper()
	r := core.NewRecord(collection(t, app, core.CollectionNameSuperusers))
	r.SetEmail("root@example.org")
	r.SetRaw(core.FieldNamePassword, &core.PasswordFieldValue{Hash: hash})
	save(t, app, r, nil)
	return r
}

// Token returns an auth token of the user or superuser.
func Token(t testing.TB, r *core.Record) string {
	t.Helper()
	token, err := r.NewAuthToken()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func collection(t testing.TB, app core.App, name string) *core.Collection {
	t.Helper()
	c, err := app.FindCollectionByNameOrId(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func save(t testing.TB, app core.App, r *core.Record, changes []func(*core.Record)) {
	t.Helper()
	for _, change := range changes {
		change(r)
	}
	if err := app.Save(r); err != nil {
		t.Fatalf("saving %s: %v", r.Collection().Name, err)
	}
}
