package notices

import (
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"onlibrary/internal/schema"
)

// narrow leaves PocketBase, which tells realtime clients next, only those of a
// notification that may hear it: it asks the database for each, in the writer's
// request, and nearly all of them would be somebody else's. The rule decides all
// the same.
func narrow(e *core.ModelEvent) error {
	n, ok := e.Model.(*core.Record)
	if !ok {
		return e.Next()
	}
	few := subscriptions.NewBroker()
	senders := map[string]bool{} // by role, asked for once
	for _, chunk := range e.App.SubscriptionsBroker().ChunkedClients(500) {
		for _, client := range chunk {
			auth, ok := client.Get(apis.RealtimeClientAuthKey).(*core.Record)
			if !ok || auth == nil {
				continue
			}
			if auth.IsSuperuser() || auth.Id == n.GetString("user") || sends(e.App, senders, auth.GetString("role")) {
				few.Register(client)
			}
		}
	}
	e.App = narrowed{e.App, few}
	return e.Next()
}

// widen gives the hooks that follow the whole app again.
func widen(e *core.ModelEvent) error {
	if n, ok := e.App.(narrowed); ok {
		e.App = n.App
	}
	return e.Next()
}

// narrowed is an app that a few realtime clients are connected to.
type narrowed struct {
	core.App
	few *subscriptions.Broker
}

func (n narrowed) SubscriptionsBroker() *subscriptions.Broker { return n.few }

// sends tells whether a role may send notifications, and so hears of all.
func sends(app core.App, known map[string]bool, role string) bool {
	holds, ok := known[role]
	if !ok {
		record, err := find(app, schema.Roles, role)
		if err != nil {
			return true // the rule will tell
		}
		holds = record != nil && isSender(record)
		known[role] = holds
	}
	return holds
}
