package logs_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	_ "github.com/pocketbase/pocketbase/migrations" // the tables of its own
	"github.com/pocketbase/pocketbase/tools/router"

	"onlibrary/internal/logs"
)

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// What PocketBase and the rooms log is on the console at once, requests apart,
// and still in the database, by the level that is set for each.
func TestTee(t *testing.T) {
	var out buffer
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: t.TempDir()})
	logs.Tee(app, logs.New(&out, logs.Options{Level: slog.LevelWarn}))
	if err := app.Bootstrap(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.ClearBootstrap(); err != nil {
			t.Error(err)
		}
	})
	if err := app.RunAllMigrations(); err != nil {
		t.Fatal(err)
	}
	app.Logger().Warn("the disk is slow", "error", errors.New("no\nroom"))
	app.Logger().With("job", "mail").Error("job failed")
	app.Logger().Info("only in the database")
	app.Logger().Error("GET /x", "type", "request", "status", 500)
	if err := app.RunInTransaction(func(tx core.App) error {
		tx.Logger().Warn("in a transaction")
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	got := out.String()
	for _, want := range []string{`msg="the disk is slow" error="no\nroom"`, `msg="job failed" job=mail`, `msg="in a transaction"`} {
		if !strings.Contains(got, want) {
			t.Errorf("the console lacks %s:\n%s", want, got)
		}
	}
	if strings.Contains(got, "only in") || strings.Contains(got, "/x") {
		t.Errorf("the console has more:\n%s", got)
	}
	// The dashboard still sets the level of what is stored.
	s := app.Settings()
	s.Logs.MinLevel = int(slog.LevelError)
	if err := app.Save(s); err != nil {
		t.Fatal(err)
	}
	app.Logger().Warn("too low by now")
	app.Logger().Error("high enough")
	stored := awaitStored(t, app, "high enough")
	if strings.Contains(stored, "too low") || !strings.Contains(out.String(), "too low") {
		t.Errorf("the levels are not each their own: %s", stored)
	}
}

func awaitStored(t *testing.T, app core.App, message string) string {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		var messages []string
		if err := app.AuxDB().Select("message").From(core.LogsTableName).Column(&messages); err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(messages, "\n"); strings.Contains(all, message) {
			return all
		}
	}
	t.Fatalf("%q is not in the database", message)
	return ""
}

// An id is taken from a trusted proxy alone, and only one that is well formed.
func TestRequestIDs(t *testing.T) {
	t.Parallel()
	trusts := func(peer netip.Addr) bool { return peer == netip.MustParseAddr("10.0.0.1") }
	for _, tc := range []struct {
		peer, given string
		taken       bool
	}{
		{"10.0.0.1:1", "abc-DEF_1.2", true},
		{"10.0.0.1:1", strings.Repeat("a", 64), true},
		{"10.0.0.1:1", strings.Repeat("a", 65), false},
		{"10.0.0.1:1", "", false},
		{"10.0.0.1:1", "a b", false},
		{"10.0.0.1:1", "a\nlevel=ERROR", false},
		{"10.0.0.1:1", "naïve", false},
		{"10.0.0.2:1", "abc", false},
		{"@", "abc", false},
	} {
		e := &core.RequestEvent{}
		e.Request = httptest.NewRequest(http.MethodGet, "/", nil)
		e.Request.RemoteAddr = tc.peer
		e.Request.Header[logs.RequestIDHeader] = []string{tc.given}
		e.Response = &router.ResponseWriter{ResponseWriter: httptest.NewRecorder()}
		id := logs.Name(e, trusts)
		if (id == tc.given) != tc.taken || len(id) < 11 && !tc.taken {
			t.Errorf("%s %q: %s", tc.peer, tc.given, id)
		}
		if logs.RequestID(e) != id || e.Response.Header().Get(logs.RequestIDHeader) != id {
			t.Errorf("%s is not told to all", id)
		}
	}
}
