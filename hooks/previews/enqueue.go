package previews

import (
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/jobs"
	"onlibrary/internal/quiet"
	"onlibrary/internal/within"
)

type payload struct {
	Document string `json:"document"`
	File     string `json:"file"`
	// Quiet is said of what was moved here: its preview is no change either.
	Quiet bool `json:"quiet,omitempty"`
}

// enqueue writes the job of a new file in the transaction that writes the
// document: neither is there without the other.
func enqueue(e *core.RecordEvent) error {
	files := e.Record.GetUnsavedFiles("file")
	if len(files) == 0 {
		return e.Next()
	}
	name := files[0].Name
	return within.Transaction(e, func() error {
		if err := e.Next(); err != nil {
			return err
		}
		return jobs.Enqueue(e.App, Kind, Kind+":"+e.Record.Id+":"+name, payload{e.Record.Id, name, quiet.Is(e.Context)})
	})
}
