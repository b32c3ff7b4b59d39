package server

import (
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/routine"
)

// patience is how long running requests, and the work behind them, may take to
// end when the server stops. It leaves of 10 s what the database takes.
const patience = 8 * time.Second

// stopped is work that was told to end, by when at the latest.
type stopped struct {
	ended chan struct{}
	by    time.Time
}

// endWork ends the work behind the requests while those end, too.
func (r *room) endWork(e *core.TerminateEvent) error {
	ended := make(chan struct{})
	r.work = stopped{ended, time.Now().Add(patience)}
	routine.FireAndForget(func() {
		defer close(ended)
		r.Stop()
	})
	return e.Next()
}

// awaitWork waits for it.
func (r *room) awaitWork(e *core.TerminateEvent) error {
	select {
	case <-r.work.ended:
	case <-time.After(max(time.Until(r.work.by), 100*time.Millisecond)): // the door may have taken all the time
		e.App.Logger().Warn("work was cut off")
	}
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
