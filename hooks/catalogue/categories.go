package catalogue

import (
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

// keepUsedCategory refuses to delete a category that documents are in, which
// PocketBase would blank in them.
func keepUsedCategory(e *core.RecordEvent) error {
	return e.App.RunInTransaction(func(tx core.App) error {
		before := e.App
		e.App = tx
		defer func() { e.App = before }()
		var used bool
		err := tx.DB().Select("count(*) > 0").From(schema.Documents).Where(dbx.HashExp{"category": e.Record.Id}).Row(&used)
		if err != nil {
			return err
		}
		if used {
			return reply.Error(fault.New(fault.Invalid, "category_in_use"))
		}
		return e.Next()
	})
}
