package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	"onlibrary/internal/jobs"
	"onlibrary/internal/within"
)

// Removal is the kind of the jobs that remove what no record names any more.
const Removal = "removal"

// behindPocketBase is when a deleted record's files are looked after: PocketBase
// removes them at once, if S3 lets it.
const behindPocketBase = time.Minute

type removal struct {
	Files []string `json:"files"` // by their keys, which are never used again
}

// noteReplaced writes the job that removes the files that a change leaves
// unnamed, in the transaction of the change.
func noteReplaced(e *core.RecordEvent) error {
	if !e.App.Settings().S3.Enabled || len(fileFields(e.Record.Collection())) == 0 {
		return e.Next()
	}
	return within.Transaction(e, func() error {
		before, err := e.App.FindRecordById(e.Record.Collection(), e.Record.Id)
		if errors.Is(err, sql.ErrNoRows) {
			return e.Next() // deleted meanwhile
		}
		if err != nil {
			return err
		}
		if err := e.Next(); err != nil {
			return err
		}
		after, err := e.App.FindRecordById(e.Record.Collection(), e.Record.Id)
		if err != nil {
			return err
		}
		named := keys(after)
		return remove(e.App, slices.DeleteFunc(keys(before), func(key string) bool { return slices.Contains(named, key) }), 0)
	})
}

// noteDeleted does so for a record that is deleted.
func noteDeleted(e *core.RecordEvent) error {
	if !e.App.Settings().S3.Enabled || len(fileFields(e.Record.Collection())) == 0 {
		return e.Next()
	}
	return within.Transaction(e, func() error {
		stored, err := e.App.FindRecordById(e.Record.Collection(), e.Record.Id)
		if errors.Is(err, sql.ErrNoRows) {
			return e.Next()
		}
		if err != nil {
			return err
		}
		if err := e.Next(); err != nil {
			return err
		}
		return remove(e.App, keys(stored), behindPocketBase)
	})
}

// leaveRemoval has PocketBase not remove replaced files within the request,
// which would wait for S3, and fail with it although all is saved.
func leaveRemoval(e *core.RecordEvent) error {
	if e.App.Settings().S3.Enabled {
		for _, field := range fileFields(e.Record.Collection()) {
			e.Record.SetRaw("@pbInternal_deletedFilesPrefix_"+field, nil) // core.FileField's note
		}
	}
	return e.Next()
}

// keys are those of the files that a stored record names.
func keys(rec *core.Record) (all []string) {
	for _, field := range fileFields(rec.Collection()) {
		for _, name := range rec.GetStringSlice(field) {
			if name != "" {
				all = append(all, rec.BaseFilesPath()+"/"+name)
			}
		}
	}
	return all
}

func remove(tx core.App, files []string, after time.Duration) error {
	if len(files) == 0 {
		return nil
	}
	return jobs.EnqueueAt(tx, Removal, Removal+":"+core.GenerateDefaultRandomId(), removal{files}, time.Now().Add(after))
}

type remover struct{ app core.App }

// Do removes files with their thumbs.
func (r remover) Do(ctx context.Context, j *jobs.Job) error {
	var files removal
	if err := json.Unmarshal(j.Payload, &files); err != nil {
		return fmt.Errorf("removal job: %w", err)
	}
	system, err := r.app.NewFilesystem()
	if err != nil {
		return jobs.Down(err)
	}
	defer system.Close()
	system.SetContext(ctx)
	for _, key := range files.Files {
		if err := discard(system, key); err != nil {
			return jobs.Down(err)
		}
	}
	return nil
}

// GiveUp has nothing to end: nobody waits.
func (remover) GiveUp(context.Context, *jobs.Job, error) error { return nil }

// discard deletes a file, which may be gone already, with its thumbs.
func discard(system *filesystem.System, key string) error {
	if err := system.Delete(key); err != nil && !errors.Is(err, filesystem.ErrNotFound) {
		return fmt.Errorf("remove %s: %w", key, err)
	}
	if err := errors.Join(system.DeletePrefix(path.Dir(key) + "/thumbs_" + path.Base(key) + "/")...); err != nil {
		return fmt.Errorf("remove the thumbs of %s: %w", key, err)
	}
	return nil
}
