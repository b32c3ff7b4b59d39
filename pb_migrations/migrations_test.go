package pb_migrations_test

import (
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

func TestUpDownUp(t *testing.T) {
	app := testapp.New(t)
	runner := core.NewMigrationsRunner(app, core.AppMigrations)
	n := len(core.AppMigrations.Items())
	down, err := runner.Down(n)
	if err != nil {
		t.Fatal(err)
	}
	if len(down) != n {
		t.Fatalf("undid %d of %d migrations", len(down), n)
	}
	if _, err := app.FindCollectionByNameOrId(schema.Documents); err == nil {
		t.Fatal("documents survived going down")
	}
	if _, err := runner.Up(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []string{schema.Users, schema.Roles, schema.Library, schema.LibrarySettings, schema.Categories, schema.Documents, schema.DocumentShares, schema.Jobs} {
		if _, err := app.FindCollectionByNameOrId(c); err != nil {
			t.Errorf("%s: %v", c, err)
		}
	}
}
