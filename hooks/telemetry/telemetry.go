// Package telemetry is the room that tells Sentry what went wrong: answers of
// 5xx and writes that the database failed, with their cause, panics, dead jobs,
// errors in the log, and traces. Nothing that is about a person leaves the house.
package telemetry

import (
	"fmt"
	"time"

	"github.com/getsentry/sentry-go"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"onlibrary/internal/jobs"
	"onlibrary/internal/tries"
)

const (
	// Around what the server room makes of errors, inside the room that words them.
	answersPriority = apis.DefaultActivityLoggerMiddlewarePriority - 5
	tracesPriority  = answersPriority - 1
	// Inside PocketBase's own, which keeps but the top of the stack.
	panicsPriority = apis.DefaultPanicRecoverMiddlewarePriority + 1

	flushWithin = 2 * time.Second
	mostEvents  = 60 // a minute: one fault may fail every request
)

// Queue is what the room needs of jobs.Queue.
type Queue interface {
	OnDead(tell func(j *jobs.Job, cause error))
}

// Deps is what the room needs from others.
type Deps struct {
	DSN     string  // of a Sentry project; empty: nothing is sent
	Traces  float64 // the part of the requests that is traced, 0 to 1
	Version string
	Queue   Queue
	Now     func() time.Time
}

type room struct {
	Deps
	client *sentry.Client
	sent   *tries.Counter
}

// Bind furnishes the room, which stays empty without a DSN.
func Bind(app core.App, d Deps) {
	if d.DSN == "" {
		return
	}
	app.OnServe().Bind(&hook.Handler[*core.ServeEvent]{Id: "onlibrary.telemetry.serve", Func: func(e *core.ServeEvent) error {
		client, err := connect(d)
		if err != nil {
			return fmt.Errorf("speak to Sentry: %w", err)
		}
		(&room{Deps: d, client: client, sent: tries.New(mostEvents, time.Minute, 1)}).furnish(e)
		return e.Next()
	}})
}

func (r *room) furnish(e *core.ServeEvent) {
	e.Router.Bind(
		&hook.Handler[*core.RequestEvent]{Id: "onlibrary.telemetry.reportAnswer", Func: r.reportAnswer, Priority: answersPriority},
		&hook.Handler[*core.RequestEvent]{Id: "onlibrary.telemetry.reportPanic", Func: r.reportPanic, Priority: panicsPriority},
	)
	if r.Traces > 0 {
		e.Router.Bind(&hook.Handler[*core.RequestEvent]{Id: "onlibrary.telemetry.trace", Func: r.trace, Priority: tracesPriority})
	}
	r.Queue.OnDead(r.reportJob)
	e.App.OnModelAfterCreateSuccess(core.LogsTableName).Bind(&hook.Handler[*core.ModelEvent]{Id: "onlibrary.telemetry.reportLog", Func: r.reportLog})
	e.App.OnTerminate().Bind(&hook.Handler[*core.TerminateEvent]{Id: "onlibrary.telemetry.flush", Func: func(e *core.TerminateEvent) error {
		r.client.Flush(flushWithin)
		return e.Next()
	}})
}

// connect returns a client that sends in the background and drops what it has no
// room for. Only what this package puts into an event is in it, and what Go was
// built with: not the machine's name, and nothing that the environment says.
func connect(d Deps) (*sentry.Client, error) {
	return sentry.NewClient(sentry.ClientOptions{
		Dsn: d.DSN, Release: "onlibrary@" + d.Version, Environment: "production", ServerName: "onlibrary",
		EnableTracing: d.Traces > 0, TracesSampleRate: d.Traces,
		DisableClientReports: true, MaxBreadcrumbs: -1,
		BeforeSend: bare, BeforeSendTransaction: bare,
		Integrations: func(all []sentry.Integration) (kept []sentry.Integration) {
			for _, i := range all {
				if i.Name() == "Environment" {
					kept = append(kept, i)
				}
			}
			return kept
		},
	})
}

// bare is the last look at all that is sent.
func bare(e *sentry.Event, _ *sentry.EventHint) *sentry.Event {
	e.ServerName = ""
	e.User, e.Request, e.Breadcrumbs, e.Attachments = sentry.User{}, nil, nil, nil
	e.Message = scrub(e.Message)
	for i := range e.Exception {
		e.Exception[i].Value = scrub(e.Exception[i].Value)
	}
	return e
}

// happening is what an event tells. Texts are freed of the words, and scrubbed.
type happening struct {
	title string // what happened, the same for all that is alike
	text  string
	words []string // of the persons whom it is about
	where string   // a route's pattern
	tags  map[string]string
	stack *sentry.Stacktrace
}

func (r *room) report(h happening) {
	if r.sent.Take("", r.Now()) > 0 {
		return
	}
	e := sentry.NewEvent()
	e.Level = sentry.LevelError
	e.Transaction, e.Tags = h.where, h.tags
	e.Exception = []sentry.Exception{{Type: h.title, Value: cut(scrub(free(h.text, h.words))), Stacktrace: h.stack}}
	if h.stack == nil {
		e.Fingerprint = []string{h.title, h.where}
	}
	r.client.CaptureEvent(e, nil, sentry.NewScope())
}
