package catalogue

import (
	"fmt"

	"github.com/pocketbase/dbx"
	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/within"
)

// beforeBroadcast is a priority before PocketBase tells realtime clients (-99).
const beforeBroadcast = -100

// settle writes a document, in one transaction with what must hold beside it.
func settle(e *core.RecordEvent) error {
	doc := e.Record
	category := doc.GetString("category")
	moved := category != "" && category != doc.Original().GetString("category")
	replaced := !doc.IsNew() && len(doc.GetUnsavedFiles("file")) > 0
	if !moved && !replaced {
		return e.Next()
	}
	return within.Transaction(e, func() error {
		if moved {
			// It was there at the validation, but may have been deleted since.
			if is, err := exists(e.App, schema.Categories, dbx.HashExp{"id": category}); err != nil {
				return err
			} else if !is {
				return validation.Errors{"category": validation.NewError("validation_missing_rel_records",
					"Failed to find all relation records with the provided ids")}
			}
		}
		if err := e.Next(); err != nil || !replaced {
			return err
		}
		return writeDerived(e.App, doc)
	})
}

// writeDerived writes what follows from a new file even where it is what the
// old one had when the document was read: another upload or the old file's
// preview may have been saved since.
func writeDerived(app core.App, doc *core.Record) error {
	all, err := doc.Clone().IgnoreUnchangedFields(false).DBExport(app)
	if err != nil {
		return fmt.Errorf("write what follows from a file: %w", err)
	}
	columns := dbx.Params{"kind": all["kind"]}
	for _, f := range derived() {
		columns[f] = all[f]
	}
	_, err = app.NonconcurrentDB().Update(schema.Documents, columns, dbx.HashExp{"id": doc.Id}).Execute()
	if err != nil {
		return fmt.Errorf("write what follows from a file: %w", err)
	}
	return nil
}

// refresh reads a document again once it is saved, before anybody is told:
// what others saved since it was read is in it then.
func refresh(e *core.ModelEvent) error {
	doc, ok := e.Model.(*core.Record)
	if !ok {
		return e.Next()
	}
	stored, err := e.App.FindRecordById(doc.Collection(), doc.Id)
	if err == nil {
		for _, f := range doc.Collection().Fields {
			doc.SetRaw(f.GetName(), stored.GetRaw(f.GetName()))
		}
	} // else it has been deleted since, and is told as it was
	return e.Next()
}

func exists(app core.App, table string, where dbx.Expression) (bool, error) {
	var n int
	err := app.DB().Select("count(*)").From(table).Where(where).Row(&n)
	if err != nil {
		return false, fmt.Errorf("look into %s: %w", table, err)
	}
	return n > 0, nil
}
