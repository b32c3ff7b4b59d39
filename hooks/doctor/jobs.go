package doctor

import (
	"context"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"onlibrary/internal/schema"
)

const (
	// late is how long a job may wait past its time; a long queue of previews is
	// no fault, but one whose first does not move is.
	late = time.Hour
	// hung is how long one may run: the longest, a large broadcast, takes minutes.
	hung = time.Hour
)

// jobs looks for those that do not get on and those that were given up lately.
func (r *room) jobs(_ context.Context, app core.App) Finding {
	held, err := r.Held(r.Config.DataDir)
	if err != nil {
		return fail("", "%v", err)
	}
	count := func(where string, since time.Time) (n int) {
		at, parsed := types.ParseDateTime(since)
		if err == nil {
			err = parsed
		}
		if err == nil {
			err = app.DB().Select("count(*)").From(schema.Jobs).Where(dbx.NewExp(where, dbx.Params{"at": at.String()})).Row(&n)
		}
		return n
	}
	now := r.Now()
	hanging := count("state = 'running' AND updated < {:at}", now.Add(-hung))
	waiting := count("state = 'queued' AND runAt < {:at}", now.Add(-late))
	dead := count("state = 'failed' AND updated > {:at}", now.Add(-7*24*time.Hour))
	all := count("state IN ('queued', 'running') AND {:at} <> ''", now)
	switch {
	case err != nil:
		return fail("", "%v", err)
	case hanging > 0:
		return fail("restart the server, which takes them up again; the log says what they were at", "%d jobs have been running for more than an hour", hanging)
	case waiting > 0 && held:
		return fail("look in the log for what fails, and restart the server", "%d jobs should have begun more than an hour ago", waiting)
	case waiting > 0:
		return warn("start the server, which works them off", "%d jobs should have begun more than an hour ago, but no server runs", waiting)
	case dead > 0:
		return warn("the dashboard shows them under jobs, each with its last error", "%d jobs were given up in the last seven days", dead)
	default:
		return ok("%d under way or waiting, none stuck", all)
	}
}
