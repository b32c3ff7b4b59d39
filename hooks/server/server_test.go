package server

import (
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"onlibrary/internal/config"
	"onlibrary/internal/testapp"
)

func TestBind(t *testing.T) {
	app := testapp.New(t)
	var started, stopped atomic.Int32
	var ensured, logged atomic.Value
	Bind(app, Deps{
		Config:          config.Config{PublicURL: "https://books.example.org", SuperuserEmail: email},
		Start:           func() error { started.Add(1); return nil },
		Stop:            func() { stopped.Add(1) },
		EnsureSuperuser: func(_ core.App, email, _ string) error { ensured.Store(email); return nil },
	})
	var server *http.Server
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		server = e.Server
		e.Router.Bind(&hook.Handler[*core.RequestEvent]{Priority: apis.DefaultActivityLoggerMiddlewarePriority + 1, Func: func(e *core.RequestEvent) error {
			err := e.Next()
			logged.Store(e.Request.URL.String())
			return err
		}})
		e.Router.GET("/full", func(e *core.RequestEvent) error { return e.BadRequestError("", syscall.ENOSPC) })
		return e.Next()
	})
	s := testapp.Serve(t, app)
	if got := app.Settings().Meta.AppURL; got != "https://books.example.org" {
		t.Errorf("the public address is %q", got)
	}
	if ensured.Load() != email || started.Load() != 1 {
		t.Errorf("superuser %v, started %d times", ensured.Load(), started.Load())
	}
	if server.ReadHeaderTimeout == 0 || server.ReadHeaderTimeout > time.Minute || server.IdleTimeout == 0 || server.MaxHeaderBytes == 0 {
		t.Errorf("a server without bounds: %+v", server)
	}
	if a := s.Do(t, nil, "GET", "/full?token=secret&a=b", nil); a.Status != 503 || a.At("data", "fault", "code") != "storage_full" {
		t.Errorf("a full disk: %d %s", a.Status, a.Raw)
	}
	if url, _ := logged.Load().(string); strings.Contains(url, "secret") || !strings.Contains(url, "a=b") {
		t.Errorf("logged %s", url)
	}
	if err := terminate(app); err != nil {
		t.Error(err)
	}
	if stopped.Load() != 1 {
		t.Errorf("stopped %d times", stopped.Load())
	}
}
