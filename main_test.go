package main

import (
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/config"
	"onlibrary/internal/media"
	"onlibrary/internal/testapp"
)

// serveArg has the test's binary be the program itself.
const serveArg = "serve"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == serveArg {
		main()
		return
	}
	if len(os.Args) > 1 && os.Args[1] == media.ChildArg {
		os.Exit(media.ChildMain(os.Args[2:]))
	}
	slog.SetDefault(slog.New(slog.DiscardHandler)) // a line a request says nothing here
	os.Exit(m.Run())
}

// open serves the whole house on a fresh database.
func open(t *testing.T) (core.App, *httptest.Server) {
	t.Helper()
	app := testapp.New(t)
	if _, err := bind(app, config.Config{DataDir: app.DataDir(), HTTPAddr: "127.0.0.1:0"}); err != nil {
		t.Fatal(err)
	}
	router, err := apis.NewRouter(app)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	err = app.OnServe().Trigger(&core.ServeEvent{App: app, Router: router, Server: server.Config}, func(e *core.ServeEvent) error {
		mux, err := e.Router.BuildMux()
		server.Config.Handler = mux
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	server.Start()
	t.Cleanup(server.Close)
	return app, server
}

// guest is what a guest gets on each route of our own: everything not listed
// as open answers 401.
func guest() map[string]struct {
	method, path string
	status       int
} {
	type row = struct {
		method, path string
		status       int
	}
	return map[string]row{
		"GET /setup":                             {"GET", "/api/library/setup?token=x", http.StatusNotFound},
		"POST /setup":                            {"POST", "/api/library/setup", http.StatusBadRequest},
		"GET /me":                                {"GET", "/api/library/me", http.StatusUnauthorized},
		"GET /patrons":                           {"GET", "/api/library/patrons?username=ann", http.StatusUnauthorized},
		"GET /permissions":                       {"GET", "/api/library/permissions", http.StatusUnauthorized},
		"POST /roles/{id}/copy":                  {"POST", "/api/library/roles/roleadmin000000/copy", http.StatusUnauthorized},
		"POST /users/{id}/end-sessions":          {"POST", "/api/library/users/nobody000000000/end-sessions", http.StatusUnauthorized},
		"POST /documents/{id}/notify-expiration": {"POST", "/api/library/documents/anydocument0000/notify-expiration", http.StatusUnauthorized},
		"POST /notifications/read-all":           {"POST", "/api/library/notifications/read-all", http.StatusUnauthorized},
		"POST /push":                             {"POST", "/api/library/push", http.StatusUnauthorized},
		"POST /broadcast":                        {"POST", "/api/library/broadcast", http.StatusUnauthorized},
		"GET /doctor":                            {"GET", "/api/library/doctor", http.StatusUnauthorized},
		"POST /doctor":                           {"POST", "/api/library/doctor", http.StatusUnauthorized},
		"GET /openapi.json":                      {"GET", "/api/library/openapi.json", http.StatusOK},
		"GET /api/docs":                          {"GET", "/api/docs", http.StatusOK},
		"GET /livez":                             {"GET", "/livez", http.StatusOK},
		"GET /readyz":                            {"GET", "/readyz", http.StatusOK},
		"GET /metrics":                           {"GET", "/metrics", http.StatusOK}, // of this machine; see TestMetricsAreNotForTheWorld
		"GET /api/{path...}":                     {"GET", "/api/no/such/thing", http.StatusNotFound},
		"GET /{path...}":                         {"GET", "/catalogue", http.StatusOK},
	}
}

func TestEveryRouteRefusesAGuestUnlessOpen(t *testing.T) {
	_, server := open(t)
	rows := guest()
	for _, route := range routes(t) {
		row, ok := rows[route]
		if !ok {
			t.Errorf("route %s has no row in this test", route)
			continue
		}
		delete(rows, route)
		request, err := http.NewRequest(row.method, server.URL+row.path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != row.status {
			t.Errorf("%s %s: %d, want %d", row.method, row.path, response.StatusCode, row.status)
		}
	}
	for route := range rows {
		t.Errorf("the row of %s is of no route", route)
	}
}

// Each route that the rooms declare stands in the API's description once, and
// nothing stands there under /api/library that is no route.
func TestEveryOwnRouteIsDescribed(t *testing.T) {
	_, server := open(t)
	response, err := server.Client().Get(server.URL + "/api/library/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var described struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.NewDecoder(response.Body).Decode(&described); err != nil {
		t.Fatal(err)
	}
	for _, route := range routes(t) {
		method, path, _ := strings.Cut(route, " ")
		if strings.Contains(path, "...") || strings.HasPrefix(path, "/api/") || slices.Contains([]string{"/livez", "/readyz", "/metrics"}, path) {
			continue // the web app, the page of the description, and what machines ask
		}
		item := described.Paths["/api/library"+path]
		if item[strings.ToLower(method)] == nil {
			t.Errorf("%s is not described", route)
		}
		delete(item, strings.ToLower(method))
	}
	for path, item := range described.Paths {
		delete(item, "parameters")
		for method := range item {
			if strings.HasPrefix(path, "/api/library/") {
				t.Errorf("%s %s is described, but is no route", method, path)
			}
		}
	}
}

// routes reads the routes that the rooms declare out of their source.
func routes(t *testing.T) []string {
	t.Helper()
	declared := regexp.MustCompile(`\.(GET|POST|PUT|PATCH|DELETE|Any)\("([^"]+)"`)
	var found []string
	err := filepath.WalkDir("hooks", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
			found = append(found, m[1]+" "+m[2])
		}
		return err
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("found no route: %v", err)
	}
	return found
}
