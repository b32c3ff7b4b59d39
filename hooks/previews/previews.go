// Package previews draws a small picture of every uploaded file and fills the
// document from what the file says of itself, by a durable job for each file.
package previews

import (
	"context"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"onlibrary/internal/jobs"
	"onlibrary/internal/media"
	"onlibrary/internal/schema"
)

// Kind is the kind of this room's jobs.
const Kind = "preview"

// lanes is how many previews are made at a time.
const lanes = 2

// Previewer makes the preview of a file on disk; see media.Previewer.
type Previewer interface {
	Preview(ctx context.Context, path string, t media.Type) (media.Preview, error)
}

// Queue is what the room needs of jobs.Queue.
type Queue interface {
	Register(kind string, lanes int, p jobs.Policy, w jobs.Worker)
	Wake(kind string)
}

// Deps is what the room needs from others.
type Deps struct {
	Previewer Previewer
	Queue     Queue
}

type room struct {
	Deps
	app core.App
}

// afterFileCopy is a priority behind PocketBase's copying of files (99): a
// transaction opened earlier would hold the only writer meanwhile.
const afterFileCopy = 210

// Bind furnishes the room and registers its worker.
func Bind(app core.App, d Deps) {
	r := &room{d, app}
	app.OnRecordCreateExecute(schema.Documents).Bind(late("enqueue", enqueue))
	app.OnRecordUpdateExecute(schema.Documents).Bind(late("enqueueAgain", enqueue))
	app.OnRecordUpdateExecute(schema.Documents).Bind(late("yield", yield))
	app.OnRecordAfterCreateSuccess(schema.Documents).Bind(on("wake", r.wake))
	app.OnRecordAfterUpdateSuccess(schema.Documents).Bind(on("wakeAgain", r.wake))
	d.Queue.Register(Kind, lanes, jobs.Policy{First: 2 * time.Second, Factor: 4, Longest: 32 * time.Second, Retries: 3}, r)
}

func on(act string, f func(*core.RecordEvent) error) *hook.Handler[*core.RecordEvent] {
	return &hook.Handler[*core.RecordEvent]{Id: "onlibrary.previews." + act, Func: f}
}

func late(act string, f func(*core.RecordEvent) error) *hook.Handler[*core.RecordEvent] {
	return &hook.Handler[*core.RecordEvent]{Id: "onlibrary.previews." + act, Func: f, Priority: afterFileCopy}
}

func (r *room) wake(e *core.RecordEvent) error {
	if e.Record.GetString("state") == schema.DocumentProcessing {
		r.Queue.Wake(Kind)
	}
	return e.Next()
}
