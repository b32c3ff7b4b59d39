package doctor

import (
	"context"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

// settled is how old a file is that nothing is about to name or take away.
const settled = time.Hour

// files compares what records name with what is stored.
func (r *room) files(ctx context.Context, app core.App) Finding {
	orphans, missing, err := r.Strays(ctx, app, r.Now().Add(-settled))
	switch {
	case err != nil:
		return fail("look at the folder's rights, or at S3", "the stored files cannot be listed: %v", err)
	case len(missing) > 0:
		return fail("put them back from a backup", "%d files that records name are not stored, %s among them", len(missing), missing[0])
	case len(orphans) > 0:
		return warn("nothing needs to be done: they go by themselves at night, or soon after the next start", "%d stored files belong to no record, %s among them", len(orphans), orphans[0])
	default:
		return ok("every file that a record names is stored, and no other")
	}
}
