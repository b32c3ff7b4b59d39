package logs

import (
	"context"
	"errors"
	"log/slog"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/logger"
)

// Tee has console write, at once, whatever app logs but its requests.
// PocketBase itself writes seconds later, to its database only, and nothing
// while that is full or locked. Call it before app is bootstrapped.
func Tee(app core.App, console *slog.Logger) {
	// Innermost: before anybody who is told of the start logs.
	app.OnBootstrap().Bind(&hook.Handler[*core.BootstrapEvent]{Id: "onlibrary.logs.tee", Priority: 9999, Func: func(e *core.BootstrapEvent) error {
		if err := e.Next(); err != nil {
			return err
		}
		if stored, ok := e.App.Logger().Handler().(*logger.BatchHandler); ok {
			// PocketBase has no way to set its logger, and hands this one out.
			*e.App.Logger() = *slog.New(tee{stored, console.Handler()})
		}
		return nil
	}})
	app.OnSettingsReload().Bind(&hook.Handler[*core.SettingsReloadEvent]{Id: "onlibrary.logs.level", Func: func(e *core.SettingsReloadEvent) error {
		if err := e.Next(); err != nil {
			return err
		}
		// PocketBase does so where the handler is its own.
		if t, ok := e.App.Logger().Handler().(tee); ok {
			if stored, ok := t.stored.(*logger.BatchHandler); ok {
				stored.SetLevel(slog.Level(e.App.Settings().Logs.MinLevel))
			}
		}
		return nil
	}})
}

type tee struct{ stored, console slog.Handler }

func (t tee) Enabled(ctx context.Context, level slog.Level) bool {
	return t.stored.Enabled(ctx, level) || t.console.Enabled(ctx, level)
}

func (t tee) Handle(ctx context.Context, r slog.Record) error {
	var stored, written error
	if t.stored.Enabled(ctx, r.Level) {
		stored = t.stored.Handle(ctx, r.Clone())
	}
	if t.console.Enabled(ctx, r.Level) && !isRequest(r) {
		written = t.console.Handle(ctx, r)
	}
	return errors.Join(stored, written)
}

func (t tee) WithAttrs(attrs []slog.Attr) slog.Handler {
	return tee{t.stored.WithAttrs(attrs), t.console.WithAttrs(attrs)}
}

func (t tee) WithGroup(name string) slog.Handler {
	return tee{t.stored.WithGroup(name), t.console.WithGroup(name)}
}

// isRequest tells whether r is PocketBase's record of a request, of which the
// console has a shorter one.
func isRequest(r slog.Record) (is bool) {
	r.Attrs(func(a slog.Attr) bool {
		is = a.Key == "type" && a.Value.String() == "request"
		return false // it is the first attribute
	})
	return is
}
