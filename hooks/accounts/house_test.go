package accounts

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tests"
	"golang.org/x/crypto/bcrypt"

	"onlibrary/internal/jobs"
	"onlibrary/internal/outbox"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
	"onlibrary/internal/translate"
	"onlibrary/locales"
)

// house is a served library on a database of its own.
type house struct {
	*tests.TestApp
	t   *testing.T
	url string
	now atomic.Int64 // seconds that the clock is ahead
}

func open(t *testing.T) *house {
	t.Helper()
	return furnish(t, testapp.New(t))
}

// openWithMail opens a library with a real mail server.
func openWithMail(t *testing.T) (*house, *testapp.Mailpit) {
	t.Helper()
	app := testapp.New(t)
	server := testapp.StartMailpit(t, app)
	return furnish(t, app), server
}

func furnish(t *testing.T, app *tests.TestApp) *house {
	t.Helper()
	h := &house{TestApp: app, t: t}
	h.cheapPasswords()
	queue := jobs.New(h.TestApp)
	outbox.Register(h.TestApp, queue)
	deps := h.deps()
	deps.Queue = queue
	Bind(h.TestApp, deps)
	if err := queue.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(queue.Stop)
	router, err := apis.NewRouter(h.TestApp)
	if err != nil {
		t.Fatal(err)
	}
	serve := &core.ServeEvent{App: h.TestApp, Router: router, InstallerFunc: apis.DefaultInstallerFunc}
	err = h.OnServe().Trigger(serve, func(e *core.ServeEvent) error {
		mux, err := e.Router.BuildMux()
		if err != nil {
			return err
		}
		server := httptest.NewServer(mux)
		t.Cleanup(server.Close)
		h.url = server.URL
		return e.Next()
	})
	if err != nil {
		t.Fatal(err)
	}
	if serve.InstallerFunc != nil {
		t.Error("PocketBase's installer is left on")
	}
	return h
}

// cheapPasswords has bcrypt work as little as it may: with the race detector a
// password of the usual cost takes seconds.
func (h *house) cheapPasswords() {
	h.t.Helper()
	for _, name := range []string{schema.Users, core.CollectionNameSuperusers} {
		c, err := h.FindCollectionByNameOrId(name)
		if err != nil {
			h.t.Fatal(err)
		}
		c.Fields.GetByName(core.FieldNamePassword).(*core.PasswordField).Cost = bcrypt.MinCost
		if err := h.Save(c); err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *house) deps() Deps {
	texts, err := translate.Load(locales.FS)
	if err != nil {
		h.t.Fatal(err)
	}
	return Deps{
		Text:     texts.Text,
		Language: func(info *core.RequestInfo) string { return info.Auth.GetString("language") },
		Timezone: func(info *core.RequestInfo) string { return info.Auth.GetString("timezone") },
		Recipient: func(user *core.Record) (string, *time.Location) {
			zone, err := time.LoadLocation(user.GetString("timezone"))
			if err != nil {
				zone = time.UTC
			}
			return cmp.Or(user.GetString("language"), "en"), zone
		},
		Now:       func() time.Time { return time.Now().Add(time.Duration(h.now.Load()) * time.Second) },
		Queue:     jobs.New(h.TestApp),
		PublicURL: func(core.App) string { return "https://books.example.org/" },
	}
}

// user makes an active user with a role.
func (h *house) user(name, role string, changes ...func(*core.Record)) *core.Record {
	h.t.Helper()
	return testapp.User(h.t, h.TestApp, name, role, changes...)
}

// role makes a role with the permissions.
func (h *house) role(name string, permissions ...string) *core.Record {
	h.t.Helper()
	c, err := h.FindCollectionByNameOrId(schema.Roles)
	if err != nil {
		h.t.Fatal(err)
	}
	r := core.NewRecord(c)
	r.Set("name", name)
	r.Set("permissions", permissions)
	if err := h.Save(r); err != nil {
		h.t.Fatal(err)
	}
	return r
}

// stored is the record as the database has it.
func (h *house) stored(r *core.Record) *core.Record {
	h.t.Helper()
	fresh, err := h.FindRecordById(r.Collection().Id, r.Id)
	if err != nil {
		h.t.Fatal(err)
	}
	return fresh
}

// set changes the library's record.
func (h *house) set(collection, id string, fields map[string]any) {
	h.t.Helper()
	r, err := h.FindRecordById(collection, id)
	if err != nil {
		h.t.Fatal(err)
	}
	r.Load(fields)
	if err := h.Save(r); err != nil {
		h.t.Fatal(err)
	}
}

// smtp switches mail on; the test app catches it.
func (h *house) smtp() { h.Settings().SMTP.Enabled = true }

type answer struct {
	status int
	header http.Header
	raw    string
	body   any
}

// at returns what stands at path in the answer, or nil.
func (r answer) at(path ...string) any {
	v := r.body
	for _, key := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

// code is the code of a refused field, or of a refusal that is about none.
func (r answer) code(field string) any { return r.at("data", field, "code") }

// ask sends body as JSON, or as it is if it is a form.
func (h *house) ask(as *core.Record, method, path string, body any) answer {
	h.t.Helper()
	var in io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case *form:
		in, kind = b.close(h.t), b.w.FormDataContentType()
	case string:
		in = bytes.NewBufferString(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			h.t.Fatal(err)
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, h.url+path, in)
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	if as != nil {
		req.Header.Set("Authorization", testapp.Token(h.t, h.stored(as)))
	}
	return h.send(req)
}

func (h *house) send(req *http.Request) answer {
	h.t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	r := answer{status: res.StatusCode, header: res.Header, raw: string(raw)}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &r.body); err != nil {
			r.body = nil
		}
	}
	return r
}

type m = map[string]any

// form is a multipart body.
type form struct {
	buf bytes.Buffer
	w   *multipart.Writer
}

func newForm(fields ...string) *form {
	f := &form{}
	f.w = multipart.NewWriter(&f.buf)
	for i := 0; i+1 < len(fields); i += 2 {
		_ = f.w.WriteField(fields[i], fields[i+1]) // a buffer takes all
	}
	return f
}

func (f *form) file(t *testing.T, field, name string, content []byte) *form {
	t.Helper()
	w, err := f.w.CreateFormFile(field, name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *form) close(t *testing.T) io.Reader {
	t.Helper()
	if err := f.w.Close(); err != nil {
		t.Fatal(err)
	}
	return &f.buf
}

// eventually waits for what happens beside the request.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatalf("never came: %s", what)
}

const (
	users = "/api/collections/users/records"
	roles = "/api/collections/roles/records"
)

func signUpBody(more m) m {
	body := m{"email": "new@example.org", "password": "a-good-password", "passwordConfirm": "a-good-password"}
	for k, v := range more {
		if v == nil {
			delete(body, k)
		} else {
			body[k] = v
		}
	}
	return body
}
