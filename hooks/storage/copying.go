package storage

import (
	"context"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/fault"
)

// Unreachable is the code of the refusal of what needs a file that S3 does not
// take or give just now.
const Unreachable = "storage_unreachable"

// writerDeadline is how long new files may take to S3 where PocketBase copies
// them within a transaction, which holds the only writer: a sign-up by OAuth2.
const writerDeadline = 5 * time.Second

type copiedKey struct{}

// aroundCopy tells when new files did not get to S3.
func aroundCopy(e *core.RecordEvent) error {
	if !e.App.Settings().S3.Enabled || !bringsFiles(e.Record) {
		return e.Next()
	}
	before, copied := e.Context, false
	defer func() { e.Context = before }()
	e.Context = context.WithValue(before, copiedKey{}, &copied)
	if e.App.IsTransactional() {
		var cancel context.CancelFunc
		e.Context, cancel = context.WithTimeout(e.Context, writerDeadline)
		defer cancel()
	}
	err := e.Next()
	if err != nil && !copied {
		return &fault.Error{Kind: fault.Unavailable, Code: Unreachable, Err: err}
	}
	return err
}

// behindCopy is where the new files are stored.
func behindCopy(e *core.RecordEvent) error {
	if copied, ok := e.Context.Value(copiedKey{}).(*bool); ok {
		*copied = true
	}
	return e.Next()
}

// leaveFolder has PocketBase not look for the empty folder of a record that was
// not made, for each field anew: S3 has no folders, and may be silent still.
func leaveFolder(e *core.RecordErrorEvent) error {
	if !e.App.Settings().S3.Enabled || !e.Record.IsNew() {
		return e.Next()
	}
	e.Record.MarkAsNotNew()
	defer e.Record.MarkAsNew()
	return e.Next()
}

func bringsFiles(rec *core.Record) bool {
	for _, field := range fileFields(rec.Collection()) {
		if len(rec.GetUnsavedFiles(field)) > 0 {
			return true
		}
	}
	return false
}
