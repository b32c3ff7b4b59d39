package server

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/routine"
)

// What systemd is told (sd_notify(3)), where it started the server and wants to
// know: the sockets and variables are the library's to find.

// ready says that the library is served, and from then on until ctx is done that
// it lives, as often as the unit asks (WatchdogSec=).
func ready(ctx context.Context, app core.App) error {
	// After a restart within the process, the process is still the unit's main one.
	if _, err := daemon.SdNotify(false, fmt.Sprintf("%s\nMAINPID=%d", daemon.SdNotifyReady, os.Getpid())); err != nil {
		return fmt.Errorf("tell systemd: %w", err)
	}
	within, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return fmt.Errorf("systemd's watchdog: %w", err)
	}
	if within > 0 {
		routine.FireAndForget(func() { live(ctx, app, within/2) })
	}
	return nil
}

// live tells of each time that the database answers; systemd starts a server
// anew of which it hears nothing.
func live(ctx context.Context, app core.App, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := answers(ctx, app, every); err != nil {
			app.Logger().Error("the database does not answer", "error", err)
		} else if _, err := daemon.SdNotify(false, daemon.SdNotifyWatchdog); err != nil {
			app.Logger().Error("tell systemd", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func answers(ctx context.Context, app core.App, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	var one int
	return app.ConcurrentDB().NewQuery("SELECT 1").WithContext(ctx).Row(&one)
}

// stopping says that the server ends as it was told to.
func stopping(app core.App) {
	if _, err := daemon.SdNotify(false, daemon.SdNotifyStopping); err != nil {
		app.Logger().Warn("tell systemd", "error", err)
	}
}
