// Package doctor is the room that looks whether all that the library leans on is
// in order, and says of what is not how to mend it: the doctor command, and for
// superusers its last result.
package doctor

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"onlibrary/internal/certs"
	"onlibrary/internal/config"
)

// Deps is what the room needs from others.
type Deps struct {
	Config  config.Config
	Version string
	Now     func() time.Time
	// Open opens the app as it is, for the command.
	Open func() error
	// Held tells whether a server works on the data folder.
	Held func(dataDir string) (bool, error)
	// Certificates keeps the certificates that the settings ask for.
	Certificates *certs.Keeper
	// Push asks the push service whether it takes our messages; nil: none is set.
	Push func(ctx context.Context) error
	// Strays returns the stored files that no record names and the named ones that
	// are not stored, as paths below the files' folder.
	Strays func(ctx context.Context, app core.App, before time.Time) (orphans, missing []string, err error)
	// Sandbox says in English how the previewers are fenced in.
	Sandbox func() string
	// Restorable tells when a restore of the newest backup was tried last, and why
	// that failed; zero and empty where there was none.
	Restorable func(app core.App) (at time.Time, problem string, err error)
	// Lookup returns the addresses of a name, Addresses those of this machine; nil:
	// as the machine has them.
	Lookup    func(ctx context.Context, name string) ([]netip.Addr, error)
	Addresses func() ([]netip.Addr, error)
}

type room struct{ Deps }

// Bind furnishes the room: a look every night, and the routes for superusers.
func Bind(app core.App, d Deps) {
	r := newRoom(d)
	app.Cron().MustAdd("onlibrary.doctor", "41 4 * * *", func() {
		report := r.examine(context.Background(), app)
		if err := keep(app.DataDir(), report); err != nil {
			app.Logger().Error("keep what the doctor found", "error", err)
		}
		for _, f := range report.Checks {
			if f.State == Failed {
				app.Logger().Error("the doctor found a fault", "check", f.Name, "fault", f.Detail, "hint", f.Hint)
			}
		}
	})
	app.OnServe().Bind(&hook.Handler[*core.ServeEvent]{Id: "onlibrary.doctor.serve", Func: func(e *core.ServeEvent) error {
		g := e.Router.Group("/api/library")
		g.GET("/doctor", r.last).Bind(apis.RequireSuperuserAuth())
		g.POST("/doctor", r.look).Bind(apis.RequireSuperuserAuth())
		return e.Next()
	}})
}

func newRoom(d Deps) *room {
	if d.Lookup == nil {
		d.Lookup = func(ctx context.Context, name string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", name)
		}
	}
	if d.Addresses == nil {
		d.Addresses = addresses
	}
	return &room{d}
}

// last answers with what was found last: 404 where nobody has looked yet.
func (r *room) last(e *core.RequestEvent) error {
	report, err := kept(e.App.DataDir())
	if err != nil {
		return e.InternalServerError("", err)
	}
	if report == nil {
		return e.NotFoundError("", nil)
	}
	return e.JSON(200, report)
}

// look examines now, and answers with what was found.
func (r *room) look(e *core.RequestEvent) error {
	report := r.examine(e.Request.Context(), e.App)
	if err := keep(e.App.DataDir(), report); err != nil {
		return e.InternalServerError("", err)
	}
	return e.JSON(200, report)
}
