package telemetry

import (
	"fmt"
	"log/slog"
	"strconv"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/jobs"
)

// reportJob reports a job that is dead.
func (r *room) reportJob(j *jobs.Job, cause error) {
	r.report(happening{
		title: "job failed: " + j.Kind, text: cause.Error(), words: payload(j.Payload),
		tags: map[string]string{"kind": j.Kind, "attempts": strconv.Itoa(j.Attempts), "error": fmt.Sprintf("%T", innermost(cause))},
	})
}

// reportLog reports what is logged as an error by work that answers no request.
func (r *room) reportLog(e *core.ModelEvent) error {
	entry, ok := e.Model.(*core.Log)
	// Requests and jobs are reported with more, where they fail.
	if ok && entry.Level >= int(slog.LevelError) && entry.Data["type"] != "request" && entry.Message != jobs.Failed {
		h := happening{title: scrub(entry.Message)}
		if cause, ok := entry.Data["error"]; ok {
			h.text = fmt.Sprint(cause)
		}
		r.report(h)
	}
	return e.Next()
}
