package accounts

import (
	"fmt"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/within"
)

// beforeCascade is a priority ahead of PocketBase's cascades (99), which take the
// owner off the documents, and within the audit's transaction (50).
const beforeCascade = 60

// endShares ends the shares of a deleted patron's documents: nobody is left who
// gave them, and staff alone see what is private and nobody's.
func endShares(e *core.RecordEvent) error {
	return within.Transaction(e, func() error {
		var shares []*core.Record
		err := e.App.RecordQuery(schema.DocumentShares).
			InnerJoin(schema.Documents, dbx.NewExp("documents.id = document_shares.document")).
			AndWhere(dbx.HashExp{"documents.owner": e.Record.Id}).All(&shares)
		if err != nil {
			return fmt.Errorf("reading a patron's shares: %w", err)
		}
		for _, share := range shares {
			if err := e.App.Delete(share); err != nil {
				return err
			}
		}
		return e.Next()
	})
}
