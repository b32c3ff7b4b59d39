package audit

import (
	"context"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/actor"
)

type (
	truncated struct{ collection string } // by its id
	backedUp  struct{}                    // PocketBase makes one backup at a time
)

// during runs f while a acts on or in key.
func (r *room) during(key any, a actor.Actor, f func() error) error {
	r.marks.Store(key, a)
	defer r.marks.Delete(key)
	return f()
}

// known returns who saves thing, if a person or a route said so: by the save's
// context, by the thing, or by the transaction that it is part of.
func (r *room) known(ctx context.Context, app core.App, thing any) (actor.Actor, bool) {
	if a, ok := actor.From(ctx); ok {
		return a, true
	}
	keys := []any{thing, app}
	if record, ok := thing.(*core.Record); ok {
		keys = append(keys, truncated{record.Collection().Id})
	}
	for _, key := range keys {
		if a, ok := r.marks.Load(key); ok {
			return a.(actor.Actor), true
		}
	}
	return actor.Actor{}, false
}

// itself is who acts where nobody said so.
func (r *room) itself() actor.Actor {
	if r.serving.Load() {
		return actor.Actor{Name: actor.Job}
	}
	return actor.Actor{Name: actor.Command}
}

// through marks the request's record. A request that is part of a transaction,
// a batch's or an OAuth2 sign-up's, answers for the rest of it, too.
func (r *room) through(app core.App, record *core.Record, a actor.Actor, next func() error) error {
	if tx := app.TxInfo(); tx != nil {
		if _, marked := r.marks.LoadOrStore(app, a); !marked {
			tx.OnComplete(func(error) error { r.marks.Delete(app); return nil })
		}
	}
	return r.during(record, a, next)
}

func (r *room) byRequest(e *core.RecordRequestEvent) error {
	return r.through(e.App, e.Record, actor.Of(e.RequestEvent), e.Next)
}

// by marks the account that shows a secret of its own, such as the token of a letter.
func (r *room) by(e *core.RequestEvent, account *core.Record, next func() error) error {
	if account == nil {
		return next()
	}
	return r.during(account, actor.Of(e).As(account), next)
}

func (r *room) byPassword(e *core.RecordAuthWithPasswordRequestEvent) error {
	return r.by(e.RequestEvent, e.Record, e.Next)
}

func (r *room) byOTP(e *core.RecordAuthWithOTPRequestEvent) error {
	return r.by(e.RequestEvent, e.Record, e.Next)
}

func (r *room) byProvider(e *core.RecordAuthWithOAuth2RequestEvent) error {
	return r.by(e.RequestEvent, e.Record, e.Next)
}

func (r *room) byVerification(e *core.RecordConfirmVerificationRequestEvent) error {
	return r.by(e.RequestEvent, e.Record, e.Next)
}

func (r *room) byReset(e *core.RecordConfirmPasswordResetRequestEvent) error {
	return r.by(e.RequestEvent, e.Record, e.Next)
}

func (r *room) byEmailChange(e *core.RecordConfirmEmailChangeRequestEvent) error {
	return r.by(e.RequestEvent, e.Record, e.Next)
}

func (r *room) byCollection(e *core.CollectionRequestEvent) error {
	return r.during(e.Collection, actor.Of(e.RequestEvent), e.Next)
}

// byImport makes one transaction of an import of collections, as PocketBase
// does, to know its saves by.
func (r *room) byImport(e *core.CollectionsImportRequestEvent) error {
	app := e.App
	defer func() { e.App = app }()
	return app.RunInTransaction(func(tx core.App) error {
		e.App = tx
		return r.during(tx, actor.Of(e.RequestEvent), e.Next)
	})
}
