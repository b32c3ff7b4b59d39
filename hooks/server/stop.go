package server

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

// patience is how long running requests may take to end when the server stops.
const patience = 10 * time.Second

// drain is how the server that listens is stopped.
type drain struct {
	server *http.Server
	cancel context.CancelFunc
}

// stop lets running requests end, takes no more, and ends the work behind them.
func (r *room) stop(e *core.TerminateEvent) error {
	var work sync.WaitGroup
	work.Go(r.Stop)
	// On a restart the serve command must not return before the new program
	// takes over, which PocketBase sees to.
	if d := r.drain.Swap(nil); d != nil && !e.IsRestart {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		shut := make(chan struct{})
		work.Go(func() { hangUp(e.App, shut) })
		if err := d.server.Shutdown(ctx); err != nil {
			e.App.Logger().Warn("requests were cut off", "error", err)
			_ = d.server.Close() // says only that a socket was closed already
		}
		close(shut)
		d.cancel()
	}
	work.Wait()
	return e.Next()
}

// hangUp ends the realtime connections, which would last for ever, until the
// server is shut: one may just have been made.
func hangUp(app core.App, shut <-chan struct{}) {
	for {
		for id := range app.SubscriptionsBroker().Clients() {
			app.SubscriptionsBroker().Unregister(id)
		}
		select {
		case <-shut:
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}
