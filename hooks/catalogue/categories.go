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
	return inTransaction(e, func() error {
		used, err := exists(e.App, schema.Documents, dbx.HashExp{"category": e.Record.Id})
		if err != nil {
			return err
		}
		if used {
			return reply.Error(fault.New(fault.Invalid, "category_in_use"))
		}
		return e.Next()
	})
}
