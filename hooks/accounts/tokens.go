package accounts

import (
	"context"
	"fmt"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/routine"
	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"onlibrary/internal/schema"
	"onlibrary/internal/within"
)

// accountKey is where a realtime client keeps whose token opened it. PocketBase
// keeps the user there too, but forgets it as soon as the token dies.
const accountKey = "onlibrary.accounts.account"

type account struct{ collection, id, tokenKey string }

// endTokens ends every token of a user who stops being active, and with tokens
// that end the halves of a sign-in. It compares with the stored record: Original
// is stale where one was created and saved again.
func endTokens(e *core.RecordEvent) error {
	stored, err := e.App.FindRecordById(schema.Users, e.Record.Id)
	if err != nil {
		return err
	}
	if e.Record.GetString("state") != schema.StateActive && stored.GetString("state") == schema.StateActive {
		e.Record.RefreshTokenKey()
	}
	if e.Record.TokenKey() == stored.TokenKey() {
		return e.Next()
	}
	return within.Transaction(e, func() error {
		if err := e.Next(); err != nil {
			return err
		}
		return e.App.DeleteAllMFAsByRecord(e.Record) // as PocketBase does with one-time passwords
	})
}

// onlyActive makes a guest of who is not active, should a token have outlived
// the state by a way that ran no hooks.
func onlyActive(e *core.RequestEvent) error {
	if e.Auth != nil && e.Auth.Collection().Name == schema.Users && e.Auth.GetString("state") != schema.StateActive {
		e.Auth = nil
	}
	return e.Next()
}

// closeStreams closes the realtime connections that a saved or deleted account
// has no right to any more.
func closeStreams(e *core.RecordEvent) error {
	if err := closeDead(e.App, e.Record.Id); err != nil {
		e.App.Logger().Error("closing realtime connections", "account", e.Record.Id, "error", err)
	}
	return e.Next()
}

// watchTokens looks every second for connections whose token a command beside
// the server has ended, until ctx is done.
func watchTokens(ctx context.Context, app core.App) {
	routine.FireAndForget(func() {
		every := time.NewTicker(time.Second)
		defer every.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-every.C:
				if err := closeDead(app, ""); err != nil && ctx.Err() == nil {
					app.Logger().Error("looking at the tokens of realtime connections", "error", err)
				}
			}
		}
	})
}

// closeDead closes the realtime connections whose account is gone, inactive or
// has other tokens by now: those of the account with that id, or all if it is
// empty. It asks the database once for each kind of account, and not at all
// while nobody is connected.
func closeDead(app core.App, id string) error {
	for collection, streams := range openStreams(app, id) {
		alive, err := aliveAmong(app, collection, streams)
		if err != nil {
			return fmt.Errorf("asking for the tokens of %s: %w", collection, err)
		}
		for a, clients := range streams {
			if alive[a] {
				continue
			}
			for _, client := range clients {
				app.SubscriptionsBroker().Unregister(client.Id())
			}
		}
	}
	return nil
}

// Listening returns the realtime connections of active patrons whose token is
// good, by the patron's id. It asks the database now: the connection of one who
// was put inactive beside the server is open for up to a second more.
func Listening(app core.App) (map[string][]subscriptions.Client, error) {
	streams := openStreams(app, "")[schema.Users]
	if len(streams) == 0 {
		return nil, nil
	}
	alive, err := aliveAmong(app, schema.Users, streams)
	if err != nil {
		return nil, fmt.Errorf("asking for the tokens of %s: %w", schema.Users, err)
	}
	listening := make(map[string][]subscriptions.Client, len(alive))
	for a, clients := range streams {
		if alive[a] {
			listening[a.id] = append(listening[a.id], clients...)
		}
	}
	return listening, nil
}

// openStreams returns the realtime connections by kind of account and account:
// those of the account with that id, or all if it is empty.
func openStreams(app core.App, id string) map[string]map[account][]subscriptions.Client {
	open := map[string]map[account][]subscriptions.Client{}
	for _, chunk := range app.SubscriptionsBroker().ChunkedClients(500) {
		for _, client := range chunk {
			a, ok := client.Get(accountKey).(account)
			if !ok || id != "" && a.id != id {
				continue
			}
			if open[a.collection] == nil {
				open[a.collection] = map[account][]subscriptions.Client{}
			}
			open[a.collection][a] = append(open[a.collection][a], client)
		}
	}
	return open
}

func aliveAmong(app core.App, collection string, streams map[account][]subscriptions.Client) (map[account]bool, error) {
	ids := make([]any, 0, len(streams))
	for a := range streams {
		ids = append(ids, a.id)
	}
	query := app.ConcurrentDB().Select("id", "tokenKey").From(collection).Where(dbx.In("id", ids...))
	if collection == schema.Users {
		query.AndWhere(dbx.HashExp{"state": schema.StateActive})
	}
	var rows []struct {
		ID       string `db:"id"`
		TokenKey string `db:"tokenKey"`
	}
	if err := query.All(&rows); err != nil {
		return nil, err
	}
	alive := make(map[account]bool, len(rows))
	for _, row := range rows {
		alive[account{collection, row.ID, row.TokenKey}] = true
	}
	return alive, nil
}
