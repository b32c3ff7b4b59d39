package previews

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tests"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	"onlibrary/internal/bibliography"
	"onlibrary/internal/jobs"
	"onlibrary/internal/media"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// previewer makes the preview that a test tells it to.
type previewer func(path string, t media.Type) (media.Preview, error)

func (p previewer) Preview(ctx context.Context, path string, t media.Type) (media.Preview, error) {
	if err := ctx.Err(); err != nil {
		return media.Preview{}, err
	}
	return p(path, t)
}

// hand is a queue that a test works by hand.
type hand struct {
	mu     sync.Mutex
	worker jobs.Worker
	woken  int
}

func (h *hand) Register(_ string, _ int, _ jobs.Policy, w jobs.Worker) { h.worker = w }

func (h *hand) Wake(string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.woken++
}

type house struct {
	*tests.TestApp
	*hand
	preview previewer
	owner   *core.Record
}

func open(t testing.TB) *house {
	t.Helper()
	h := &house{TestApp: testapp.New(t), hand: &hand{}}
	Bind(h, Deps{Queue: h.hand, Previewer: previewer(func(path string, t media.Type) (media.Preview, error) { return h.preview(path, t) })})
	h.owner = testapp.User(t, h, "owner", schema.RoleCustomer)
	return h
}

// document makes one as the catalogue does, whose work it is to fill the rest.
func (h *house) document(t testing.TB, changes ...func(*core.Record)) *core.Record {
	t.Helper()
	return testapp.Document(t, h, h.owner, schema.VisibilityMembers, append([]func(*core.Record){func(r *core.Record) {
		r.Set("state", schema.DocumentProcessing)
		r.Set("kind", media.KindDocument)
		r.Set("contentType", "application/pdf")
		r.Set("title", "quiet")
		r.Set("titleProvisional", true)
	}}, changes...)...)
}

func (h *house) stored(t testing.TB, doc *core.Record) *core.Record {
	t.Helper()
	r, err := h.FindRecordById(schema.Documents, doc.Id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// job is the job of the document's file.
func (h *house) job(t testing.TB, doc *core.Record) *jobs.Job {
	t.Helper()
	var j jobs.Job
	err := h.DB().Select("id", "kind", "key", "payload", "attempts").From(schema.Jobs).
		Where(dbx.HashExp{"key": Kind + ":" + doc.Id + ":" + doc.GetString("file")}).One(&j)
	if err != nil {
		t.Fatal(err)
	}
	return &j
}

func thumbnail(t testing.TB, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func novel(t testing.TB) media.Preview {
	return media.Preview{Thumbnail: thumbnail(t, 512, 300), Pages: 117, Duration: 1.5, Work: bibliography.Work{
		Title: "  The Novel ", Authors: []string{"Ann Bell", "Ann Bell"}, Language: "en_GB", ISBN: "0-306-40615-2", Publisher: "House",
		Published: "1984-06", Description: "<p>One.</p>", Series: "Novels", SeriesIndex: 2,
	}}
}

func TestPreviewIsSaved(t *testing.T) {
	h := open(t)
	h.preview = func(path string, of media.Type) (media.Preview, error) {
		if b, err := os.ReadFile(path); err != nil || string(b) != "a quiet text\n" || !filepath.IsAbs(path) {
			t.Errorf("read %q of %s: %v", b, path, err)
		}
		if of != (media.Type{ContentType: "application/pdf", Kind: media.KindDocument}) {
			t.Errorf("type %v", of)
		}
		return novel(t), nil
	}
	// Its owner calls it a book, which it is not to the previewer.
	doc := h.document(t, func(r *core.Record) { r.Set("kind", media.KindBook) })
	if h.woken != 1 {
		t.Errorf("woken %d times", h.woken)
	}
	if err := h.worker.Do(t.Context(), h.job(t, doc)); err != nil {
		t.Fatal(err)
	}
	got := h.stored(t, doc)
	for field, want := range map[string]string{
		"state": "ready", "stateDetail": "", "pages": "117", "duration": "1.5", "title": "The Novel", "titleProvisional": "false",
		"authors": `["Ann Bell"]`, "language": "en-GB", "isbn": "9780306406157", "publisher": "House", "published": "1984-06",
		"description": "One.", "series": "Novels", "seriesIndex": "2", "kind": "book",
	} {
		if s := got.GetString(field); s != want {
			t.Errorf("%s is %q, want %q", field, s, want)
		}
	}
	if b, err := os.ReadFile(filepath.Join(h.DataDir(), "storage", got.BaseFilesPath(), got.GetString("thumbnail"))); err != nil || !bytes.Equal(b, novel(t).Thumbnail) {
		t.Errorf("thumbnail %q: %v", got.GetString("thumbnail"), err)
	}
	if h.woken != 1 {
		t.Error("the preview wakes the worker again")
	}
}

func TestPeopleComeFirst(t *testing.T) {
	h := open(t)
	written := map[string]any{
		"title": "Mine", "titleProvisional": false, "authors": []string{"Me"}, "language": "fr", "isbn": "9783161484100", "publisher": "Mine",
		"published": "2001", "description": "Mine", "series": "Mine",
	}
	write := func(doc *core.Record) {
		t.Helper()
		for field, value := range written {
			doc.Set(field, value)
		}
	}
	check := func(doc *core.Record) {
		t.Helper()
		got := h.stored(t, doc)
		want := h.document(t, write)
		for field := range written {
			if got.GetString(field) != want.GetString(field) {
				t.Errorf("%s is %q", field, got.GetString(field))
			}
		}
		if got.GetFloat("seriesIndex") != 0 {
			t.Error("a person's series got the file's place in its own")
		}
		if got.GetString("state") != schema.DocumentReady || got.GetInt("pages") != 117 || got.GetString("thumbnail") == "" {
			t.Errorf("state %q, %d pages, thumbnail %q", got.GetString("state"), got.GetInt("pages"), got.GetString("thumbnail"))
		}
	}
	t.Run("before", func(t *testing.T) {
		h.preview = func(string, media.Type) (media.Preview, error) { return novel(t), nil }
		doc := h.document(t, write)
		if err := h.worker.Do(t.Context(), h.job(t, doc)); err != nil {
			t.Fatal(err)
		}
		check(doc)
	})
	for _, when := range []string{"while it is made", "while it is saved"} {
		t.Run(when, func(t *testing.T) {
			doc := h.document(t)
			person := func() {
				doc := h.stored(t, doc)
				write(doc)
				doc.IgnoreUnchangedFields(true)
				if err := h.Save(doc); err != nil {
					t.Error(err)
				}
			}
			h.preview = func(string, media.Type) (media.Preview, error) {
				if when == "while it is made" {
					person()
				}
				return novel(t), nil
			}
			if when == "while it is saved" {
				once := sync.OnceFunc(person)
				h.OnRecordUpdate(schema.Documents).BindFunc(func(e *core.RecordEvent) error {
					if e.Context.Value(previewKey{}) != nil {
						once() // the preview's reading lies behind, its transaction ahead
					}
					return e.Next()
				})
			}
			if err := h.worker.Do(t.Context(), h.job(t, doc)); err != nil {
				t.Fatal(err)
			}
			check(doc)
		})
	}
}

// Many people write while many previews are saved: nothing of either is lost.
func TestRacedWithPeople(t *testing.T) {
	h := open(t)
	h.preview = func(string, media.Type) (media.Preview, error) { return novel(t), nil }
	for round := range 15 {
		doc := h.document(t)
		read := h.stored(t, doc) // before either
		var both sync.WaitGroup
		both.Go(func() {
			if err := h.worker.Do(t.Context(), h.job(t, doc)); err != nil {
				t.Error(err)
			}
		})
		both.Go(func() {
			read.Set("title", "Mine")
			read.Set("titleProvisional", false)
			read.Set("publisher", "Mine")
			read.IgnoreUnchangedFields(true)
			if err := h.Save(read); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		got := h.stored(t, doc)
		if s := fmt.Sprint(got.Get("title"), got.Get("publisher"), got.Get("state"), got.GetInt("pages"), got.GetString("isbn")); s != "MineMineready1179780306406157" {
			t.Errorf("round %d: %s", round, s)
		}
	}
}

func TestStaleJobsEndQuietly(t *testing.T) {
	h := open(t)
	replace := func(doc *core.Record) {
		t.Helper()
		f, err := filesystem.NewFileFromBytes([]byte("another"), "another.txt")
		if err != nil {
			t.Fatal(err)
		}
		doc = h.stored(t, doc)
		doc.Set("file", f)
		if err := h.Save(doc); err != nil {
			t.Fatal(err)
		}
	}
	remove := func(doc *core.Record) {
		t.Helper()
		if err := h.Delete(h.stored(t, doc)); err != nil {
			t.Fatal(err)
		}
	}
	for name, act := range map[string]func(*core.Record){"replaced": replace, "deleted": remove} {
		for _, when := range []string{"before", "meanwhile", "in the transaction"} {
			t.Run(name+" "+when, func(t *testing.T) {
				doc := h.document(t)
				j := h.job(t, doc)
				asked := 0
				h.preview = func(string, media.Type) (media.Preview, error) {
					asked++
					if when == "meanwhile" {
						act(doc)
					}
					return novel(t), nil
				}
				if when == "before" {
					act(doc)
				}
				if when == "in the transaction" {
					id := h.OnRecordUpdate(schema.Documents).BindFunc(func(e *core.RecordEvent) error {
						if e.Context.Value(previewKey{}) != nil {
							act(doc)
						}
						return e.Next()
					})
					defer h.OnRecordUpdate().Unbind(id)
				}
				err := h.worker.Do(t.Context(), j)
				if err != nil && name == "deleted" && when == "in the transaction" {
					// The folder may go while the thumbnail is put there: a fault of the machine.
					err = h.worker.Do(t.Context(), j)
				}
				if err != nil {
					t.Error(err)
				}
				if (asked > 0) != (when != "before") {
					t.Errorf("the previewer was asked %d times", asked)
				}
				if name == "replaced" {
					if got := h.stored(t, doc); got.GetString("thumbnail") != "" || got.GetInt("pages") != 0 || got.GetString("file") == doc.GetString("file") {
						t.Errorf("the old file's preview was saved: %v", got.PublicExport())
					}
					return
				}
				for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) { // PocketBase deletes behind
					left, err := filepath.Glob(filepath.Join(h.DataDir(), "storage", doc.BaseFilesPath(), "*"))
					if err != nil {
						t.Fatal(err)
					}
					if len(left) == 0 {
						break
					} else if time.Now().After(end) {
						t.Fatalf("left %v", left)
					}
				}
			})
		}
	}
}

func TestHowPreviewsEnd(t *testing.T) {
	h := open(t)
	disk := errors.New("the disk's fault")
	for name, tc := range map[string]struct {
		preview       media.Preview
		err           error
		state, detail string
		fails         bool
	}{
		"nothing to draw":     {preview: media.Preview{Detail: media.DetailUnsupported}, state: "ready", detail: "preview_unsupported"},
		"password":            {preview: media.Preview{Detail: media.DetailPassword, Pages: 3}, state: "ready", detail: "preview_password"},
		"broken":              {preview: media.Preview{Detail: media.DetailBroken, Failed: true}, state: "failed", detail: "preview_broken"},
		"endless":             {preview: media.Preview{Detail: media.DetailTimeout, Failed: true}, state: "failed", detail: "preview_timeout"},
		"the machine's fault": {err: disk, state: "processing", fails: true},
		"no picture":          {preview: media.Preview{Thumbnail: []byte("<html><script>")}, state: "processing", fails: true},
		"a large picture":     {preview: media.Preview{Thumbnail: thumbnail(t, 513, 1)}, state: "processing", fails: true},
		"out of bounds":       {preview: media.Preview{Pages: -3, Duration: 1e300}, state: "ready"},
	} {
		t.Run(name, func(t *testing.T) {
			doc := h.document(t)
			h.preview = func(string, media.Type) (media.Preview, error) { return tc.preview, tc.err }
			err := h.worker.Do(t.Context(), h.job(t, doc))
			if (err != nil) != tc.fails || tc.err != nil && !errors.Is(err, tc.err) {
				t.Errorf("error %v", err)
			}
			got := h.stored(t, doc)
			if got.GetString("state") != tc.state || got.GetString("stateDetail") != tc.detail || got.GetString("title") != "quiet" || got.GetInt("pages") < 0 {
				t.Errorf("%s %s", got.GetString("state"), got.GetString("stateDetail"))
			}
			if err == nil {
				return
			}
			if err := h.worker.GiveUp(t.Context(), h.job(t, doc), err); err != nil {
				t.Error(err)
			}
			if got := h.stored(t, doc); got.GetString("state") != "failed" || got.GetString("stateDetail") != "preview_broken" {
				t.Errorf("given up: %s %s", got.GetString("state"), got.GetString("stateDetail"))
			}
		})
	}
	t.Run("no file", func(t *testing.T) {
		doc := h.document(t)
		if err := os.Remove(filepath.Join(h.DataDir(), "storage", doc.BaseFilesPath(), doc.GetString("file"))); err != nil {
			t.Fatal(err)
		}
		if err := h.worker.Do(t.Context(), h.job(t, doc)); !errors.Is(err, filesystem.ErrNotFound) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("what a person wrote long ago is no obstacle", func(t *testing.T) {
		doc := h.document(t)
		h.preview = func(string, media.Type) (media.Preview, error) { return novel(t), nil }
		if _, err := h.NonconcurrentDB().Update(schema.Documents, dbx.Params{"category": "longgone0000000", "publisher": strings.Repeat("x", 999)}, dbx.HashExp{"id": doc.Id}).Execute(); err != nil {
			t.Fatal(err)
		}
		if err := h.worker.Do(t.Context(), h.job(t, doc)); err != nil {
			t.Error(err)
		}
		if got := h.stored(t, doc); got.GetString("state") != "ready" {
			t.Errorf("%s", got.GetString("state"))
		}
	})
}

// By the queue itself: what the machine did is tried again, what the file did
// is not, and nothing waits for ever.
func TestByTheQueue(t *testing.T) {
	app := testapp.New(t)
	queue := jobs.New(app)
	h := &house{TestApp: app}
	disk := errors.New("the disk's fault")
	Bind(h, Deps{Queue: queue, Previewer: previewer(func(path string, _ media.Type) (media.Preview, error) {
		b, err := os.ReadFile(path)
		switch {
		case err != nil:
			return media.Preview{}, err
		case string(b) == "disk":
			return media.Preview{}, disk
		case string(b) == "panic":
			panic("on purpose")
		}
		return novel(t), nil
	})})
	h.owner = testapp.User(t, h, "owner", schema.RoleCustomer)
	if err := queue.Start(); err != nil {
		t.Fatal(err)
	}
	defer queue.Stop()
	for content, want := range map[string]string{"good": "done ready", "panic": "failed failed", "disk": "queued processing"} {
		f, err := filesystem.NewFileFromBytes([]byte(content), "a.txt")
		if err != nil {
			t.Fatal(err)
		}
		doc := h.document(t, func(r *core.Record) { r.Set("file", f) })
		key := Kind + ":" + doc.Id + ":" + doc.GetString("file")
		for end := time.Now().Add(15 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			var state string
			var attempts int
			if err := h.DB().Select("state", "attempts").From(schema.Jobs).Where(dbx.HashExp{"key": key}).Row(&state, &attempts); err != nil {
				t.Fatal(err)
			}
			got := state + " " + h.stored(t, doc).GetString("state")
			if got == want && attempts > 0 {
				break
			} else if time.Now().After(end) {
				t.Fatalf("%s: %s, want %s", content, got, want)
			}
		}
	}
}

// Neither a document without its job nor a job without its document.
func TestJobIsPartOfTheUpload(t *testing.T) {
	h := open(t)
	count := func(table string) int64 {
		t.Helper()
		n, err := h.CountRecords(table)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, table := range []string{schema.Jobs, schema.Documents} {
		if _, err := h.NonconcurrentDB().NewQuery("CREATE TRIGGER refuse AFTER INSERT ON " + table + " BEGIN SELECT RAISE(ABORT, 'no'); END").Execute(); err != nil {
			t.Fatal(err)
		}
		c, err := h.FindCollectionByNameOrId(schema.Documents)
		if err != nil {
			t.Fatal(err)
		}
		f, err := filesystem.NewFileFromBytes([]byte("x"), "a.txt")
		if err != nil {
			t.Fatal(err)
		}
		r := core.NewRecord(c)
		for field, value := range map[string]any{"file": f, "title": "T", "code": table, "visibility": "members", "state": "processing"} {
			r.Set(field, value)
		}
		if err := h.Save(r); err == nil {
			t.Errorf("%s: saved", table)
		}
		if d, j := count(schema.Documents), count(schema.Jobs); d != 0 || j != 0 {
			t.Errorf("%s refused: %d documents, %d jobs", table, d, j)
		}
		left, err := filepath.Glob(filepath.Join(h.DataDir(), "storage", c.Id, "*", "*"))
		if err != nil || len(left) != 0 {
			t.Errorf("left %v: %v", left, err)
		}
		if _, err := h.NonconcurrentDB().NewQuery("DROP TRIGGER refuse").Execute(); err != nil {
			t.Fatal(err)
		}
	}
	doc := h.document(t)
	job := h.job(t, doc)
	doc = h.stored(t, doc)
	doc.Set("title", "No new file, no new job")
	if err := h.Save(doc); err != nil {
		t.Fatal(err)
	}
	if n := count(schema.Jobs); n != 1 || job.Kind != Kind {
		t.Errorf("%d jobs", n)
	}
}

// What does not lie on this machine's disk is fetched for the previewer.
func TestFetch(t *testing.T) {
	h := open(t)
	doc := h.document(t)
	r, ok := h.worker.(*room)
	if !ok {
		t.Fatal("another worker")
	}
	key := doc.BaseFilesPath() + "/" + doc.GetString("file")
	path, remove, err := r.fetch(t.Context(), key, 13)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "a quiet text\n" {
		t.Errorf("fetched %q: %v", b, err)
	}
	remove()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("it is left: %v", err)
	}
	if _, _, err := r.fetch(t.Context(), key+"x", 13); !errors.Is(err, filesystem.ErrNotFound) {
		t.Errorf("what is not there: %v", err)
	}
}
