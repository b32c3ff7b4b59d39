package accounts

import (
	"context"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
)

// forceKey marks the context of a save that may take the last holder away.
type forceKey struct{}

func forced(ctx context.Context) context.Context {
	return context.WithValue(ctx, forceKey{}, true)
}

// unbound runs a superuser's write of rec, whom the rule below does not bind.
func (r *room) unbound(rec *core.Record, write func() error) error {
	r.free.Store(rec, nil)
	defer r.free.Delete(rec)
	return write()
}

// keepHolder refuses the write that would leave nobody active who may manage
// roles. It looks after the write and within its transaction, so that of two at
// once the second is refused.
func (r *room) keepHolder(e *core.RecordEvent) error {
	_, free := r.free.Load(e.Record)
	if free || e.Context.Value(forceKey{}) != nil {
		return e.Next()
	}
	app := e.App
	defer func() { e.App = app }()
	return app.RunInTransaction(func(tx core.App) error {
		e.App = tx
		before, err := hasHolder(tx)
		if err != nil {
			return err
		}
		if err := e.Next(); err != nil || !before {
			return err
		}
		after, err := hasHolder(tx)
		if err == nil && !after {
			err = reply.Validation(fault.New(fault.Invalid, "last_roles_manager"))
		}
		return err
	})
}

func hasHolder(app core.App) (bool, error) {
	var has bool
	err := app.DB().NewQuery(`SELECT EXISTS (SELECT 1 FROM roles r JOIN users u ON u.role = r.id
		WHERE r.permissions LIKE '%"roles.manage"%' AND u.state = 'active')`).Row(&has)
	return has, err
}
