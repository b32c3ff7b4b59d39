package notices

import (
	"net/http"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/actor"
	"onlibrary/internal/civil"
	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

// alertPause is how long after an alert of a document the next may be asked for,
// and strangersMost to how many further addresses one user has alerts sent
// meanwhile.
const (
	alertPause    = time.Hour
	strangersMost = 50
)

// alertNow answers POST documents/{id}/notify-expiration: it sends the alert
// whatever the day. Once the day of the daily alert has come it counts as that
// one; before, that one will be sent all the same.
func (r *room) alertNow(e *core.RequestEvent) error {
	info, err := e.RequestInfo()
	if err != nil {
		return err
	}
	var told audience
	err = e.App.RunInTransaction(func(tx core.App) error {
		doc, err := find(tx, schema.Documents, e.Request.PathValue("id"))
		if err != nil {
			return err
		}
		may := false
		if doc != nil {
			if may, err = tx.CanAccessRecord(doc, info, doc.Collection().UpdateRule); err != nil {
				return err
			}
		}
		if !may {
			return e.NotFoundError("", nil)
		}
		if doc.GetString("expiresOn") == "" {
			return reply.Error(fault.Field("expiresOn", "expires_on_missing", nil))
		}
		if wait := alertWait(doc.GetDateTime("alertedAt").Time(), r.Now()); wait > 0 {
			return reply.Later(e.Response.Header(), wait, "alerted_recently")
		}
		_, zone := r.Recipient(nil)
		told, err = r.alert(actor.Context(e), tx, doc, alertDue(doc, civil.Today(r.Now(), zone)))
		if err != nil || e.HasSuperuserAuth() {
			return err
		}
		if wait := r.strangers.TakeMany(e.Auth.Id, told.strangers, r.Now()); wait > 0 {
			return reply.Later(e.Response.Header(), wait, "alerts_too_many")
		}
		return nil
	})
	if err != nil {
		return err
	}
	return e.JSON(http.StatusOK, map[string]int{"queued": told.all()})
}

// alertWait is how long the next alert has to wait. An alert from further ahead
// than that is one of a clock that was wrong.
func alertWait(last, now time.Time) time.Duration {
	if since := now.Sub(last); since.Abs() < alertPause {
		return alertPause - max(0, since)
	}
	return 0
}

// alertDue tells whether the daily alert of a document is due on a day.
func alertDue(doc *core.Record, today string) bool {
	day, err := time.Parse(time.DateOnly, doc.GetString("expiresOn"))
	return err == nil && day.AddDate(0, 0, -doc.GetInt("daysToAlert")).Format(time.DateOnly) <= today
}
