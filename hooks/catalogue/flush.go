package catalogue

import (
	"fmt"
	"path/filepath"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/disk"
)

// flushFiles brings newly stored files to the disk before the row that names
// them is committed: an acknowledged upload outlives a power cut.
func flushFiles(e *core.RecordEvent) error {
	var names []string
	for _, field := range []string{"file", "thumbnail"} {
		for _, f := range e.Record.GetUnsavedFiles(field) {
			names = append(names, f.Name)
		}
	}
	if len(names) > 0 && !e.App.Settings().S3.Enabled {
		folder := filepath.Join(e.App.DataDir(), core.LocalStorageDirName, filepath.FromSlash(e.Record.BaseFilesPath()))
		var paths []string
		for _, name := range names {
			// Beside a file lies what PocketBase knows of it, its type above all.
			paths = append(paths, filepath.Join(folder, name), filepath.Join(folder, name+".attrs"))
		}
		for _, path := range append(paths, folder, filepath.Dir(folder)) {
			if err := disk.Flush(path); err != nil {
				return fmt.Errorf("bring an upload to the disk: %w", err)
			}
		}
	}
	return e.Next()
}
