package storage

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tests"
	"github.com/pocketbase/pocketbase/tools/hook"

	"onlibrary/hooks/accounts"
	"onlibrary/hooks/audit"
	"onlibrary/hooks/catalogue"
	"onlibrary/hooks/locale"
	"onlibrary/hooks/previews"
	"onlibrary/internal/jobs"
	"onlibrary/internal/media"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
	"onlibrary/internal/translate"
	"onlibrary/locales"
)

// silence is how long nothing may move in these tests.
const silence = time.Second

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == media.ChildArg {
		os.Exit(media.ChildMain(os.Args[2:]))
	}
	http.DefaultClient = newClient(silence, 5*silence)
	os.Exit(m.Run())
}

// house is a library whose files are on S3, with the rooms that files concern.
type house struct {
	*tests.TestApp
	*testapp.Server
	s3             *testapp.S3
	spool          string
	ann, ben, root *core.Record
}

const (
	documents = "/api/collections/documents/records"
	users     = "/api/collections/users/records"
)

func open(t testing.TB, s3 *testapp.S3) *house {
	t.Helper()
	app, spool := testapp.New(t), t.TempDir()
	t.Setenv("TMPDIR", spool)
	texts, err := translate.Load(locales.FS)
	if err != nil {
		t.Fatal(err)
	}
	queue := jobs.New(app)
	previewer := media.New(media.Config{CacheDir: t.TempDir(), TempDir: spool, Logger: slog.New(slog.DiscardHandler)})
	guide := locale.Bind(app, locale.Deps{Catalog: texts, Now: time.Now})
	audit.Bind(app, audit.Deps{Now: time.Now})
	accounts.Bind(app, accounts.Deps{
		Text: texts.Text, Now: time.Now, Language: guide.Language, Recipient: guide.Recipient, Queue: queue,
		Timezone: func(info *core.RequestInfo) string { return guide.Zone(info).String() },
	})
	catalogue.Bind(app, catalogue.Deps{Text: texts.Text, Language: guide.Language, Now: time.Now})
	previews.Bind(app, previews.Deps{Previewer: previewer, Queue: queue})
	Bind(app, Deps{Queue: queue})
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Router.Bind(&hook.Handler[*core.RequestEvent]{
			Priority: apis.DefaultActivityLoggerMiddlewarePriority + 5,
			Func:     func(e *core.RequestEvent) error { return reply.Machine(e.Next()) },
		})
		return e.Next()
	})
	if s3 != nil {
		s3.Use(t, app)
	}
	h := &house{
		TestApp: app, s3: s3, spool: spool, ann: testapp.User(t, app, "ann", schema.RoleCustomer),
		ben: testapp.User(t, app, "ben", schema.RoleCustomer), root: testapp.Superuser(t, app),
	}
	h.Server = testapp.Serve(t, app)
	if err := queue.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { queue.Stop(); previewer.Close() })
	return h
}

// want sends a request that is to be answered so.
func (h *house) want(t testing.TB, status int, who *core.Record, method, path string, body any, headers ...string) testapp.Answer {
	t.Helper()
	a := h.Do(t, who, method, path, body, headers...)
	if a.Status != status {
		t.Fatalf("%s %s: %d, want %d: %s", method, path, a.Status, status, a.Raw)
	}
	return a
}

// upload makes a document of ann's and waits until its preview is made.
func (h *house) upload(t testing.TB, f testapp.File) *core.Record {
	t.Helper()
	a := h.want(t, 200, h.ann, "POST", documents, testapp.Form{"file": f, "visibility": "private"})
	return h.settled(t, fmt.Sprint(a.At("id")))
}

func (h *house) settled(t testing.TB, id string) (doc *core.Record) {
	t.Helper()
	eventually(t, "the preview is made", func() bool {
		var err error
		doc, err = h.FindRecordById(schema.Documents, id)
		return err == nil && doc.GetString("state") != schema.DocumentProcessing
	})
	return doc
}

func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not so in 30 s: %s", what)
		}
	}
}

// address is that of a record's file, for who.
func address(t testing.TB, rec *core.Record, name string, who *core.Record, query string) string {
	t.Helper()
	path := "/api/files/" + rec.Collection().Name + "/" + rec.Id + "/" + name + "?" + query
	if who != nil {
		path += "&token=" + testapp.FileToken(t, who)
	}
	return path
}

func picture(name string, side int) testapp.File {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
		panic(err)
	}
	return testapp.File{Name: name, Content: b.Bytes()}
}

func text(name string, size int) testapp.File {
	return testapp.File{Name: name, Content: bytes.Repeat([]byte("quiet text\n"), size/11+1)[:size]}
}

// below lists the files in a folder, without PocketBase's notes beside them.
func below(t testing.TB, root string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err == nil && !d.IsDir() && filepath.Ext(path) != ".attrs" {
			found = append(found, strings.TrimPrefix(filepath.ToSlash(path), filepath.ToSlash(root)+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (h *house) disk(t testing.TB) []string {
	t.Helper()
	return below(t, filepath.Join(h.DataDir(), core.LocalStorageDirName))
}
