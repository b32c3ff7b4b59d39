package audit

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"onlibrary/internal/actor"
	"onlibrary/internal/schema"
)

type row struct {
	actor.Actor
	action, collection, record string
	changes                    []string // names of fields, no values
	note                       string
}

// write inserts the row past all hooks. Where the collection is not there yet,
// or no more, a migration is at work, which is a history of its own.
func (r *room) write(app core.App, w row) error { return write(app, r.Now(), w) }

func write(app core.App, now time.Time, w row) error {
	if _, err := app.FindCachedCollectionByNameOrId(schema.AuditLogs); errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if w.changes == nil {
		w.changes = []string{}
	}
	changes, err := json.Marshal(w.changes)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	created, err := types.ParseDateTime(now)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	_, err = app.NonconcurrentDB().Insert(schema.AuditLogs, dbx.Params{
		"id": core.GenerateDefaultRandomId(), "actor": w.ID, "actorName": w.Name, "action": w.action,
		"collection": w.collection, "record": w.record, "ip": w.IP, "userAgent": w.UserAgent,
		"changes": string(changes), "note": w.note, "created": created.String(), "updated": created.String(),
	}).Execute()
	if err != nil {
		return fmt.Errorf("audit of %s %s/%s: %w", w.action, w.collection, w.record, err)
	}
	return nil
}

// Imported writes the one row of an import that the command line made, whose
// records package quiet keeps from having rows. The note is at most 1024 characters.
func Imported(app core.App, note string) error {
	return write(app, time.Now(), row{Actor: actor.Actor{Name: actor.Command}, action: Import, note: note})
}
