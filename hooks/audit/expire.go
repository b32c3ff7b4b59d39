package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/routine"
	"github.com/pocketbase/pocketbase/tools/types"

	"onlibrary/internal/schema"
)

// Rows go by so many at a time, with a pause for others to write.
const (
	expireBatch = 500
	expirePause = 50 * time.Millisecond
)

// bindExpiry deletes rows that are older than library_settings.auditDays (1 to
// 36500: none are kept for ever) every day, in UTC, and when the server starts.
func (r *room) bindExpiry(app core.App) {
	ctx, stop := context.WithCancel(context.Background())
	expire := func() {
		if err := r.expire(ctx, app); err != nil && ctx.Err() == nil {
			app.Logger().Error("deleting old rows of the audit", "error", err)
		}
	}
	app.Cron().MustAdd("onlibrary.audit.expire", "23 2 * * *", expire)
	app.OnServe().Bind(on("start", func(e *core.ServeEvent) error {
		if err := e.Next(); err != nil {
			return err
		}
		r.serving.Store(true)
		routine.FireAndForget(expire)
		return nil
	}, 1000))
	app.OnTerminate().Bind(on("stop", func(e *core.TerminateEvent) error {
		stop()
		return e.Next()
	}, 0))
}

func (r *room) expire(ctx context.Context, app core.App) error {
	settings, err := app.FindRecordById(schema.LibrarySettings, schema.LibrarySettingsID)
	if err != nil {
		return fmt.Errorf("reading the library's settings: %w", err)
	}
	days := settings.GetInt("auditDays")
	if days < 1 {
		return fmt.Errorf("auditDays is %d", days)
	}
	before, err := types.ParseDateTime(r.Now().Add(-time.Duration(days) * 24 * time.Hour))
	if err != nil {
		return err
	}
	old := app.NonconcurrentDB().NewQuery("DELETE FROM audit_logs WHERE id IN (" +
		"SELECT id FROM audit_logs WHERE created < {:before} ORDER BY created, id LIMIT {:most})").
		Bind(dbx.Params{"before": before.String(), "most": expireBatch}).WithContext(ctx)
	for {
		result, err := old.Execute()
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n < expireBatch {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(expirePause):
		}
	}
}
