package pb_migrations_test

import (
	"context"
	"database/sql"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// sorts are those that the contract promises for documents.
func sorts() []string {
	return []string{"created", "updated", "title", "code", "published", "series,seriesIndex", "expiresOn", "fileSize"}
}

// Every field that a relation, a rule or a promised sort looks up begins an index.
func TestLookedUpFieldsAreIndexed(t *testing.T) {
	app := testapp.New(t)
	want := map[string][]string{
		schema.DocumentShares: {"document,user", "user,document"}, // shared()
		schema.Documents:      {"visibility,owner", "owner"},      // the rule itself, owns()
		schema.Jobs:           {"state,kind,runAt", "key"},
	}
	want[schema.Documents] = append(want[schema.Documents], sorts()...)
	for _, name := range collections() {
		c, err := app.FindCollectionByNameOrId(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range c.Fields {
			if f.Type() == core.FieldTypeRelation {
				want[name] = append(want[name], f.GetName())
			}
		}
	}
	for name, fields := range want {
		c, err := app.FindCollectionByNameOrId(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, wanted := range fields {
			if !slices.ContainsFunc(c.Indexes, func(index string) bool {
				columns := index[strings.Index(index, "(")+1:]
				columns = strings.NewReplacer("`", "", " ", "", "COLLATENOCASE", "").Replace(columns[:strings.Index(columns, ")")])
				return !strings.Contains(index, " WHERE ") && strings.HasPrefix(columns+",", wanted+",")
			}) {
				t.Errorf("%s: no index begins with %s", name, wanted)
			}
		}
	}
}

// heard collects the queries on a table that the app makes.
type heard []string

func listen(t *testing.T, app core.App, table string, h *heard) {
	t.Helper()
	db, ok := app.ConcurrentDB().(*dbx.DB)
	if !ok {
		t.Fatal("no database")
	}
	of := regexp.MustCompile("FROM [`\"\\[{]*" + table + "\\b")
	db.QueryLogFunc = func(_ context.Context, _ time.Duration, query string, _ *sql.Rows, _ error) {
		if of.MatchString(query) && strings.Contains(query, "ORDER BY") || strings.Contains(query, "COUNT(") && of.MatchString(query) {
			*h = append(*h, query)
		}
	}
	t.Cleanup(func() { db.QueryLogFunc = nil })
}

func plan(t *testing.T, app core.App, query string) string {
	t.Helper()
	var rows []struct {
		Detail string `db:"detail"`
	}
	if err := app.NonconcurrentDB().NewQuery("EXPLAIN QUERY PLAN " + query).All(&rows); err != nil {
		t.Fatalf("%v: %s", err, query)
	}
	var lines []string
	for _, r := range rows {
		lines = append(lines, r.Detail)
	}
	return strings.Join(lines, "\n")
}

// PocketBase's own queries for the lists, as each kind of reader, in each
// promised order, with a total and without: no other table is gone through, no
// row sorted or told apart from its doubles.
func TestListsArePlannedWell(t *testing.T) {
	app := testapp.New(t)
	patron := testapp.User(t, app, "patron", schema.RoleCustomer)
	librarian := testapp.User(t, app, "librarian", schema.RoleLibrarian)
	fill := func(query string) {
		t.Helper()
		if _, err := app.NonconcurrentDB().NewQuery(query).Bind(dbx.Params{"patron": patron.Id}).Execute(); err != nil {
			t.Fatal(err)
		}
	}
	fill(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i < 4999)
		INSERT INTO documents (id, code, title, visibility, state, owner, created, updated, published, series, fileSize)
		SELECT printf('doc%012d', i), i, 'Title ' || (i*7919)%5000, iif(i%10, iif(i%5, 'members', 'public'), 'private'), 'ready', iif(i%3, '', {:patron}),
			printf('2026-01-01 00:%02d:%02d.000Z', i/60%60, i%60), printf('2026-01-02 00:%02d:%02d.000Z', i/60%60, i%60), 1900+i%100, 'Series ' || i%50, i*13 FROM n`)
	fill(`INSERT INTO users (id, username, usernameKey, email, tokenKey, password, role, state)
		SELECT 'usr' || substr(id, 4), 'u' || code, 'u' || code, 'u' || code || '@x.org', 'u' || code, 'x', 'rolevisitor0000', 'active' FROM documents LIMIT 2000`)
	fill(`INSERT INTO document_shares (id, document, user) SELECT 'shr' || substr(d.id, 4), d.id, iif(d.code % 20, 'usr' || substr(d.id, 4), {:patron}) FROM documents d LIMIT 2000`)
	server := testapp.Serve(t, app)
	for _, analysed := range []bool{false, true} {
		if analysed {
			fill("ANALYZE")
		}
		var queries heard
		listen(t, app, schema.Documents, &queries)
		for who, user := range map[string]*core.Record{"guest": nil, "patron": patron, "librarian": librarian} {
			for _, sort := range sorts() {
				for _, direction := range []string{"", "-"} {
					sort := direction + strings.ReplaceAll(sort, ",", ","+direction) + "," + direction + "id"
					for _, total := range []string{"skipTotal=1", "skipTotal=0"} {
						queries = nil
						a := server.Do(t, user, "GET", "/api/collections/documents/records?"+total+"&sort="+url.QueryEscape(sort), nil)
						if a.Status != 200 || a.At("items", 0, "id") == nil {
							t.Fatalf("%s: %d %s", sort, a.Status, a.Raw)
						}
						if len(queries) == 0 {
							t.Fatalf("%s: no query was heard", sort)
						}
						for _, query := range queries {
							p := plan(t, app, query)
							counts := strings.Contains(query, "COUNT(")
							if strings.Contains(p, "FOR ORDER BY") || strings.Contains(p, "FOR DISTINCT") || !counts && strings.Contains(query, "DISTINCT") {
								t.Errorf("%s, by %s, analysed %v: rows are sorted or told apart:\n%s\n%s", who, sort, analysed, query, p)
							}
							for _, table := range []string{"u", "r", "s", "d", "users", "roles", "document_shares"} {
								if regexp.MustCompile(`(?m)^SCAN ` + table + `\b`).MatchString(p) {
									t.Errorf("%s, by %s, analysed %v: %s is gone through:\n%s\n%s", who, sort, analysed, table, query, p)
								}
							}
						}
					}
				}
			}
		}
		listen(t, app, schema.DocumentShares, &queries)
		queries = nil
		a := server.Do(t, patron, "GET", "/api/collections/document_shares/records?sort=-created,-id", nil)
		if a.Status != 200 || a.At("totalItems") == 0.0 || len(queries) == 0 {
			t.Fatalf("%d %s; %d queries", a.Status, a.Raw, len(queries))
		}
		for _, query := range queries {
			if p := plan(t, app, query); strings.Contains(p, "FOR DISTINCT") || strings.Contains(query, "SELECT DISTINCT") || regexp.MustCompile(`(?m)^SCAN (u|r|d)\b`).MatchString(p) {
				t.Errorf("shares, analysed %v:\n%s\n%s", analysed, query, p)
			}
		}
	}
}
