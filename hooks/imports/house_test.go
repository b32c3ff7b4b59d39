package imports

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tests"

	"onlibrary/hooks/accounts"
	"onlibrary/hooks/audit"
	"onlibrary/hooks/catalogue"
	"onlibrary/hooks/limits"
	"onlibrary/hooks/notices"
	"onlibrary/hooks/previews"
	"onlibrary/internal/config"
	"onlibrary/internal/jobs"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
	"onlibrary/internal/translate"
	"onlibrary/locales"
)

// house is a library with all the rooms that hear of what is moved.
type house struct {
	*tests.TestApp
	*testapp.Server
	aws config.AWS
}

func open(t testing.TB) *house {
	t.Helper()
	app := testapp.New(t)
	furnish(t, app)
	return &house{TestApp: app, Server: testapp.Serve(t, app)}
}

func words(t testing.TB) *translate.Catalog {
	t.Helper()
	texts, err := translate.Load(locales.FS)
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func furnish(t testing.TB, app core.App) {
	t.Helper()
	texts, queue := words(t), jobs.New(app)
	recipient := func(*core.Record) (string, *time.Location) { return "en", time.UTC }
	limits.Bind(app, limits.Deps{Now: time.Now})
	accounts.Bind(app, accounts.Deps{
		Text: texts.Text, Now: time.Now, Recipient: recipient, Queue: queue,
		Language: func(*core.RequestInfo) string { return "en" }, Timezone: func(*core.RequestInfo) string { return "UTC" },
	})
	catalogue.Bind(app, catalogue.Deps{Text: texts.Text, Language: func(*core.RequestInfo) string { return "en" }, Now: time.Now})
	notices.Bind(app, notices.Deps{Text: texts.Text, Recipient: recipient, Listening: accounts.Listening, Queue: queue, Now: time.Now})
	Bind(app)
	previews.Bind(app, previews.Deps{Queue: queue})
	audit.Bind(app, audit.Deps{Now: time.Now})
}

// move runs the command and returns what it prints.
func (h *house) move(t testing.TB, o old, more ...string) (string, error) {
	t.Helper()
	return h.run(t, "", append([]string{"--database", o.database, "--uploads", o.uploads, "--timezone", "America/Sao_Paulo"}, more...)...)
}

func (h *house) run(t testing.TB, stdin string, args ...string) (string, error) {
	t.Helper()
	c := Command(h.TestApp, Deps{
		Text: words(t).Text, Username: accounts.FreeUsername, AWS: func() config.AWS { return h.aws }, Audit: audit.Imported, Now: time.Now,
	})
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&out)
	c.SetIn(strings.NewReader(stdin))
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(append([]string{"flask"}, args...))
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

// moved is a house into which an installation was moved, and what was printed.
func moveIn(t testing.TB, o old, more ...string) (*house, string) {
	t.Helper()
	h := open(t)
	out, err := h.move(t, o, more...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return h, out
}

// said returns what was printed of a row.
func said(t testing.TB, out, kind string, old int) string {
	t.Helper()
	for line := range strings.Lines(out) {
		if rest, ok := strings.CutPrefix(line, fmt.Sprintf("%s\t%d\t", kind, old)); ok {
			return strings.TrimSuffix(rest, "\n")
		}
	}
	t.Errorf("nothing was printed of %s %d in\n%s", kind, old, out)
	return ""
}

func (h *house) user(t testing.TB, username string) *core.Record {
	t.Helper()
	return h.first(t, schema.Users, dbx.HashExp{"username": username})
}

func (h *house) first(t testing.TB, collection string, where dbx.HashExp) *core.Record {
	t.Helper()
	found, err := h.FindAllRecords(collection, where)
	if err != nil || len(found) != 1 {
		t.Fatalf("%s %v: %d found, %v", collection, where, len(found), err)
	}
	return found[0]
}

// values are fields of a record as texts, parted by bars.
func values(r *core.Record, fields ...string) string {
	var out []string
	for _, f := range fields {
		out = append(out, r.GetString(f))
	}
	return strings.Join(out, "|")
}

// content is all that an import fills, without what differs from run to run.
func (h *house) content(t testing.TB) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, name := range []string{
		schema.Roles, schema.Users, schema.Regions, schema.Cities, schema.Categories, schema.Documents, schema.DocumentShares,
		schema.DocumentLinks, schema.Notifications, schema.Devices, schema.AuditLogs,
	} {
		found, err := h.FindAllRecords(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range found {
			if r.GetString("action") == "import" {
				continue
			}
			line := ""
			for _, f := range r.Collection().Fields {
				switch f.GetName() {
				case core.FieldNamePassword, core.FieldNameTokenKey, "file", "avatar":
					continue
				case "created", "updated":
					if r.GetDateTime("created").Time().After(time.Now().Add(-time.Hour)) {
						continue // of the library's own
					}
				}
				line += f.GetName() + "=" + r.GetString(f.GetName()) + " "
			}
			all[name] = append(all[name], line)
		}
		slices.Sort(all[name])
	}
	return all
}

// files counts what is stored.
func (h *house) files(t testing.TB) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(h.DataDir(), core.LocalStorageDirName, "*", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, path := range found {
		if info, err := os.Stat(path); err == nil && !info.IsDir() && !strings.HasSuffix(path, ".attrs") {
			n++
		}
	}
	return n
}

// signIn answers with the status of a sign-in.
func (h *house) signIn(t testing.TB, identity, password string) int {
	t.Helper()
	return h.Do(t, nil, "POST", "/api/collections/users/auth-with-password", cells{"identity": identity, "password": password}).Status
}
