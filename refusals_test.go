package main

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
	"onlibrary/locales"
)

// foreign is the house as foreign patrons see it.
type foreign struct {
	app       core.App
	server    *httptest.Server
	patrons   map[string]*core.Record // by their language
	languages []string
}

func abroad(t *testing.T) *foreign {
	t.Helper()
	app, server := open(t)
	f := &foreign{app: app, server: server, patrons: map[string]*core.Record{}, languages: []string{"pt-BR", "ar"}}
	for i, lang := range f.languages {
		f.patrons[lang] = testapp.User(t, app, "patron"+strconv.Itoa(i), schema.RoleCustomer, func(r *core.Record) { r.Set("language", lang) })
	}
	return f
}

// refused sends a request in each language, which the patron's record or a
// guest's header says, and wants the refusal in that language.
func (f *foreign) refused(t *testing.T, method, path, contentType, body string, status int, key string, guestsToo bool) (last http.Header) {
	t.Helper()
	for _, lang := range f.languages {
		want := text(t, lang, key)
		for _, guest := range []bool{false, true} {
			if guest && !guestsToo {
				continue
			}
			request, err := http.NewRequest(method, f.server.URL+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if contentType != "" {
				request.Header.Set("Content-Type", contentType)
			}
			if guest {
				request.Header.Set("Accept-Language", lang)
			} else {
				request.Header.Set("Authorization", testapp.Token(t, f.patrons[lang]))
			}
			response, err := f.server.Client().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := io.ReadAll(response.Body)
			response.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				Status  int
				Message string
				Data    map[string]any
			}
			if err := json.Unmarshal(raw, &got); err != nil || got.Data == nil {
				t.Errorf("%s %s: not PocketBase's shape: %v %.200s", method, path, err, raw)
			}
			if response.StatusCode != status || got.Status != status || got.Message != want {
				t.Errorf("%s %s in %s: %d %.300s, want %d %s", method, path, lang, response.StatusCode, raw, status, want)
			}
			if response.Header.Get("Content-Language") != lang {
				t.Errorf("%s %s in %s: Content-Language %q", method, path, lang, response.Header.Get("Content-Language"))
			}
			last = response.Header
		}
	}
	return last
}

// text is the text of a key as the file of a language has it.
func text(t *testing.T, lang, key string) string {
	t.Helper()
	raw, err := locales.FS.ReadFile(lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	s, ok := all[key].(string)
	if !ok {
		t.Fatalf("%s: no text %s", lang, key)
	}
	return s
}

const (
	notFound = "api.message.the_requested_resource_wasnt_found"
	wrong    = "api.message.something_went_wrong_while_processing_your_request"
)

func TestUnknownAPIPathIsWorded404(t *testing.T) {
	f := abroad(t)
	for _, method := range []string{"GET", "POST", "DELETE"} {
		f.refused(t, method, "/api/library/no/such/thing", "", "", 404, notFound, true)
	}
}

func TestUnknownRecordIsWorded404(t *testing.T) {
	abroad(t).refused(t, "GET", "/api/collections/documents/records/nothing00000000", "", "", 404, notFound, true)
}

func TestUnknownStaticFileIsWorded404(t *testing.T) {
	abroad(t).refused(t, "GET", "/assets/nothing.js", "", "", 404, notFound, true)
}

func TestWrongMethodIsWorded405WithAllow(t *testing.T) {
	f := abroad(t)
	for _, c := range []struct{ method, path, allow string }{
		{"POST", "/api/library/me", "GET"},
		{"GET", "/api/library/notifications/read-all", "POST"},
		{"PUT", "/api/collections/documents/records", "GET, POST"},
		{"PUT", "/api/collections/documents/records/nothing00000000", "GET, PATCH, DELETE"},
		{"GET", "/api/collections/users/auth-with-password", "POST"},
		{"DELETE", "/api/health", "GET"},
		{"POST", "/api/files/documents/nothing00000000/a.pdf", "GET"},
	} {
		if got := f.refused(t, c.method, c.path, "", "", 405, "fault.method_not_allowed", true).Get("Allow"); got != c.allow {
			t.Errorf("%s %s: Allow %q, want %q", c.method, c.path, got, c.allow)
		}
	}
}

func TestLargeJSONIsWorded413(t *testing.T) {
	abroad(t).refused(t, "POST", "/api/library/push", "application/json", `{"title":"`+strings.Repeat("x", 33<<20)+`"}`, 413, "api.message.request_entity_too_large", true)
}

func TestLargeUploadIsWorded413(t *testing.T) {
	f := abroad(t)
	if _, err := f.app.NonconcurrentDB().NewQuery("UPDATE library_settings SET maxUploadMB = 1").Execute(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	file, err := form.CreateFormFile("file", "big.txt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(bytes.Repeat([]byte("big text\n"), 1<<18)); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	for _, lang := range f.languages {
		request, err := http.NewRequest("POST", f.server.URL+"/api/collections/documents/records", bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", form.FormDataContentType())
		request.Header.Set("Authorization", testapp.Token(t, f.patrons[lang]))
		response, err := f.server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(response.Body)
		response.Body.Close()
		want, _, _ := strings.Cut(text(t, lang, "fault.file_too_large"), "{{")
		if err != nil || response.StatusCode != 413 || !strings.Contains(string(raw), want) || !strings.Contains(string(raw), `"file_too_large"`) {
			t.Errorf("%s: %d %s, want %s: %v", lang, response.StatusCode, raw, want, err)
		}
	}
}

func TestMalformedJSONIsWorded400(t *testing.T) {
	f := abroad(t)
	f.refused(t, "POST", "/api/collections/users/records", "application/json", "{", 400, wrong, true)
}

func TestMalformedJSONOnOurRouteIsWorded400(t *testing.T) {
	f := abroad(t)
	for _, p := range f.patrons {
		p.Set("role", schema.RoleAdmin)
		if err := f.app.Save(p); err != nil {
			t.Fatal(err)
		}
	}
	f.refused(t, "POST", "/api/library/broadcast", "application/json", "{", 400, "api.message.failed_to_read_the_submitted_data", false)
}

func TestGuestIsWorded401(t *testing.T) {
	f := abroad(t)
	for _, lang := range f.languages {
		request, err := http.NewRequest("GET", f.server.URL+"/api/library/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept-Language", lang)
		response, err := f.server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != 401 || !strings.Contains(string(raw), text(t, lang, "api.message.the_request_requires_valid_record_authorization_token")) {
			t.Errorf("%s: %d %s: %v", lang, response.StatusCode, raw, err)
		}
	}
}

func TestPatronIsWorded403(t *testing.T) {
	abroad(t).refused(t, "GET", "/api/settings", "", "", 403, "api.message.the_authorized_record_is_not_allowed_to_perform_this_action", false)
}

func TestPanicIsWorded500(t *testing.T) {
	f := abroad(t)
	f.app.OnRecordsListRequest(schema.Categories).BindFunc(func(*core.RecordsListRequestEvent) error { panic("on purpose") })
	f.refused(t, "GET", "/api/collections/categories/records", "", "", 500, wrong, true)
}

func TestPocketBasesRateLimitIsWorded429WithRetryAfter(t *testing.T) {
	f := abroad(t)
	f.app.Settings().RateLimits.Enabled = true
	f.app.Settings().RateLimits.Rules = []core.RateLimitRule{{Label: "/api/", MaxRequests: 1, Duration: 60}}
	if response, err := f.server.Client().Get(f.server.URL + "/api/health"); err != nil {
		t.Fatal(err)
	} else {
		response.Body.Close()
	}
	header := f.refused(t, "GET", "/api/health", "", "", 429, "api.message.too_many_requests", true)
	if n, err := strconv.Atoi(header.Get("Retry-After")); err != nil || n < 1 || n > 60 {
		t.Errorf("Retry-After %q", header.Get("Retry-After"))
	}
}

func TestOurRateLimitIsWorded429WithRetryAfter(t *testing.T) {
	f := abroad(t)
	for _, lang := range f.languages {
		var last *http.Response
		var raw []byte
		for range 11 {
			request, err := http.NewRequest("POST", f.server.URL+"/api/collections/users/auth-with-password", strings.NewReader(`{"identity":"nobody`+lang+`","password":"wrong"}`))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set("Accept-Language", lang)
			if last, err = f.server.Client().Do(request); err != nil {
				t.Fatal(err)
			}
			raw, err = io.ReadAll(last.Body)
			last.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
		}
		if n, err := strconv.Atoi(last.Header.Get("Retry-After")); last.StatusCode != 429 || err != nil || n < 1 || !strings.Contains(string(raw), `"too_many_tries"`) || last.Header.Get("Content-Language") != lang {
			t.Errorf("%s: %d %v %s", lang, last.StatusCode, last.Header, raw)
		}
		var got struct{ Message string }
		if json.Unmarshal(raw, &got) != nil || got.Message == "" || got.Message[0] < 0x80 && lang == "ar" {
			t.Errorf("%s: %s", lang, raw)
		}
	}
}
