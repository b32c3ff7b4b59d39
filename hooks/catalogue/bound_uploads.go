package catalogue

import (
	"fmt"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
)

// boundUploadsAgain follows the library's settings as they are saved.
func boundUploadsAgain(e *core.RecordEvent) error {
	most, err := maxUpload(e.App)
	if err != nil {
		return err
	}
	if err := boundUploads(e.App, most); err != nil {
		return err
	}
	return e.Next()
}

// boundUploads writes the bound in bytes into the file field, from which
// PocketBase takes what it lets in.
func boundUploads(app core.App, most int64) error {
	cached, err := app.FindCachedCollectionByNameOrId(schema.Documents)
	if err != nil {
		return err
	}
	if file, ok := cached.Fields.GetByName("file").(*core.FileField); ok && file.MaxSize == most {
		return nil
	}
	documents, err := app.FindCollectionByNameOrId(schema.Documents) // the cached one is shared
	if err != nil {
		return err
	}
	file, ok := documents.Fields.GetByName("file").(*core.FileField)
	if !ok {
		return fmt.Errorf("documents.file is no file field")
	}
	file.MaxSize = most
	if err := app.Save(documents); err != nil {
		return fmt.Errorf("bound uploads to %d bytes: %w", most, err)
	}
	return nil
}
