package imports

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tests"

	"onlibrary/hooks/accounts"
	"onlibrary/hooks/audit"
	"onlibrary/internal/config"
	"onlibrary/internal/flask"
	"onlibrary/internal/rules"
	"onlibrary/internal/schema"
)

func coreRecord(c *core.Collection, fields cells) *core.Record {
	r := core.NewRecord(c)
	r.Load(fields)
	return r
}

// child is the argument with which the tests' program moves a library into a
// folder, to be killed on its way.
const child = "onlibrary-import-child"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == child {
		moveInChild(os.Args[2], os.Args[3:])
	}
	os.Exit(m.Run())
}

func moveInChild(dir string, args []string) {
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: dir})
	rules.Register()
	if err := app.Bootstrap(); err != nil {
		panic(err)
	}
	t := &testing.T{} // of which nothing is called unless something is amiss
	furnish(t, app)
	c := Command(app, Deps{
		Text: words(t).Text, Username: accounts.FreeUsername, AWS: func() config.AWS { return config.AWS{} }, Audit: audit.Imported, Now: time.Now,
	})
	c.SetOut(os.Stdout)
	c.SetArgs(args)
	if err := c.ExecuteContext(context.Background()); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

func TestASecondRunChangesNothing(t *testing.T) {
	t.Parallel()
	o := small().write(t)
	h, _ := moveIn(t, o)
	before, files := h.content(t), h.files(t)
	out, err := h.move(t, o)
	if err != nil || !strings.HasSuffix(out, "\n0 changes\n") || strings.Contains(out, "\tmoved\t") {
		t.Errorf("%v\n%s", err, out)
	}
	if diff := cmp.Diff(before, h.content(t)); diff != "" || h.files(t) != files {
		t.Errorf("%d files, not %d\n%s", h.files(t), files, diff)
	}
	if n, err := h.CountRecords(schema.AuditLogs, dbx.HashExp{"action": "import"}); err != nil || n != 1 {
		t.Errorf("%d imports in the audit, %v", n, err)
	}
}

func TestWhatChangedSinceIsLeftAlone(t *testing.T) {
	t.Parallel()
	o := small().write(t)
	h, _ := moveIn(t, o)
	doc := h.first(t, schema.Documents, dbx.HashExp{"code": "A1"})
	doc.Set("title", "Mine now")
	if err := h.Save(doc); err != nil {
		t.Fatal(err)
	}
	if out, err := h.move(t, o); err != nil || !strings.HasSuffix(out, "\n0 changes\n") {
		t.Errorf("%v\n%s", err, out)
	}
	h.first(t, schema.Documents, dbx.HashExp{"code": "A1", "title": "Mine now"})
}

func TestADryRunSaysWhatWouldBeAndChangesNothing(t *testing.T) {
	t.Parallel()
	o, h := small().write(t), open(t)
	before := h.content(t)
	dry, err := h.move(t, o, "--dry-run")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, h.content(t)); diff != "" || h.files(t) != 0 {
		t.Errorf("%d files\n%s", h.files(t), diff)
	}
	other, real := moveIn(t, o)
	rows := func(out string) string {
		rows, _, _ := strings.Cut(out, "\nLogs go back")
		return strings.ReplaceAll(rows, "would be moved", "moved")
	}
	// Which avatar is no picture shows only when its user is written.
	want := strings.ReplaceAll(rows(real), said(t, real, flask.Users, 3), said(t, rows(dry), flask.Users, 3))
	if diff := cmp.Diff(want, rows(dry)); diff != "" {
		t.Errorf("%s is said otherwise:\n%s", other.DataDir(), diff)
	}
}

func TestADryRunFindsFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	f := small()
	f[flask.Documents] = append(f[flask.Documents], row(6, cells{"code": "A6", "description": "Four", "alert": 0, "user_id": 1, "file_url": "4.md"}))
	out, err := open(t).move(t, f.write(t), "--dry-run")
	if line := said(t, out, flask.Documents, 6); err == nil || !strings.HasPrefix(line, "failed\tfile: ") {
		t.Errorf("%v: %s", err, line)
	}
}

func TestARowThatFailsStopsNoneAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	f := small()
	f[flask.Documents] = append([]flask.Row{row(0, cells{"code": "A0", "description": "Four", "alert": 0, "user_id": 1, "file_url": "4.csv"})}, f[flask.Documents]...)
	h, o := open(t), f.write(t)
	allow := func(extensions ...string) {
		settings := h.first(t, schema.LibrarySettings, dbx.HashExp{"id": schema.LibrarySettingsID})
		settings.Set("allowedExtensions", extensions)
		if err := h.Save(settings); err != nil {
			t.Fatal(err)
		}
	}
	allow("txt")
	out, err := h.move(t, o)
	if err == nil || !strings.Contains(err.Error(), "1 rows failed") {
		t.Errorf("the command ends with %v", err)
	}
	h.first(t, schema.Documents, dbx.HashExp{"code": "A1"})
	if line := said(t, out, flask.Documents, 0); !strings.Contains(line, "csv") {
		t.Errorf("printed %s", line)
	}
	allow("txt", "csv")
	if out, err := h.move(t, o); err != nil || !strings.HasSuffix(out, "\n1 changes\n") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestARunThatWasKilledIsCompleted(t *testing.T) {
	t.Parallel()
	o := small().write(t)
	want, _ := moveIn(t, o)
	for _, at := range []string{"user\t4\t", "document\t1\t", "notification\t1\t"} {
		dir := t.TempDir()
		args := []string{child, dir, "flask", "--database", o.database, "--uploads", o.uploads, "--timezone", "America/Sao_Paulo"}
		run := exec.Command(os.Args[0], args...)
		out, err := run.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		// The tests' own app lays the database out.
		app, err := tests.NewTestApp(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := app.ClearBootstrap(); err != nil {
			t.Fatal(err)
		}
		copyDir(t, app.DataDir(), dir)
		app.Cleanup()
		if err := run.Start(); err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), at) {
				break
			}
		}
		if err := run.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = run.Wait()
		if out, err := exec.Command(os.Args[0], args...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		again, err := tests.NewTestApp(dir)
		if err != nil {
			t.Fatal(err)
		}
		got := (&house{TestApp: again}).content(t)
		again.Cleanup()
		if diff := cmp.Diff(want.content(t), got); diff != "" {
			t.Errorf("killed at %q:\n%s", at, diff)
		}
	}
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

func TestNobodyIsToldOfWhatIsMoved(t *testing.T) {
	t.Parallel()
	h, _ := moveIn(t, small().write(t))
	var kinds []string
	if err := h.DB().Select("kind").Distinct(true).From(schema.Jobs).Column(&kinds); err != nil {
		t.Fatal(err)
	}
	if len(kinds) != 1 || kinds[0] != "preview" {
		t.Errorf("there are jobs of %v", kinds)
	}
	if n := h.TestMailer.TotalSend(); n != 0 {
		t.Errorf("%d mails went out", n)
	}
	// Three that came, and one for the import.
	if n, err := h.CountRecords(schema.AuditLogs); err != nil || n != 4 {
		t.Errorf("%d rows in the audit, %v", n, err)
	}
	if n, err := h.CountRecords(schema.Notifications); err != nil || n != 3 {
		t.Errorf("%d notifications, %v", n, err)
	}
}
