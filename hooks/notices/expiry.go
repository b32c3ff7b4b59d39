package notices

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/civil"
	"onlibrary/internal/schema"
)

// What is asked of the database in the words of the index idx_documents_alerts:
// which documents have an alert to come, and on which day.
const (
	alertToCome = "`alert` = 1 AND `expiresOn` != '' AND `alertedFor` != `expiresOn`"
	alertDay    = "date(`expiresOn`, '-' || `daysToAlert` || ' days')"
)

// alertsAtOnce is how many due documents are listed at a time, and lookEvery how
// long the clock is trusted: it may be set, and a command beside the server may
// change the settings.
const (
	alertsAtOnce = 200
	lookEvery    = time.Minute
)

// strangersADay is to how many further addresses the alerts of one owner's
// documents go on a day: whoever may add documents could write to the world. The
// rest keeps for the next day. errKept undoes the alert of such a document.
const strangersADay = 200

var errKept = errors.New("its owner's alerts have gone to many addresses today; it is alerted tomorrow")

// expiry sends every day's alerts when their time has come. That a document has
// been alerted stands with the document, so that to look once more, after a
// start or with a clock that was put back, does no harm.
type expiry struct {
	*room
	app  core.App
	done string        // the day that was looked at last, as YYYY-MM-DD
	wake chan struct{} // the library's settings have changed
}

// look sends the alerts of the day whose time has come, unless that was done,
// and tells when to look again.
func (x *expiry) look(ctx context.Context) (time.Duration, error) {
	settings, err := x.app.FindRecordById(schema.LibrarySettings, schema.LibrarySettingsID)
	if err != nil {
		return lookEvery, fmt.Errorf("when alerts are sent: %w", err)
	}
	_, zone := x.Recipient(nil)
	daily, err := civil.ParseDaily(settings.GetString("alertTime"), zone)
	if err != nil {
		return lookEvery, fmt.Errorf("when alerts are sent: %w", err)
	}
	now := x.Now()
	day := daily.Last(now)
	if day > x.done {
		if err := x.alertDue(ctx, day); err != nil {
			return lookEvery, err
		}
	}
	x.done = day // an earlier one than before where the clock or the time of alerts has moved
	return max(0, min(daily.Next(now).Sub(x.Now()), lookEvery)), nil
}

// alertDue sends every alert that is due on a day. What fails does not keep back
// the rest.
func (x *expiry) alertDue(ctx context.Context, day string) error {
	var failed []error
	last := due{}
	strangers, kept := map[string]int{}, map[string]int{} // by owner
	for ctx.Err() == nil {
		list, err := dueAfter(x.app, day, last)
		if err != nil {
			return errors.Join(append(failed, err)...)
		}
		for _, d := range list {
			if ctx.Err() != nil {
				break
			}
			last = d
			err := x.alertOne(ctx, d.ID, day, strangers)
			if errors.Is(err, errKept) {
				kept[d.Owner]++
			} else if err != nil && len(failed) < alertsAtOnce {
				failed = append(failed, fmt.Errorf("alert of document %s: %w", d.ID, err))
			}
		}
		if len(list) < alertsAtOnce {
			break
		}
	}
	for owner, documents := range kept {
		x.app.Logger().Warn("alerts kept for tomorrow", "owner", owner, "documents", documents, "letters", strangers[owner], "reason", errKept)
	}
	return errors.Join(append(failed, ctx.Err())...)
}

// due is a document with an alert to come on a day.
type due struct {
	Day   string `db:"day"`
	ID    string `db:"id"`
	Owner string `db:"owner"`
}

// dueAfter lists documents with an alert to come until a day, in their order,
// from behind the last one on.
func dueAfter(app core.App, until string, last due) ([]due, error) {
	var list []due
	err := app.ConcurrentDB().NewQuery("SELECT " + alertDay + " AS day, id, owner FROM documents WHERE " + alertToCome +
		" AND " + alertDay + " BETWEEN {:day} AND {:until} AND (" + alertDay + " > {:day} OR id > {:id})" +
		" ORDER BY " + alertDay + ", id LIMIT {:most}").
		Bind(dbx.Params{"until": until, "day": last.Day, "id": last.ID, "most": alertsAtOnce}).All(&list)
	if err != nil {
		return nil, fmt.Errorf("documents that are to be alerted: %w", err)
	}
	return list, nil
}

// alertOne alerts one document, if that is still due, and counts with its owner
// the strangers that it told.
func (x *expiry) alertOne(ctx context.Context, id, day string, strangers map[string]int) error {
	owner, told := "", audience{}
	err := x.app.RunInTransaction(func(tx core.App) error {
		var still []*core.Record
		err := tx.RecordQuery(schema.Documents).AndWhere(dbx.HashExp{"id": id}).
			AndWhere(dbx.NewExp(alertToCome+" AND "+alertDay+" <= {:day}", dbx.Params{"day": day})).All(&still)
		if err != nil || len(still) == 0 {
			return err
		}
		owner = still[0].GetString("owner")
		told, err = x.alert(ctx, tx, still[0], true)
		if err == nil && told.strangers > 0 && strangers[owner]+told.strangers > strangersADay {
			return errKept
		}
		return err
	})
	if err == nil {
		strangers[owner] += told.strangers
	}
	return err
}
