package catalogue

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/routine"

	"onlibrary/internal/schema"
)

// A file is stored before the row that names it is committed, and an old one
// removed after: a kill between the two leaves one that nothing names.

// bindSweep removes such files after each start, when none that is older than
// the start can be on its way, and every night.
func bindSweep(app core.App, now func() time.Time) {
	app.OnServe().Bind(&hook.Handler[*core.ServeEvent]{Id: "onlibrary.catalogue.sweepAtStart", Priority: 900, Func: func(e *core.ServeEvent) error {
		started := now()
		if err := e.Next(); err != nil {
			return err
		}
		routine.FireAndForget(func() { logSweep(e.App, started) })
		return nil
	}})
	app.Cron().MustAdd("onlibrary.catalogue.sweep", "17 3 * * *", func() { logSweep(app, now().Add(-24*time.Hour)) })
}

func logSweep(app core.App, before time.Time) {
	n, err := Sweep(app, before)
	if err != nil {
		app.Logger().Error("sweep orphan files", "error", err)
	}
	if n > 0 {
		app.Logger().Info("removed orphan files", "files", n)
	}
}

// Sweep deletes the files of documents that no document names and that were
// last changed before the given time. It returns how many it deleted.
func Sweep(app core.App, before time.Time) (int, error) {
	documents, err := app.FindCachedCollectionByNameOrId(schema.Documents)
	if err != nil {
		return 0, err
	}
	fsys, err := app.NewFilesystem()
	if err != nil {
		return 0, err
	}
	defer fsys.Close()
	// One folder of the listing holds one record's files, so a look-up a folder does.
	stored, err := fsys.List(documents.BaseFilesPath() + "/")
	if err != nil {
		return 0, fmt.Errorf("list stored files: %w", err)
	}
	var removed int
	var failed []error
	named := map[string]bool{}
	for folder, i := "", 0; i < len(stored); i++ {
		rest := strings.TrimPrefix(stored[i].Key, documents.BaseFilesPath()+"/")
		id, name, ok := strings.Cut(rest, "/")
		if !ok || !stored[i].ModTime.Before(before) {
			continue
		}
		if id != folder {
			if named, err = namedFiles(app, id); err != nil {
				return removed, err
			}
			folder = id
		}
		if named[owningFile(name)] {
			continue
		}
		if err := fsys.Delete(stored[i].Key); err != nil && !errors.Is(err, filesystem.ErrNotFound) {
			failed = append(failed, err)
			continue
		}
		removed++
	}
	return removed, errors.Join(failed...)
}

// owningFile is the file that a stored name belongs to: itself, or what a
// thumb was made of.
func owningFile(name string) string {
	if thumbs, _, ok := strings.Cut(name, "/"); ok {
		return strings.TrimPrefix(thumbs, "thumbs_")
	}
	return strings.TrimSuffix(name, ".attrs")
}

func namedFiles(app core.App, id string) (map[string]bool, error) {
	var rows []struct {
		File      string `db:"file"`
		Thumbnail string `db:"thumbnail"`
	}
	err := app.ConcurrentDB().NewQuery("SELECT file, thumbnail FROM documents WHERE id = {:id}").
		Bind(map[string]any{"id": id}).All(&rows)
	if err != nil {
		return nil, fmt.Errorf("look up a document's files: %w", err)
	}
	named := map[string]bool{}
	for _, r := range rows {
		named[r.File], named[r.Thumbnail] = true, true
	}
	delete(named, "")
	return named, nil
}
