package catalogue

import (
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
)

// refuseFiles keeps files out of batches: a batch is one transaction, which
// would hold the only writer while they are copied.
func refuseFiles(e *core.BatchRequestEvent) error {
	for _, request := range e.Batch {
		for _, value := range request.Body {
			switch value.(type) {
			case *filesystem.File, []*filesystem.File:
				return reply.Error(fault.New(fault.Invalid, "batch_with_files"))
			}
		}
	}
	return e.Next()
}
