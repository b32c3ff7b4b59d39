package notices

import (
	"context"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/routine"

	"onlibrary/internal/schema"
)

// bindExpiry has the day's alerts sent from the start of the server on until it
// ends.
func (r *room) bindExpiry(app core.App) {
	x := &expiry{room: r, app: app, wake: make(chan struct{}, 1)}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	app.OnServe().Bind(on("watchExpiry", func(e *core.ServeEvent) error {
		if err := e.Next(); err != nil {
			return err
		}
		routine.FireAndForget(func() { x.watch(ctx) }, &running)
		return nil
	}))
	app.OnTerminate().Bind(on("endExpiry", func(e *core.TerminateEvent) error {
		stop()
		running.Wait()
		return e.Next()
	}))
	app.OnRecordAfterUpdateSuccess(schema.Library, schema.LibrarySettings).Bind(on("wakeExpiry", func(e *core.RecordEvent) error {
		select {
		case x.wake <- struct{}{}:
		default: // it has been told already
		}
		return e.Next()
	}))
}

// watch looks whenever alerts may be due, until ctx ends.
func (x *expiry) watch(ctx context.Context) {
	for {
		wait := lookEvery
		err := routine.SafeWrap(func() (err error) { wait, err = x.look(ctx); return err })()
		if err != nil && ctx.Err() == nil {
			x.app.Logger().Error("send the day's alerts", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-x.wake:
		case <-time.After(wait):
		}
	}
}
