package notices

import (
	"net/http"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"onlibrary/internal/schema"
)

// readAtOnce is how many notifications are marked in one transaction.
const readAtOnce = 200

// readAll answers POST notifications/read-all: it marks what the caller has not
// read so far, record by record, so that their other clients hear of it.
func (r *room) readAll(e *core.RequestEvent) error {
	now := types.NowDateTime()
	if err := now.Scan(r.Now()); err != nil {
		return err
	}
	count := 0
	for {
		unread, err := e.App.FindRecordsByFilter(schema.Notifications, "user = {:user} && readAt = '' && created <= {:now}", "", readAtOnce, 0,
			dbx.Params{"user": e.Auth.Id, "now": now.String()})
		if err != nil {
			return err
		}
		err = e.App.RunInTransaction(func(tx core.App) error {
			for _, n := range unread {
				n.IgnoreUnchangedFields(true)
				n.Set("readAt", now)
				if err := tx.Save(n); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		count += len(unread)
		if len(unread) < readAtOnce {
			return e.JSON(http.StatusOK, map[string]int{"count": count})
		}
	}
}
