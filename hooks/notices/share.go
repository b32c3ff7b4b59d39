package notices

import (
	"fmt"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/quiet"
	"onlibrary/internal/schema"
	"onlibrary/internal/within"
)

// tellOfShare writes a share and tells its recipient.
func (r *room) tellOfShare(e *core.RecordEvent) error {
	if quiet.Is(e.Context) {
		return e.Next()
	}
	return within.Transaction(e, func() error {
		if err := e.Next(); err != nil {
			return err
		}
		return r.notifyOfShare(e.App, e.Record)
	})
}

func (r *room) notifyOfShare(tx core.App, share *core.Record) error {
	user, err := tx.FindRecordById(schema.Users, share.GetString("user"))
	if err != nil {
		return fmt.Errorf("whom a document is shared with: %w", err)
	}
	doc, err := tx.FindRecordById(schema.Documents, share.GetString("document"))
	if err != nil {
		return fmt.Errorf("what is shared: %w", err)
	}
	// One that waits to be read says it all: who shares, ends and shares again
	// cannot flood anybody.
	waiting, err := tx.CountRecords(schema.Notifications, dbx.HashExp{
		"user": user.Id, "document": doc.Id, "kind": schema.KindShare, "readAt": "",
	})
	if err != nil || waiting > 0 {
		return err
	}
	n := Notice{
		User: user, Kind: schema.KindShare, Key: "shareByLibrary", Data: map[string]any{"Title": doc.GetString("title")},
		Document: doc.Id, WebAction: "/documents/" + doc.Id,
	}
	owner, err := find(tx, schema.Users, doc.GetString("owner"))
	if err != nil {
		return err
	}
	if owner != nil {
		n.Key, n.Data["Owner"] = "share", owner.GetString("name")
		if n.Data["Owner"] == "" {
			n.Data["Owner"] = owner.GetString("username")
		}
	}
	return r.notify(tx, n)
}
