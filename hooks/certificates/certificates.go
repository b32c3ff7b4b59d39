// Package certificates is the room that warns in time of a certificate that
// ends: in the log, Admin patrons by a notification, superusers by mail.
package certificates

import (
	"context"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/routine"

	"onlibrary/internal/certs"
)

// Deps is what the room needs from others.
type Deps struct {
	// Status tells how each certificate stands.
	Status func() []certs.Status
	// Text puts a key into words.
	Text func(language, key string, data map[string]any) string
	// Recipient is the language and the time zone in which a user, nil for the
	// library, is written to.
	Recipient func(user *core.Record) (language string, zone *time.Location)
	// Notify writes a notification of the system to a patron through tx, in the
	// words notice.<key>.title and notice.<key>.body.
	Notify func(tx core.App, user *core.Record, key string, data map[string]any) error
	Now    func() time.Time
}

// The certificates are looked at every hour. The first look leaves a server that
// was off for long the time to renew them.
const (
	firstLook = 10 * time.Minute
	lookEvery = time.Hour
)

type room struct {
	Deps
	app core.App
}

// Bind furnishes the room.
func Bind(app core.App, d Deps) {
	r := &room{d, app}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	app.OnServe().Bind(&hook.Handler[*core.ServeEvent]{Id: "onlibrary.certificates.watch", Func: func(e *core.ServeEvent) error {
		if err := e.Next(); err != nil {
			return err
		}
		routine.FireAndForget(func() { r.watch(ctx) }, &running)
		return nil
	}})
	app.OnTerminate().Bind(&hook.Handler[*core.TerminateEvent]{Id: "onlibrary.certificates.end", Func: func(e *core.TerminateEvent) error {
		stop()
		running.Wait()
		return e.Next()
	}})
}

// watch looks until ctx ends.
func (r *room) watch(ctx context.Context) {
	for wait := firstLook; ; wait = lookEvery {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		if err := routine.SafeWrap(r.look)(); err != nil {
			r.app.Logger().Error("warn of certificates", "error", err)
		}
	}
}
