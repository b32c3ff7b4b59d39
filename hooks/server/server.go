// Package server starts the library, listens and stops: the serve command and
// those about the program itself.
package server

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"onlibrary/internal/config"
	"onlibrary/internal/reply"
)

// Deps is what the room needs from others.
type Deps struct {
	Config  config.Config
	Version string
	// Start and Stop run and end the work behind the requests.
	Start func() error
	Stop  func()
	// EnsureSuperuser makes the superuser that the settings name, if there is none.
	EnsureSuperuser func(app core.App, email, password string) error
	// SetupPath is the path, with its token, of the page that makes the first
	// superuser; empty when there is one.
	SetupPath func(app core.App, now time.Time) (string, error)
}

type room struct {
	Deps
	drain atomic.Pointer[drain] // nil while nothing listens
}

// Bind furnishes the room.
func Bind(app core.App, d Deps) {
	r := &room{Deps: d}
	app.OnServe().Bind(serve("limits", r.limits, -100))
	app.OnServe().Bind(serve("first", r.first, -90))
	app.OnServe().Bind(serve("start", r.start, 998))
	// Before PocketBase's own (-9999), which waits one second only.
	app.OnTerminate().Bind(&hook.Handler[*core.TerminateEvent]{Id: "onlibrary.server.stop", Func: r.stop, Priority: -10_000})
	app.OnModelCreate(core.LogsTableName).Bind(&hook.Handler[*core.ModelEvent]{Id: "onlibrary.server.scrub", Func: scrub})
	app.OnBackupCreate().Bind(&hook.Handler[*core.BackupEvent]{Id: "onlibrary.server.leaveOut", Func: leaveOut})
	app.OnBackupRestore().Bind(&hook.Handler[*core.BackupEvent]{Id: "onlibrary.server.leaveAlone", Func: leaveOut})
}

func serve(act string, f func(*core.ServeEvent) error, priority int) *hook.Handler[*core.ServeEvent] {
	return &hook.Handler[*core.ServeEvent]{Id: "onlibrary.server." + act, Func: f, Priority: priority}
}

// base is the base of every link in a mail: what the operator says, else what
// is stored, which follows the address as long as both are this machine's own.
func (r *room) base(app core.App) string {
	const own = "127.0.0.1:"
	stored := app.Settings().Meta.AppURL
	switch {
	case r.Config.PublicURL != "":
		return r.Config.PublicURL
	case strings.HasPrefix(stored, "http://"+own) && strings.HasPrefix(r.Config.HTTPAddr, own):
		return "http://" + r.Config.HTTPAddr
	default:
		return stored
	}
}

// first brings the stored settings in line with the program's, now that the
// migrations have run.
func (r *room) first(e *core.ServeEvent) error {
	s, base := e.App.Settings(), r.base(e.App)
	if named := r.nameHeader(s); named || s.Meta.AppURL != base {
		s.Meta.AppURL = base
		if err := e.App.Save(s); err != nil {
			return err
		}
	}
	if r.Config.SuperuserEmail != "" {
		if err := r.EnsureSuperuser(e.App, r.Config.SuperuserEmail, r.Config.SuperuserPassword); err != nil {
			return err
		}
	}
	e.Router.Bind(
		r.cors(), // by its id, in the place of PocketBase's
		// Ahead of all that asks for the address.
		&hook.Handler[*core.RequestEvent]{Id: "onlibrary.server.heed", Func: r.heed, Priority: apis.DefaultActivityLoggerMiddlewarePriority - 20},
		// Inside the activity logger, which is to see what the client is told.
		&hook.Handler[*core.RequestEvent]{Id: "onlibrary.server.machine", Func: machine, Priority: apis.DefaultActivityLoggerMiddlewarePriority + 5},
		&hook.Handler[*core.RequestEvent]{Id: "onlibrary.server.redact", Func: redact, Priority: apis.DefaultActivityLoggerMiddlewarePriority + 6},
		&hook.Handler[*core.RequestEvent]{Id: "onlibrary.server.hurry", Func: hurry, Priority: apis.DefaultLoadAuthTokenMiddlewarePriority + 2},
		// Inside the limits: the search for a path's methods is no way round them.
		&hook.Handler[*core.RequestEvent]{Id: "onlibrary.server.methods", Func: methods, Priority: apis.DefaultBodyLimitMiddlewarePriority + 1},
	)
	return e.Next()
}

// start begins the work behind the requests once the server listens.
func (r *room) start(e *core.ServeEvent) error {
	if err := e.Next(); err != nil {
		return err
	}
	return r.Start()
}

// machine tells faults of the machine from those of the request.
func machine(e *core.RequestEvent) error { return reply.Machine(e.Next()) }

// leaveOut keeps out of backups what the next start makes anew.
func leaveOut(e *core.BackupEvent) error {
	e.Exclude = append(e.Exclude, spool, cache, lockName)
	return e.Next()
}
