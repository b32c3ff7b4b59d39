// Package metrics is the room that watches: the log of requests and their ids,
// what Prometheus reads at /metrics, and whether the library lives (/livez) and
// is ready (/readyz).
package metrics

import (
	"log/slog"
	"net/netip"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/routine"

	"onlibrary/internal/jobs"
)

// outermost is around all that answers, PocketBase's first (-99999) too.
const outermost = -100_000

// Queue is what the room needs of jobs.Queue.
type Queue interface {
	Kinds() []string
	OnRun(tell func(kind string, end jobs.End, took time.Duration))
	Working() bool
}

// Deps is what the room needs from others.
type Deps struct {
	Log     *slog.Logger // takes a line a request
	Version string
	Token   string                     // opens /metrics to other machines; empty: it stays closed to them
	Trusts  func(peer netip.Addr) bool // whether a peer is a proxy whose headers are believed
	Queue   Queue
	Outbox  []string // the channels out of the house, by which the jobs are called that go through them
	// Certificates tells when the certificate of each domain ends; nil: there is
	// none.
	Certificates func() map[string]time.Time
	Now          func() time.Time
}

type room struct {
	Deps
	meter  *Meter
	health *health
	state  *state
}

// Bind furnishes the room. What others do is counted by the Meter.
func Bind(app core.App, d Deps) *Meter { return bind(app, d).meter }

func bind(app core.App, d Deps) *room {
	r := &room{Deps: d, meter: newMeter(d.Version)}
	r.health = newHealth(app, d.Queue)
	r.state = newState(app, r)
	r.meter.registry.MustRegister(r.state)
	d.Queue.OnRun(r.meter.ran)
	app.OnServe().Bind(&hook.Handler[*core.ServeEvent]{Id: "onlibrary.metrics.serve", Priority: -95, Func: r.serve})
	// Before anything else ends.
	app.OnTerminate().Bind(&hook.Handler[*core.TerminateEvent]{Id: "onlibrary.metrics.stop", Priority: -10_001, Func: r.stop})
	// Around the outbox, which sends.
	app.OnMailerSend().Bind(&hook.Handler[*core.MailerEvent]{Id: "onlibrary.metrics.mail", Priority: -100, Func: r.meter.mail})
	return r
}

func (r *room) serve(e *core.ServeEvent) error {
	e.Router.Bind(&hook.Handler[*core.RequestEvent]{Id: "onlibrary.metrics.watch", Priority: outermost, Func: r.watch})
	quiet := apis.SkipSuccessActivityLog()
	e.Router.GET("/livez", r.live).Bind(quiet)
	e.Router.GET("/readyz", r.ready).Bind(quiet)
	e.Router.GET("/metrics", r.scrape()).Bind(quiet)
	if err := e.Next(); err != nil {
		return err
	}
	routine.FireAndForget(r.state.refresh)
	r.Log.Info("serving", "version", r.Version)
	return nil
}

func (r *room) stop(e *core.TerminateEvent) error {
	r.health.stopping.Store(true)
	r.Log.Info("stopping")
	return e.Next()
}
