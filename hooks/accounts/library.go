package accounts

import (
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

// keepSingle refuses a second record of what there is one of.
func keepSingle(e *core.RecordEvent) error {
	if id := e.Record.Id; id != schema.LibraryID && id != schema.LibrarySettingsID {
		return reply.Validation(fault.New(fault.Invalid, "one_record_only"))
	}
	return e.Next()
}

// keepLibrary refuses to delete it: everything hangs on its settings.
func keepLibrary(*core.RecordEvent) error {
	return reply.Validation(fault.New(fault.Invalid, "one_record_only"))
}
