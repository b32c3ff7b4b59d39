package doctor

import (
	"context"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

// backups looks how old the newest backup is, and whether it could be restored
// when that was last tried.
func (r *room) backups(ctx context.Context, app core.App) Finding {
	fsys, err := app.NewBackupsFilesystem()
	if err != nil {
		return fail("look at the settings of backups in the dashboard", "%v", err)
	}
	defer fsys.Close()
	fsys.SetContext(ctx)
	stored, err := fsys.List("")
	if err != nil {
		return fail("look at the settings of backups in the dashboard", "they cannot be listed: %v", err)
	}
	var newest time.Time
	for _, object := range stored {
		if object.ModTime.After(newest) {
			newest = object.ModTime
		}
	}
	at, problem, err := r.Restorable(app)
	schedule := app.Settings().Backups.Cron
	const plan = "set a schedule in the dashboard, under Settings, Backups"
	switch age := r.Now().Sub(newest); {
	case err != nil:
		return fail("", "%v", err)
	case problem != "":
		return fail("make a new one by `onlibrary backup create`, and look at it by `onlibrary backup verify`", "the backup that was tried on %s cannot be restored: %s", at.Format(time.DateOnly), problem)
	case newest.IsZero() && schedule == "":
		return warn(plan, "there is none, and none is planned")
	case newest.IsZero():
		return warn("make one by `onlibrary backup create`", "there is none yet")
	case age > 8*24*time.Hour:
		return warn(plan, "the newest of %d is %d days old", len(stored), int(age.Hours()/24))
	case at.IsZero():
		return ok("%d, the newest of %s; no restore was tried yet", len(stored), newest.UTC().Format(time.DateTime))
	default:
		return ok("%d, the newest of %s; a restore was tried with success on %s", len(stored), newest.UTC().Format(time.DateTime), at.Format(time.DateOnly))
	}
}
