package pb_migrations_test

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

func collections() []string {
	return []string{
		schema.Users, schema.Roles, schema.Library, schema.LibrarySettings, schema.Categories, schema.Documents, schema.DocumentShares, schema.Jobs,
		schema.Notifications, schema.Devices, schema.DocumentLinks, schema.AuditLogs, schema.Regions, schema.Cities,
	}
}

func TestUpDownUp(t *testing.T) {
	app := testapp.New(t)
	for _, name := range []string{"ann", "bob"} {
		testapp.User(t, app, name, schema.RoleVisitor)
	}
	before := tables(t, app)
	runner := core.NewMigrationsRunner(app, core.AppMigrations)
	n := len(core.AppMigrations.Items())
	down, err := runner.Down(n)
	if err != nil {
		t.Fatal(err)
	}
	if len(down) != n {
		t.Fatalf("undid %d of %d migrations", len(down), n)
	}
	for _, c := range collections() {
		if _, err := app.FindCollectionByNameOrId(c); err == nil && c != schema.Users { // which PocketBase makes
			t.Errorf("%s survived going down", c)
		}
	}
	if _, err := runner.Up(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, tables(t, app)); diff != "" {
		t.Error("up, down and up again is not up: -once +twice\n" + diff)
	}
	if n, err := app.CountRecords(schema.Users, dbx.HashExp{"state": schema.StatePending, "role": schema.RoleVisitor}); err != nil || n != 2 {
		t.Errorf("%d accounts wait for staff, want both (%v)", n, err)
	}
}

// tables tells each table and index as it was made; the names of collections
// that PocketBase makes up are taken out.
func tables(t *testing.T, app core.App) map[string]string {
	t.Helper()
	var rows []struct {
		Name string `db:"name"`
		SQL  string `db:"sql"`
	}
	if err := app.DB().NewQuery("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").All(&rows); err != nil {
		t.Fatal(err)
	}
	made := map[string]string{}
	for _, r := range rows {
		// Columns stand in the order in which they were added.
		columns := strings.Split(strings.NewReplacer("(", ",", ")", ",").Replace(r.SQL), ",")
		for i := range columns {
			columns[i] = strings.TrimSpace(columns[i])
		}
		made[r.Name] = strings.Join(sorted(columns), "\n")
	}
	return made
}

// A migration is a file of its own, named by the second and by what it does, and
// stands by itself.
func TestLint(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`^([0-9]{10})_[a-z]+(_[a-z0-9]+)+\.go$`)
	last := 0
	seen := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		match := name.FindStringSubmatch(file)
		if match == nil {
			t.Errorf("%s: want the time and a verb and a noun, as in 1764000000_create_roles.go", file)
			continue
		}
		at, err := strconv.Atoi(match[1])
		if err != nil || at <= last {
			t.Errorf("%s: its time is not its own", file)
		}
		last = at
		if what := file[len(match[1]):]; seen[what] {
			t.Errorf("%s: a second one of that name", file)
		} else {
			seen[what] = true
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(source), "m.Register("); n != 1 {
			t.Errorf("%s: %d migrations", file, n)
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range parsed.Imports {
			if strings.HasPrefix(i.Path.Value, `"onlibrary`) {
				t.Errorf("%s imports %s", file, i.Path.Value)
			}
		}
	}
	if items := core.AppMigrations.Items(); len(items) != len(seen) {
		t.Errorf("%d files, %d migrations", len(seen), len(items))
	}
}

func TestFirstValues(t *testing.T) {
	app := testapp.New(t)
	for name, want := range map[string]int{"Admin": 13, "Librarian": 10, "Customer": 2, "Visitor": 0} {
		role, err := app.FindFirstRecordByData(schema.Roles, "name", name)
		if err != nil || len(role.GetStringSlice("permissions")) != want {
			t.Errorf("%s: %v %v", name, role, err)
		}
	}
	for collection, values := range map[string]map[string]any{
		schema.Library:         {"signup": "open", "activation": "approval", "defaultLanguage": "en"},
		schema.LibrarySettings: {"maxUploadMB": 2048.0, "alertTime": "10:00", "auditDays": 365.0},
	} {
		id := schema.LibraryID
		if collection == schema.LibrarySettings {
			id = schema.LibrarySettingsID
		}
		r, err := app.FindRecordById(collection, id)
		if err != nil {
			t.Fatal(err)
		}
		for field, want := range values {
			if got := r.Get(field); got != want {
				t.Errorf("%s.%s is %v", collection, field, got)
			}
		}
	}
	for _, c := range collections() {
		found, err := app.FindCollectionByNameOrId(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found.Fields {
			if file, ok := f.(*core.FileField); ok && !file.Protected && c != schema.Library {
				t.Errorf("%s.%s is open to whoever has its address", c, file.Name)
			}
		}
	}
	if s := app.Settings(); s.Batch.Enabled || len(s.TrustedProxy.Headers) != 0 {
		t.Errorf("batches %v, trusted headers %v", s.Batch.Enabled, s.TrustedProxy.Headers)
	}
}
