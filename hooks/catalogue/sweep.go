package catalogue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/routine"
)

// A file is stored before the row that names it is committed, and an old one
// removed after: a kill between the two leaves one that nothing names.

// commitTime is how long a file may wait for the commit of its row.
const commitTime = 5 * time.Second

// bindSweep removes such files soon after each start, when none that is older
// than the start can be on its way any more, and every night.
func bindSweep(app core.App, now func() time.Time) {
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	app.OnServe().Bind(&hook.Handler[*core.ServeEvent]{Id: "onlibrary.catalogue.sweepAtStart", Priority: 900, Func: func(e *core.ServeEvent) error {
		started := now()
		if err := e.Next(); err != nil {
			return err
		}
		routine.FireAndForget(func() {
			select {
			case <-ctx.Done():
			case <-time.After(commitTime): // of a command beside the server
				logSweep(ctx, e.App, started)
			}
		}, &running)
		return nil
	}})
	app.Cron().MustAdd("onlibrary.catalogue.sweep", "17 3 * * *", func() {
		running.Add(1)
		defer running.Done()
		logSweep(ctx, app, now().Add(-24*time.Hour))
	})
	app.OnTerminate().Bind(on("stopSweep", func(e *core.TerminateEvent) error {
		stop()
		running.Wait()
		return e.Next()
	}))
}

func logSweep(ctx context.Context, app core.App, before time.Time) {
	n, err := Sweep(ctx, app, before)
	if n > 0 {
		app.Logger().Info("removed orphan files", "files", n)
	}
	if err != nil && ctx.Err() == nil {
		app.Logger().Error("sweep orphan files", "error", err)
	}
}

// Sweep deletes the stored files of records that no record names and that were
// last changed before the given time. It returns how many it deleted.
func Sweep(ctx context.Context, app core.App, before time.Time) (removed int, err error) {
	collections, err := app.FindAllCollections(core.CollectionTypeBase, core.CollectionTypeAuth)
	if err != nil {
		return 0, err
	}
	sweep := sweepDisk
	if app.Settings().S3.Enabled {
		sweep = sweepBucket
	}
	var failed []error
	for _, c := range collections {
		n, err := sweep(ctx, app, c, before)
		removed += n
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", c.Name, err))
		}
	}
	return removed, errors.Join(failed...)
}

// belongs tells whether an entry of a record's folder is a file that the
// record names, a note beside one or the thumbs of one.
func belongs(entry string, named map[string]bool) bool {
	return named[entry] || named[strings.TrimSuffix(entry, ".attrs")] || named[strings.TrimPrefix(entry, "thumbs_")]
}

// namedFiles tells which of the records with these ids there are, and which
// files each names.
func namedFiles(ctx context.Context, app core.App, c *core.Collection, ids []any) (map[string]map[string]bool, error) {
	columns := []string{"id"}
	for _, f := range c.Fields {
		if f.Type() == core.FieldTypeFile {
			columns = append(columns, f.GetName())
		}
	}
	rows := []dbx.NullStringMap{}
	err := app.ConcurrentDB().Select(columns...).From(c.Name).Where(dbx.In("id", ids...)).WithContext(ctx).All(&rows)
	if err != nil {
		return nil, fmt.Errorf("look up the files that records name: %w", err)
	}
	named := make(map[string]map[string]bool, len(rows))
	for _, row := range rows {
		files := map[string]bool{}
		for _, column := range columns[1:] {
			// One name, or a JSON list of them.
			for _, name := range strings.FieldsFunc(row[column].String, func(c rune) bool { return strings.ContainsRune(`[]", `, c) }) {
				files[name] = true
			}
		}
		named[row["id"].String] = files
	}
	return named, nil
}
