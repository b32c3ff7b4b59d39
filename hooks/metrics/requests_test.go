package metrics

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/logs"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// routes that answer in ways that PocketBase's own seldom do.
func oddRoutes(app core.App) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Router.GET("/broken", func(e *core.RequestEvent) error {
			return e.InternalServerError("", errors.New("the disk\nis on fire, token=hunter22"))
		})
		e.Router.GET("/panics", func(*core.RequestEvent) error { panic("at the disco") })
		e.Router.GET("/nothing", func(*core.RequestEvent) error { return nil })
		e.Router.GET("/long", func(e *core.RequestEvent) error {
			<-e.Request.Context().Done()
			return e.Request.Context().Err()
		})
		e.Router.GET("/cut", func(e *core.RequestEvent) error {
			if err := e.String(http.StatusOK, strings.Repeat("x", 1000)); err != nil {
				return err
			}
			panic(http.ErrAbortHandler)
		})
		return e.Next()
	})
}

// Each request is one line that says who asked for what and how that ended, and
// no secret, whichever way it is sent.
func TestOneLineARequest(t *testing.T) {
	h := serve(t, oddRoutes)
	ann := testapp.User(t, h.app, "ann", schema.RoleCustomer)
	a := h.Do(t, ann, "GET", "/api/collections/documents/records?token=hunter22&filter=title='secret'", nil)
	line := h.log.await(t, "/api/collections/documents/records")
	if line["level"] != "INFO" || line["method"] != "GET" || line["status"] != 200.0 || line["bytes"] != float64(len(a.Raw)) ||
		line["user"] != ann.Id || line["address"] != "127.0.0.1" || line["request"] != a.Header.Get(logs.RequestIDHeader) || line["ms"].(float64) <= 0 {
		t.Errorf("%v of %s", line, a.Raw)
	}
	a = h.Do(t, nil, "GET", "/api/none%0Alevel=ERROR/"+testapp.Token(t, ann), nil)
	line = h.log.await(t, "/api/none%0Alevel=ERROR/redacted")
	if line["status"] != 404.0 || line["bytes"] != float64(len(a.Raw)) || line["user"] != nil || line["error"] != nil {
		t.Errorf("%v of %s", line, a.Raw)
	}
	a = h.Do(t, nil, "GET", "/broken", nil)
	line = h.log.await(t, "/broken")
	if a.Status != 500 || a.Body()["status"] != 500.0 || line["level"] != "ERROR" || line["error"] != "the disk\nis on fire, token=redacted" || line["bytes"] != float64(len(a.Raw)) {
		t.Errorf("%v of %s", line, a.Raw)
	}
	if strings.Contains(string(a.Raw), "fire") || a.Header.Get(logs.RequestIDHeader) != line["request"] {
		t.Errorf("%v of %s", a.Header, a.Raw)
	}
	h.Do(t, nil, "GET", "/panics", nil)
	if line = h.log.await(t, "/panics"); line["status"] != 500.0 || !strings.Contains(line["error"].(string), "at the disco") {
		t.Error(line)
	}
	h.Do(t, nil, "GET", "/nothing", nil)
	if line = h.log.await(t, "/nothing"); line["status"] != 200.0 || line["bytes"] != 0.0 {
		t.Error(line)
	}
	h.Do(t, nil, "HEAD", "/broken", nil)
	for _, l := range []*lines{h.log} {
		if strings.Contains(l.b.String(), "hunter22") || strings.Contains(l.b.String(), "secret") {
			t.Errorf("a secret stands in %s", l.b.String())
		}
	}
}

// Who hangs up is told from what fails.
func TestHungUp(t *testing.T) {
	h := serve(t, oddRoutes)
	address := strings.TrimPrefix(h.URL, "http://")
	for _, path := range []string{"/long", "/cut"} {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path); err != nil {
			t.Fatal(err)
		}
		if path == "/cut" {
			if _, err := io.ReadAll(c); err != nil {
				t.Fatal(err)
			}
		} else {
			time.Sleep(50 * time.Millisecond) // the server is to be at it
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if line := h.log.await(t, "/long"); line["status"] != 499.0 || line["level"] != "INFO" {
		t.Error(line)
	}
	if line := h.log.await(t, "/cut"); line["status"] != 200.0 || line["bytes"] != 1000.0 {
		t.Error(line)
	}
	h.awaitValue(t, 1, "onlibrary_http_requests_total", "route", "/long", "code", "4xx")
	h.awaitValue(t, 1, "onlibrary_http_requests_in_flight") // the scrape itself
}

// A file goes out by sendfile still, and is counted.
func TestFilesAreCounted(t *testing.T) {
	h := serve(t)
	ann := testapp.User(t, h.app, "ann", schema.RoleAdmin)
	d := testapp.Document(t, h.app, ann, schema.VisibilityMembers)
	path := "/api/files/documents/" + d.Id + "/" + d.GetString("file")
	a := h.Do(t, nil, "GET", path+"?token="+testapp.FileToken(t, ann), nil)
	if line := h.log.await(t, path); a.Status != 200 || line["bytes"] != float64(len(a.Raw)) || len(a.Raw) == 0 {
		t.Errorf("%v of %d bytes", line, len(a.Raw))
	}
	if got := value(h.scrape(t), "onlibrary_http_response_bytes_total"); got < float64(len(a.Raw)) {
		t.Errorf("%v bytes", got)
	}
}

// The id of a trusted proxy is kept, and comes back.
func TestRequestIDs(t *testing.T) {
	h := serve(t)
	a := h.Do(t, nil, "GET", "/api/kept", nil, logs.RequestIDHeader, "proxy-1")
	if line := h.log.await(t, "/api/kept"); a.Header.Get(logs.RequestIDHeader) != "proxy-1" || line["request"] != "proxy-1" {
		t.Errorf("%v %v", a.Header, line)
	}
	h.room.Trusts = nobody
	if a = h.Do(t, nil, "GET", "/api/dropped", nil, logs.RequestIDHeader, "client-1"); a.Header.Get(logs.RequestIDHeader) == "client-1" {
		t.Error("a client names its request")
	}
}

// Whatever clients ask for, the series stay few.
func TestLabelsAreBounded(t *testing.T) {
	h := serve(t)
	for i := range 90 {
		for _, path := range []string{"/%d", "/api/%d", "/api/collections/c%d/records/x", "/api/collections/c%d/auth-with-password", "/_/%d"} {
			method := []string{"GET", "POST", fmt.Sprintf("ODD%d", i)}[i%3]
			h.Do(t, nil, method, fmt.Sprintf(path, i)+"?"+url.QueryEscape(fmt.Sprint(i)), nil)
		}
	}
	families := h.scrape(t)
	series := 0
	for name, f := range families {
		if strings.HasPrefix(name, "onlibrary_http") || strings.HasPrefix(name, "onlibrary_sign") {
			series += len(f.GetMetric())
		}
	}
	if series > 40 {
		t.Errorf("%d series of 450 requests", series)
	}
	if value(families, "onlibrary_http_requests_total", "method", "other") < 20 {
		t.Error("odd methods are not counted as one")
	}
}

func TestSignInsAreCounted(t *testing.T) {
	h := serve(t)
	ann := testapp.User(t, h.app, "ann", schema.RoleCustomer)
	path := "/api/collections/" + ann.Collection().Id + "/auth-with-password"
	for _, password := range []string{"wrong", "wrong", testapp.Password} {
		h.Do(t, nil, "POST", path, map[string]any{"identity": "ann", "password": password})
	}
	h.awaitValue(t, 2, "onlibrary_sign_ins_total", "collection", "users", "result", "failed")
	h.awaitValue(t, 1, "onlibrary_sign_ins_total", "collection", "users", "result", "ok")
}
