package seeds_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/hooks/accounts"
	"onlibrary/hooks/catalogue"
	"onlibrary/hooks/seeds"
	"onlibrary/internal/jobs"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// house is an app with the rooms that complete users and documents.
func house(t *testing.T) core.App {
	t.Helper()
	app := testapp.New(t)
	accounts.Bind(app, accounts.Deps{Now: time.Now, Queue: jobs.New(app)})
	catalogue.Bind(app, catalogue.Deps{Now: time.Now})
	return app
}

func run(t *testing.T, app core.App, args ...string) (string, error) {
	t.Helper()
	var out strings.Builder
	c := seeds.Command(app)
	c.SetContext(context.Background())
	c.SetArgs(args)
	c.SetOut(&out)
	c.SetErr(io.Discard)
	c.SilenceUsage = true
	err := c.Execute()
	return out.String(), err
}

func count(t *testing.T, app core.App, collection string) int64 {
	t.Helper()
	n, err := app.CountRecords(collection)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBrazilHas27StatesAnd27Capitals(t *testing.T) {
	app := testapp.New(t)
	for range 2 {
		if _, err := run(t, app, "places", "--country", "br"); err != nil {
			t.Fatal(err)
		}
		if r, c := count(t, app, schema.Regions), count(t, app, schema.Cities); r != 27 || c != 27 {
			t.Fatalf("%d regions and %d cities, want 27 of each", r, c)
		}
	}
	region, err := app.FindFirstRecordByData(schema.Regions, "code", "SP")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := app.CountRecords(schema.Cities, dbx.HashExp{"name": "São Paulo", "region": region.Id}); err != nil || n != 1 {
		t.Errorf("São Paulo is there %d times (%v)", n, err)
	}
}

func TestAnUnknownCountryIsNamed(t *testing.T) {
	app := testapp.New(t)
	for _, country := range []string{"XX", "../demo", ""} {
		if _, err := run(t, app, "places", "--country", country); err == nil || !strings.Contains(err.Error(), "BR") {
			t.Errorf("%q: %v", country, err)
		}
	}
}

func TestDemoMakesALibraryOnce(t *testing.T) {
	app := house(t)
	out, err := run(t, app, "demo")
	if err != nil {
		t.Fatal(err)
	}
	_, password, ok := strings.Cut(out, "sign in as demo-reader with ")
	if !ok {
		t.Fatalf("no password in %q", out)
	}
	reader, err := app.FindFirstRecordByData(schema.Users, "username", "demo-reader")
	if err != nil {
		t.Fatal(err)
	}
	if !reader.ValidatePassword(strings.TrimSpace(password)) {
		t.Error("the printed password is not the reader's")
	}
	works := count(t, app, schema.Documents)
	if works < 12 {
		t.Errorf("%d works, want a dozen", works)
	}
	if n := count(t, app, schema.DocumentShares); n != 1 {
		t.Errorf("%d shares, want 1", n)
	}
	again, err := run(t, app, "demo")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(again, "added 0 works") || strings.Contains(again, "sign in") || count(t, app, schema.Documents) != works {
		t.Errorf("a second run: %q", again)
	}
}

// Every file passes the intake as what it is called, and is stored whole.
func TestDemoFilesAreWhatTheyAreCalled(t *testing.T) {
	app := house(t)
	if _, err := run(t, app, "demo"); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"DEMO-LAMP": "application/epub+zip", "DEMO-WALKS": "application/pdf", "DEMO-PAGES": "application/vnd.comicbook+zip",
		"DEMO-HILLS": "image/jpeg", "DEMO-NOTES": "text/plain",
	}
	fsys, err := app.NewFilesystem()
	if err != nil {
		t.Fatal(err)
	}
	defer fsys.Close()
	for code, contentType := range want {
		doc, err := app.FindFirstRecordByData(schema.Documents, "code", code)
		if err != nil {
			t.Fatal(code, err)
		}
		if got := doc.GetString("contentType"); got != contentType {
			t.Errorf("%s is %s, want %s", code, got, contentType)
		}
		f, err := fsys.GetReader(doc.BaseFilesPath() + "/" + doc.GetString("file"))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.New()
		if _, err := io.Copy(sum, f); err != nil {
			t.Fatal(err)
		}
		f.Close()
		if got := hex.EncodeToString(sum.Sum(nil)); got != doc.GetString("sha256") {
			t.Errorf("%s: stored %s, told %s", code, got, doc.GetString("sha256"))
		}
	}
}
