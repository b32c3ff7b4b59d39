package catalogue

import (
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
	"onlibrary/internal/within"
)

// keepUsedCategory refuses to delete a category that documents are in, which
// PocketBase would blank in them.
func keepUsedCategory(e *core.RecordEvent) error {
	return within.Transaction(e, func() error {
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
