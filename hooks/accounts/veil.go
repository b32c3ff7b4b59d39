package accounts

import (
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

// veil shows others no more of a user than id, name, username and avatar. Users
// see all of themselves, and of an account that they have just made by signing
// up; who manages users sees all.
func (r *room) veil(e *core.RecordEnrichEvent) error {
	// Records that are enriched together share one event and nest in one
	// another: the first asks the database for all of them.
	sees, asked := r.batches.Load(e)
	if !asked {
		own, err := heldBy(e.App, e.RequestInfo.Auth)
		if err != nil {
			return err
		}
		sees = own.has(schema.UsersManage)
		r.batches.Store(e, sees)
		defer r.batches.Delete(e)
	}
	if err := e.Next(); err != nil {
		return err
	}
	_, signedUp := e.Record.CustomData()[activationKey]
	if sees == true || signedUp || isSelf(e.RequestInfo.Auth, e.Record) {
		return nil
	}
	for _, field := range e.Record.Collection().Fields.FieldNames() {
		switch field {
		case core.FieldNameId, "name", "username", "avatar":
		default:
			e.Record.Hide(field)
		}
	}
	e.Record.Hide(core.FieldNameExpand)
	return nil
}

// subscribe refuses filters on others' profiles, by which what is hidden could
// be guessed, and remembers whose token the connection lives by.
func subscribe(e *core.RealtimeSubscribeRequestEvent) error {
	if e.Auth == nil || !e.Auth.IsSuperuser() {
		if err := refuseFilters(e); err != nil {
			return err
		}
	}
	if err := e.Next(); err != nil {
		return err
	}
	if e.Auth == nil {
		e.Client.Unset(accountKey)
		return nil
	}
	e.Client.Set(accountKey, account{e.Auth.Collection().Name, e.Auth.Id, e.Auth.TokenKey()})
	return nil
}

func refuseFilters(e *core.RealtimeSubscribeRequestEvent) error {
	users, err := e.App.FindCachedCollectionByNameOrId(schema.Users)
	if err != nil {
		return err
	}
	parsed := subscriptions.NewDefaultClient()
	parsed.Subscribe(e.Subscriptions...)
	for topic, options := range parsed.Subscriptions() {
		path, _, _ := strings.Cut(topic, "?")
		collection, _, _ := strings.Cut(path, "/")
		if options.Query["filter"] == "" || collection != users.Name && collection != users.Id {
			continue
		}
		own, err := heldBy(e.App, e.Auth)
		if err != nil {
			return err
		}
		if !own.has(schema.UsersManage) {
			return reply.Error(fault.New(fault.Invalid, "realtime_filter_forbidden"))
		}
	}
	return nil
}
