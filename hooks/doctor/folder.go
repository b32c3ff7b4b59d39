package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/disk"
)

// folder looks who can read the data folder, and whether all in it is of one
// owner: what root left behind there, the server cannot change.
func (r *room) folder(ctx context.Context, _ core.App) Finding {
	root := r.Config.DataDir
	top, err := os.Stat(root)
	if err != nil {
		return fail("name the folder by --data-dir", "%v", err)
	}
	if open(top) {
		return fail("chmod 700 "+root, "%s can be read by others (mode %04o): passwords' hashes and keys lie there", root, top.Mode().Perm())
	}
	var foreign, loose string
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it has just gone
		}
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return nil //nolint:nilerr // it has just gone
		}
		if foreign == "" && !sameOwner(top, info) {
			foreign = path
		}
		secret := filepath.Base(filepath.Dir(path)) == core.LocalAutocertCacheDirName || filepath.Ext(path) == ".key"
		if loose == "" && secret && open(info) {
			loose = path
		}
		return nil
	})
	switch {
	case err != nil:
		return fail("give the folder, and all in it, to the user who runs the server: chown -R", "not everything can be read: %v", err)
	case loose != "":
		return fail("chmod -R go= "+filepath.Dir(loose), "%s can be read by others", loose)
	case foreign != "":
		return fail("chown -R --reference="+root+" "+root, "%s is not of the same owner as the folder: the server may not be able to change it", foreign)
	default:
		return ok("%s, closed to others", root)
	}
}

const (
	leastFree = 512 << 20 // bytes
	fewFree   = 2 << 30
)

// disk looks at the room that is left for database and files.
func (r *room) disk(context.Context, core.App) Finding {
	space, err := disk.Of(r.Config.DataDir)
	if err != nil {
		return fail("", "%v", err)
	}
	const hint = "make room, or move the data folder or its files (S3) elsewhere; a backup takes as much again"
	left := "%s of %s are free"
	free, all := size(int64(space.Free)), size(int64(space.Size))
	switch {
	case space.Free < leastFree || space.Free < space.Size/50 && space.Free < fewFree:
		return fail(hint, "only "+left, free, all)
	case space.Free < fewFree:
		return warn(hint, left, free, all)
	default:
		return ok(left, free, all)
	}
}
