package storage

import (
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// refused wants the answer of what needs S3 while it is away.
func refused(t testing.TB, a testapp.Answer) {
	t.Helper()
	if a.Status != 503 || a.At("data", "fault", "code") != Unreachable {
		t.Errorf("%d %s", a.Status, a.Raw)
	}
}

func (h *house) rows(t testing.TB, collection string) int64 {
	t.Helper()
	n, err := h.CountRecords(collection)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// nothing wants no document and no file anywhere.
func (h *house) nothing(t testing.TB) {
	t.Helper()
	if n := h.rows(t, schema.Documents); n != 0 {
		t.Errorf("%d documents", n)
	}
	// With what the server itself keeps of uploads in parts that are not ended.
	if left := append(append(h.disk(t), below(t, h.spool)...), below(t, h.s3.Dir)...); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// While S3 is away what needs it is refused in words and leaves nothing, all
// else goes on, and what was deleted goes when it is back.
func TestS3Away(t *testing.T) {
	h := open(t, testapp.StartS3(t))
	doc, doomed := h.upload(t, picture("plan.png", 50)), h.upload(t, picture("old.png", 50))
	h.want(t, 200, h.ann, "PATCH", users+"/"+h.ann.Id, testapp.Form{"avatar": picture("me.png", 20)})
	kept := h.s3.Keys(t, doc.BaseFilesPath())

	h.s3.Stop()
	a := h.Do(t, h.ann, "POST", documents, testapp.Form{"file": text("new.txt", 50)}, "Accept-Language", "pt-BR")
	refused(t, a)
	if message, _ := a.At("message").(string); !strings.Contains(message, "biblioteca") || strings.Contains(string(a.Raw), h.s3.Endpoint) {
		t.Errorf("%s", a.Raw)
	}
	refused(t, h.Do(t, h.ann, "PATCH", documents+"/"+doc.Id, testapp.Form{"file": text("new.txt", 50)}))
	for _, query := range []string{"", "thumb=100x100"} {
		a = h.Do(t, nil, "GET", address(t, doc, doc.GetString("file"), h.ann, query), nil)
		refused(t, a)
		if a.Header.Get("ETag") != "" || strings.Contains(a.Header.Get("Cache-Control"), "max-age") || a.Header.Get("Content-Disposition") != "" {
			t.Errorf("headers of the file: %v", a.Header)
		}
	}
	h.want(t, 404, nil, "GET", address(t, doc, doc.GetString("file"), h.ben, ""), nil)
	h.want(t, 200, h.ann, "PATCH", documents+"/"+doc.Id, map[string]any{"title": "Plans"})
	h.want(t, 204, h.ann, "DELETE", documents+"/"+doomed.Id, nil)
	h.want(t, 200, h.ann, "PATCH", users+"/"+h.ann.Id, map[string]any{"avatar": nil})
	if n := h.rows(t, schema.Documents); n != 1 || len(h.disk(t)) > 0 {
		t.Errorf("%d documents; on the disk %v", n, h.disk(t))
	}

	h.s3.Start(t)
	// The job of a deletion waits a minute for PocketBase to do it.
	if _, err := h.NonconcurrentDB().NewQuery("UPDATE jobs SET runAt = '' WHERE kind = 'removal'").Execute(); err != nil {
		t.Fatal(err)
	}
	h.want(t, 200, nil, "GET", address(t, doc, doc.GetString("file"), h.ann, ""), nil)
	fresh := h.upload(t, text("new.txt", 50))
	eventually(t, "what was deleted is gone", func() bool {
		return len(h.s3.Keys(t, "")) == len(kept)+1
	})
	if got := h.s3.Keys(t, fresh.BaseFilesPath()); len(got) != 1 {
		t.Errorf("stored %v", got)
	}
}

func TestWrongKeyOfS3(t *testing.T) {
	h := open(t, testapp.StartS3(t))
	for name, spoil := range map[string]func(*core.S3Config){
		"secret": func(c *core.S3Config) { c.Secret = "another" },
		"key":    func(c *core.S3Config) { c.AccessKey = "nobody" },
		"bucket": func(c *core.S3Config) { c.Bucket = "elsewhere" },
	} {
		t.Run(name, func(t *testing.T) {
			wrong := *h.s3
			spoil(&wrong.S3Config)
			wrong.Use(t, h)
			a := h.Do(t, h.ann, "POST", documents, testapp.Form{"file": text("new.txt", 50)})
			refused(t, a)
			if strings.Contains(string(a.Raw), wrong.AccessKey) {
				t.Errorf("%s", a.Raw)
			}
			h.nothing(t)
		})
	}
	h.s3.Use(t, h)
	h.upload(t, text("new.txt", 50))
}

// A preview waits for S3 for as long as that takes, and is made when it is back.
func TestPreviewOutlastsAnOutage(t *testing.T) {
	h := open(t, testapp.StartS3(t))
	gate := openGate(t, h.s3.Endpoint)
	behind := *h.s3
	behind.Endpoint = gate.endpoint
	behind.Use(t, h)
	// Away as soon as the upload is through, whose job comes with it.
	h.OnRecordAfterCreateSuccess(schema.Documents).BindFunc(func(e *core.RecordEvent) error {
		h.s3.Stop()
		return e.Next()
	})
	a := h.want(t, 200, h.ann, "POST", documents, testapp.Form{"file": picture("plan.png", 50)})
	eventually(t, "the job was tried and does not count it", func() bool {
		var lastError, state string
		var attempts int
		if err := h.DB().NewQuery("SELECT lastError, state, attempts FROM jobs WHERE kind = 'preview'").Row(&lastError, &state, &attempts); err != nil {
			t.Fatal(err)
		}
		return lastError != "" && state == schema.JobQueued && attempts == 0
	})
	h.s3.Start(t)
	doc := h.settled(t, a.At("id").(string))
	if doc.GetString("state") != schema.DocumentReady || doc.GetString("thumbnail") == "" {
		t.Errorf("%s %s", doc.GetString("state"), doc.GetString("stateDetail"))
	}
	if left := below(t, h.spool); len(left) > 0 {
		t.Errorf("in the spool: %v", left)
	}
}

// A silent S3 holds up who waits for it, and nobody else: no write of another
// waits until the upload has been given up.
func TestSilentS3HoldsUpNobodyElse(t *testing.T) {
	h := open(t, testapp.StartS3(t))
	doc := h.upload(t, text("old.txt", 50))
	gate := openGate(t, h.s3.Endpoint)
	behind := *h.s3
	behind.Endpoint = gate.endpoint
	behind.Use(t, h)
	gate.stalled.Store(true)
	for name, send := range map[string]func() testapp.Answer{
		"upload": func() testapp.Answer {
			return h.Do(t, h.ann, "POST", documents, testapp.Form{"file": text("a.txt", 50)})
		},
		"replace": func() testapp.Answer {
			return h.Do(t, h.ann, "PATCH", documents+"/"+doc.Id, testapp.Form{"file": text("a.txt", 50)})
		},
		"avatar": func() testapp.Answer {
			return h.Do(t, h.ann, "PATCH", users+"/"+h.ann.Id, testapp.Form{"avatar": picture("a.png", 9)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			answered := make(chan testapp.Answer, 1)
			go func() { answered <- send() }()
			eventually(t, "the upload waits for S3", func() bool { return gate.held.Load() > 0 })
			for range 3 {
				h.want(t, 200, h.ben, "PATCH", users+"/"+h.ben.Id, map[string]any{"name": "Ben"})
			}
			select {
			case a := <-answered:
				t.Errorf("the others waited for it: %d", a.Status)
			default:
			}
			refused(t, <-answered)
		})
	}
	gate.stalled.Store(false)
	h.want(t, 200, h.ann, "POST", documents, testapp.Form{"file": text("a.txt", 50)})
}

// The line breaks amid an upload in parts: nothing is kept of it that is seen.
func TestUploadCutAmidst(t *testing.T) {
	h := open(t, testapp.StartS3(t))
	gate := openGate(t, h.s3.Endpoint)
	behind := *h.s3
	behind.Endpoint = gate.endpoint
	behind.Use(t, h)
	gate.cut.Store(9 << 20)
	refused(t, h.Do(t, h.ann, "POST", documents, testapp.Form{"file": text("long.txt", 25<<20)}))
	if n := h.rows(t, schema.Documents); n != 0 {
		t.Errorf("%d documents", n)
	}
	if got := h.s3.Keys(t, ""); len(got) != 0 {
		t.Errorf("objects %v", got)
	}
	gate.cut.Store(0)
	h.want(t, 200, h.ann, "POST", documents, testapp.Form{"file": text("long.txt", 25<<20)})
}
