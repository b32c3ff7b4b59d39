// Package server starts the library, listens and stops: the serve command and
// those about the program itself.
package server

import (
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"onlibrary/internal/config"
	"onlibrary/internal/listen"
	"onlibrary/internal/reply"
)

// Deps is what the room needs from others.
type Deps struct {
	Config  config.Config
	Version string
	// Certificates make it HTTPS, where there are any; nil: plain HTTP.
	Certificates Certificates
	// Start and Stop run and end the work behind the requests.
	Start func() error
	Stop  func()
	// EnsureSuperuser makes the superuser that the settings name, if there is none.
	EnsureSuperuser func(app core.App, email, password string) error
	// SetupPath is the path, with its token, of the page that makes the first
	// superuser; empty when there is one.
	SetupPath func(app core.App, now time.Time) (string, error)
}

// Certificates is what the room needs of certs.Keeper.
type Certificates interface {
	Enabled() bool
	Open(challenges, https net.Addr) error
	TLSConfig() *tls.Config
	Challenge(next http.Handler) http.Handler
	Start()
	Close()
}

type room struct {
	Deps
	listeners listen.Places
	work      stopped
}

// Bind furnishes the room.
func Bind(app core.App, d Deps) {
	r := &room{Deps: d}
	r.listeners.All, r.listeners.Each, r.listeners.Exempt = listenersMost, listenersEach, d.Config.Trusts
	app.OnServe().Bind(serve("limits", r.limits, -100))
	app.OnServe().Bind(serve("first", r.first, -90))
	app.OnServe().Bind(serve("start", r.start, 998))
	app.OnTerminate().Bind(terminating("endWork", r.endWork, -10_010))
	app.OnTerminate().Bind(terminating("awaitWork", r.awaitWork, -9_000)) // when the door is shut
	app.OnRealtimeConnectRequest().Bind(&hook.Handler[*core.RealtimeConnectRequestEvent]{
		Id: "onlibrary.server.boundRealtime", Func: r.boundRealtime, Priority: -100,
	})
	app.OnModelCreate(core.LogsTableName).Bind(&hook.Handler[*core.ModelEvent]{Id: "onlibrary.server.scrub", Func: scrub})
	app.OnBackupCreate().Bind(&hook.Handler[*core.BackupEvent]{Id: "onlibrary.server.leaveOut", Func: leaveOut})
	app.OnBackupRestore().Bind(&hook.Handler[*core.BackupEvent]{Id: "onlibrary.server.leaveAlone", Func: leaveOut})
}

func terminating(act string, f func(*core.TerminateEvent) error, priority int) *hook.Handler[*core.TerminateEvent] {
	return &hook.Handler[*core.TerminateEvent]{Id: "onlibrary.server." + act, Func: f, Priority: priority}
}

func serve(act string, f func(*core.ServeEvent) error, priority int) *hook.Handler[*core.ServeEvent] {
	return &hook.Handler[*core.ServeEvent]{Id: "onlibrary.server." + act, Func: f, Priority: priority}
}

// base is the base of every link in a mail: what the operator says, else what
// is stored. As long as that is this machine's own address it follows the domain
// that there is, or the address as long as that is the machine's own, too.
func (r *room) base(app core.App) string {
	const own = "127.0.0.1:"
	stored := app.Settings().Meta.AppURL
	local := strings.HasPrefix(stored, "http://"+own)
	switch {
	case r.Config.PublicURL != "":
		return r.Config.PublicURL
	case local && r.sealed():
		if address := r.address(); address != "" {
			return address
		}
		return stored
	case local && strings.HasPrefix(r.Config.HTTPAddr, own):
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

// leaveOut keeps out of backups what the next start makes anew, and the keys of
// certificates.
func leaveOut(e *core.BackupEvent) error {
	e.Exclude = append(e.Exclude, Apart()...)
	return e.Next()
}
