package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/testapp"
)

func built() fstest.MapFS {
	return fstest.MapFS{
		"index.html":           {Data: []byte("<!doctype html><title>App</title>" + strings.Repeat("<p>word</p>", 200))},
		"favicon.svg":          {Data: []byte("<svg/>")},
		"assets/app-1a2b3c.js": {Data: []byte(strings.Repeat("console.log('word');\n", 200))},
		"assets/font.woff2":    {Data: bytes.Repeat([]byte{1, 2, 3}, 100)},
		"assets/codec.wasm":    {Data: []byte("\x00asm")},
		"assets/reader.mjs":    {Data: []byte("export{}")},
		".gitkeep":             {Data: []byte("x")},
	}
}

func serve(t *testing.T, dist fstest.MapFS) *testapp.Server {
	t.Helper()
	app := testapp.New(t)
	Bind(app, dist)
	return testapp.Serve(t, app)
}

func TestServes(t *testing.T) {
	s := serve(t, built())
	for path, want := range map[string]struct {
		status            int
		contentType, kept string
		page              bool
	}{
		"/":                         {200, "text/html; charset=utf-8", "no-cache", true},
		"/documents/abc":            {200, "text/html; charset=utf-8", "no-cache", true},
		"/setup?token=x":            {200, "text/html; charset=utf-8", "no-cache", true},
		"/index.html":               {200, "text/html; charset=utf-8", "no-cache", true},
		"/favicon.svg":              {200, "image/svg+xml", "no-cache", false},
		"/assets/app-1a2b3c.js":     {200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", false},
		"/assets/reader.mjs":        {200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", false},
		"/assets/font.woff2":        {200, "font/woff2", "public, max-age=31536000, immutable", false},
		"/assets/codec.wasm":        {200, "application/wasm", "public, max-age=31536000, immutable", false},
		"/assets/old-9z8y7x.js":     {404, "application/json", "", false},
		"/assets/":                  {404, "application/json", "", false},
		"/.gitkeep":                 {404, "application/json", "", false},
		"/.env":                     {404, "application/json", "", false},
		"/wp-login.php":             {404, "application/json", "", false},
		"/api":                      {404, "application/json", "", false},
		"/api/":                     {404, "application/json", "", false},
		"/api/nothing":              {404, "application/json", "", false},
		"/api/library/nothing":      {404, "application/json", "", false},
		"/%2e%2e/%2e%2e/etc/passwd": {200, "text/html; charset=utf-8", "no-cache", true},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			a := s.Do(t, nil, method, path, nil)
			if a.Status != want.status || a.Header.Get("Content-Type") != want.contentType || a.Header.Get("Cache-Control") != want.kept {
				t.Errorf("%s %s: %d %v", method, path, a.Status, a.Header)
			}
			if isPage := bytes.Contains(a.Raw, []byte("<title>App")); isPage != (want.page && method == "GET") || method == "HEAD" && len(a.Raw) > 0 {
				t.Errorf("%s %s: %.60q", method, path, a.Raw)
			}
			if want.status != 200 {
				continue
			}
			for header, value := range map[string]string{
				"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
				"Cross-Origin-Opener-Policy": "same-origin", "Vary": "Accept-Encoding",
			} {
				if got := a.Header.Get(header); got != value {
					t.Errorf("%s %s: %s: %q", method, path, header, got)
				}
			}
		}
	}
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		for _, path := range []string{"/", "/documents/abc", "/api/nothing", "/assets/app-1a2b3c.js"} {
			if a := s.Do(t, nil, method, path, nil); a.Status != 404 && a.Status != 405 {
				t.Errorf("%s %s: %d %s", method, path, a.Status, a.Raw)
			}
		}
	}
	if a := s.Do(t, nil, "GET", "/api/health", nil); a.Status != 200 {
		t.Errorf("PocketBase's own routes: %d", a.Status)
	}
}

func TestCaching(t *testing.T) {
	s := serve(t, built())
	for _, path := range []string{"/", "/assets/app-1a2b3c.js", "/assets/font.woff2"} {
		etags := map[string]bool{}
		for _, encoding := range []string{"identity", "gzip"} {
			a := s.Do(t, nil, "GET", path, nil, "Accept-Encoding", encoding)
			etag := a.Header.Get("ETag")
			if a.Status != 200 || etag == "" {
				t.Fatalf("%s: %d %v", path, a.Status, a.Header)
			}
			etags[etag] = true
			if a := s.Do(t, nil, "GET", path, nil, "Accept-Encoding", encoding, "If-None-Match", etag); a.Status != 304 || len(a.Raw) != 0 {
				t.Errorf("%s %s again: %d", path, encoding, a.Status)
			}
		}
		if zipped := path != "/assets/font.woff2"; len(etags) == 2 != zipped {
			t.Errorf("%s: %v", path, etags)
		}
	}
	a := s.Do(t, nil, "GET", "/assets/font.woff2", nil, "Range", "bytes=1-2")
	if a.Status != 206 || string(a.Raw) != "\x02\x03" {
		t.Errorf("a part: %d %q", a.Status, a.Raw)
	}
}

func TestCompression(t *testing.T) {
	s := serve(t, built())
	want := built()["assets/app-1a2b3c.js"].Data
	for accepted, zipped := range map[string]bool{
		"gzip": true, "gzip, deflate, br": true, "br;q=1.0, gzip;q=0.8": true, "*": true, "deflate, gzip ; q=0.5": true,
		"identity": false, "br": false, "gzip;q=0": false, "gzip; q=0.000": false, "*;q=0": false, "gzipped": false,
	} {
		a := s.Do(t, nil, "GET", "/assets/app-1a2b3c.js", nil, "Accept-Encoding", accepted)
		body := a.Raw
		if got := a.Header.Get("Content-Encoding") == "gzip"; got != zipped {
			t.Errorf("%q: compressed %v", accepted, got)
			continue
		}
		if zipped {
			r, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if body, err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(body, want) {
			t.Errorf("%q: other content", accepted)
		}
	}
}

// What a careful client would never send.
func TestTraversal(t *testing.T) {
	s := serve(t, built())
	for _, path := range []string{"/../../etc/passwd", "/..%2f..%2fetc/passwd", "//etc/passwd", "/assets/../../go.mod", "/assets/..%2f..%2fgo.mod", "/%00", "/\\..\\x"} {
		connection, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(connection, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(connection)
		if err != nil {
			t.Fatal(err)
		}
		connection.Close()
		if bytes.Contains(answer, []byte("root:")) || bytes.Contains(answer, []byte("module onlibrary")) || bytes.HasPrefix(answer, []byte("HTTP/1.1 5")) {
			t.Errorf("%s: %.200s", path, answer)
		}
	}
}

func TestUnbuilt(t *testing.T) {
	s := serve(t, fstest.MapFS{".gitkeep": {}})
	for path, want := range map[string]int{"/": 200, "/documents/abc": 200, "/api/nothing": 404, "/assets/x.js": 404} {
		a := s.Do(t, nil, "GET", path, nil)
		if a.Status != want || want == 200 && !bytes.Contains(a.Raw, []byte("make build")) {
			t.Errorf("%s: %d %s", path, a.Status, a.Raw)
		}
	}
}

func TestDashboardKeepsItsOwnPolicy(t *testing.T) {
	app := testapp.New(t)
	Bind(app, built())
	// As apis.Serve does before it asks the rooms.
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Router.GET("/_/{path...}", func(e *core.RequestEvent) error { return e.HTML(http.StatusOK, "dashboard") })
		return e.Next()
	})
	s := testapp.Serve(t, app)
	if a := s.Do(t, nil, "GET", "/_/", nil); string(a.Raw) != "dashboard" || a.Header.Get("Content-Security-Policy") != "" {
		t.Errorf("%d %s %v", a.Status, a.Raw, a.Header)
	}
}
