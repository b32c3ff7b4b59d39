// Package storage keeps the library standing on files that lie on S3: whoever
// asks is told when they cannot be reached, what is deleted goes in the end, and
// the storage command moves all of them between the disk and S3.
package storage

import (
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"onlibrary/internal/jobs"
)

// Queue is what the room needs of jobs.Queue.
type Queue interface {
	Register(kind string, lanes int, p jobs.Policy, w jobs.Worker)
}

// Deps is what the room needs from others.
type Deps struct {
	Queue Queue
}

// Priorities around PocketBase's copying of new files (99), and behind every
// hook that opens the transaction of a change.
const (
	aroundFileCopy = 98
	behindFileCopy = 100
	innermost      = 300
	outermost      = -1000
	beforeFields   = -100 // of a record, which PocketBase asks first (-99)
)

// Bind furnishes the room.
func Bind(app core.App, d Deps) {
	app.OnRecordCreateExecute().Bind(on("aroundCopy", aroundCopy, aroundFileCopy))
	app.OnRecordUpdateExecute().Bind(on("aroundCopy", aroundCopy, aroundFileCopy))
	app.OnRecordCreateExecute().Bind(on("behindCopy", behindCopy, behindFileCopy))
	app.OnRecordUpdateExecute().Bind(on("behindCopy", behindCopy, behindFileCopy))
	app.OnRecordUpdateExecute().Bind(on("noteReplaced", noteReplaced, innermost))
	app.OnRecordDeleteExecute().Bind(on("noteDeleted", noteDeleted, innermost))
	app.OnRecordAfterUpdateSuccess().Bind(on("leaveRemoval", leaveRemoval, beforeFields))
	app.OnRecordAfterCreateError().Bind(&hook.Handler[*core.RecordErrorEvent]{
		Id: "onlibrary.storage.leaveFolder", Func: leaveFolder, Priority: beforeFields,
	})
	app.OnFileDownloadRequest().Bind(&hook.Handler[*core.FileDownloadRequestEvent]{
		Id: "onlibrary.storage.tellUnreachable", Func: tellUnreachable, Priority: outermost,
	})
	// Never given up: what was deleted has to go.
	d.Queue.Register(Removal, 1, jobs.Policy{First: 2 * time.Second, Factor: 4, Longest: 10 * time.Minute}, remover{app})
}

func on(act string, f func(*core.RecordEvent) error, priority int) *hook.Handler[*core.RecordEvent] {
	return &hook.Handler[*core.RecordEvent]{Id: "onlibrary.storage." + act, Func: f, Priority: priority}
}

// fileFields are the names of a collection's fields that hold files.
func fileFields(c *core.Collection) (names []string) {
	for _, f := range c.Fields {
		if f.Type() == core.FieldTypeFile {
			names = append(names, f.GetName())
		}
	}
	return names
}
