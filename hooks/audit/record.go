package audit

import (
	"slices"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/actor"
	"onlibrary/internal/quiet"
	"onlibrary/internal/schema"
)

// gone is the name of who has no account any more.
const gone = "deleted patron"

// exempt tells whether the record's changes are nobody's business: what the
// machine notes for itself, and where a reader is.
func (r *room) exempt(e *core.RecordEvent) bool {
	switch e.Record.Collection().Name {
	case schema.AuditLogs, schema.Jobs, "reading_progress":
		return true
	case core.CollectionNameExternalAuths, core.CollectionNameMFAs, core.CollectionNameOTPs, core.CollectionNameAuthOrigins:
		// Sign-ins write these; only who takes one away by hand is kept.
		_, by := r.known(e.Context, e.App, e.Record)
		return !by
	}
	return quiet.Is(e.Context)
}

// within runs f in the event's transaction, in which every save that says not
// by whom it is made is by a.
func (r *room) within(e *core.RecordEvent, f func(a actor.Actor) error) error {
	app := e.App
	defer func() { e.App = app }()
	a, ok := r.known(e.Context, app, e.Record)
	if !ok {
		a = r.itself()
	}
	return app.RunInTransaction(func(tx core.App) error {
		e.App = tx
		before, marked := r.marks.Swap(tx, a)
		defer func() {
			if marked {
				r.marks.Store(tx, before)
			} else {
				r.marks.Delete(tx)
			}
		}()
		return f(a)
	})
}

// follows tells whether the event is a consequence of a deletion.
func (r *room) follows(e *core.RecordEvent) bool {
	_, yes := r.cascades.Load(e.App)
	return yes
}

func (r *room) about(e *core.RecordEvent, a actor.Actor, action string, changes []string) row {
	return row{Actor: a, action: action, collection: e.Record.Collection().Name, record: e.Record.Id, changes: changes}
}

func (r *room) create(e *core.RecordEvent) error {
	if r.exempt(e) || r.follows(e) {
		return e.Next()
	}
	return r.within(e, func(a actor.Actor) error {
		if err := e.Next(); err != nil {
			return err
		}
		return r.write(e.App, r.about(e, a, Create, nil))
	})
}

// update names what differs from what is stored, within the transaction.
func (r *room) update(e *core.RecordEvent) error {
	if r.exempt(e) || r.follows(e) {
		return e.Next()
	}
	return r.within(e, func(a actor.Actor) error {
		_, requested := r.marks.Load(e.Record)
		stored, err := asStored(e.App, e.Record, requested)
		if err != nil {
			return err
		}
		if err := e.Next(); err != nil {
			return err
		}
		changes, err := changed(e.App, stored, e.Record)
		if err != nil || slices.IndexFunc(changes, telling(e.Record)) < 0 {
			return err
		}
		action := actionOf(e.Record, changes)
		if action != Sessions {
			changes = slices.DeleteFunc(changes, func(f string) bool { return f == core.FieldNameTokenKey })
		}
		return r.write(e.App, r.about(e, a, action, changes))
	})
}

// delete keeps one row for all that goes or changes with the record. Rows
// outlive an account, but not its name.
func (r *room) delete(e *core.RecordEvent) error {
	if r.exempt(e) || r.follows(e) {
		return e.Next()
	}
	return r.within(e, func(a actor.Actor) error {
		r.cascades.Store(e.App, nil)
		defer r.cascades.Delete(e.App)
		if err := e.Next(); err != nil {
			return err
		}
		if err := r.write(e.App, r.about(e, a, Delete, nil)); err != nil || !e.Record.Collection().IsAuth() {
			return err
		}
		_, err := e.App.NonconcurrentDB().Update(schema.AuditLogs, dbx.Params{"actorName": gone}, dbx.HashExp{"actor": e.Record.Id}).Execute()
		return err
	})
}
