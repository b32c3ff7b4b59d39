package server

import (
	"net/http"
	"strings"
	"testing"

	"onlibrary/internal/config"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

const (
	friend   = "https://app.example.org"
	stranger = "https://evil.example"
)

// abroad serves an app to the pages of the given origins.
func abroad(t *testing.T, origins ...string) *testapp.Server {
	t.Helper()
	app := testapp.New(t)
	Bind(app, Deps{Config: config.Config{CORSOrigins: origins}, Start: func() error { return nil }, Stop: func() {}})
	return testapp.Serve(t, app)
}

func TestCORSPreflightOfAllowedOrigin(t *testing.T) {
	s := abroad(t, friend)
	for _, path := range []string{"/api/collections/documents/records", "/api/realtime", "/api/library/me", "/api/files/documents/x/y.pdf"} {
		a := s.Do(t, nil, "OPTIONS", path, nil, "Origin", friend, "Access-Control-Request-Method", "PATCH", "Access-Control-Request-Headers", "authorization,x-timezone")
		if a.Status != http.StatusNoContent || a.Header.Get("Access-Control-Allow-Origin") != friend ||
			!strings.Contains(a.Header.Get("Access-Control-Allow-Methods"), "PATCH") || a.Header.Get("Access-Control-Allow-Headers") != "authorization,x-timezone" {
			t.Errorf("%s: %d %v", path, a.Status, a.Header)
		}
	}
}

func TestCORSExposesWhatFrontEndsNeed(t *testing.T) {
	s := abroad(t, friend)
	a := s.Do(t, nil, "GET", "/api/health", nil, "Origin", friend)
	exposed := a.Header.Get("Access-Control-Expose-Headers")
	for _, name := range []string{"Retry-After", "ETag", "Content-Range", "Content-Disposition", "Content-Language"} {
		if !strings.Contains(exposed, name) {
			t.Errorf("%s is not in %q", name, exposed)
		}
	}
	if len(a.Header.Values("Access-Control-Allow-Origin")) != 1 {
		t.Errorf("%v", a.Header) // PocketBase's own stands beside ours
	}
}

func TestCORSLetsNoOtherOriginIn(t *testing.T) {
	s := abroad(t, friend)
	for _, origin := range []string{stranger, "http://app.example.org", friend + ".evil.example", "https://x.app.example.org", friend + ":8443", "null"} {
		for _, method := range []string{"GET", "OPTIONS"} {
			a := s.Do(t, nil, method, "/api/health", nil, "Origin", origin, "Access-Control-Request-Method", "GET")
			for name := range a.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s %s: %s", method, origin, name)
				}
			}
			if !strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Origin") {
				t.Errorf("%s %s: Vary %v", method, origin, a.Header.Values("Vary"))
			}
		}
	}
}

func TestCORSOfErrors(t *testing.T) {
	s := abroad(t, friend)
	a := s.Do(t, nil, "GET", "/api/nothing", nil, "Origin", friend)
	if a.Status != http.StatusNotFound || a.Header.Get("Access-Control-Allow-Origin") != friend {
		t.Errorf("%d %v", a.Status, a.Header)
	}
}

func TestCORSWithoutOriginsIsForAnyWithoutCredentials(t *testing.T) {
	s := abroad(t)
	a := s.Do(t, nil, "GET", "/api/health", nil, "Origin", stranger)
	if a.Header.Get("Access-Control-Allow-Origin") != "*" || a.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("%v", a.Header)
	}
}

func TestCORSOfRealtime(t *testing.T) {
	s := abroad(t, friend)
	for origin, want := range map[string]string{friend: friend, stranger: ""} {
		request, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/api/realtime", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Origin", origin)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != 200 || response.Header.Get("Access-Control-Allow-Origin") != want {
			t.Errorf("%s: %d %v", origin, response.StatusCode, response.Header)
		}
	}
}

func TestCORSOfFiles(t *testing.T) {
	s := abroad(t, friend)
	ann := testapp.User(t, s.App, "ann", schema.RoleCustomer)
	document := testapp.Document(t, s.App, ann, "private")
	path := "/api/files/documents/" + document.Id + "/" + document.GetString("file") + "?token=" + testapp.FileToken(t, ann)
	for origin, want := range map[string]string{friend: friend, stranger: ""} {
		a := s.Do(t, nil, "GET", path, nil, "Origin", origin, "Range", "bytes=2-6")
		if a.Status != http.StatusPartialContent || a.Header.Get("Access-Control-Allow-Origin") != want || string(a.Raw) != "quiet" {
			t.Errorf("%s: %d %v %s", origin, a.Status, a.Header, a.Raw)
		}
	}
}

// The program itself, where PocketBase binds an answer of its own first.
func TestProgramTakesOriginsAndMethodsAsSet(t *testing.T) {
	r := start(t, t.TempDir(), "--cors-origins", friend)
	for origin, want := range map[string]string{friend: friend, stranger: ""} {
		request, err := http.NewRequestWithContext(t.Context(), "POST", r.url+"/api/health", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Origin", origin)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != "GET" || response.Header.Get("Access-Control-Allow-Origin") != want {
			t.Errorf("%s: %d %v", origin, response.StatusCode, response.Header)
		}
	}
	if code := r.stop(t); code != 0 {
		t.Errorf("ended with %d", code)
	}
}
