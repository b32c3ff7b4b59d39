// Package within puts what a hook does into one transaction with what the event
// goes on to do.
package within

import "github.com/pocketbase/pocketbase/core"

// Transaction calls f with e.App being a transaction, in which the rest of the
// event runs, too, as f calls e.Next. An error of f undoes all of it. Bind the
// hook behind PocketBase's copying of files (priority 99) where the record may
// have some: the only writer is held meanwhile.
func Transaction(e *core.RecordEvent, f func() error) error {
	before := e.App
	return before.RunInTransaction(func(tx core.App) error {
		e.App = tx
		defer func() { e.App = before }()
		return f()
	})
}
