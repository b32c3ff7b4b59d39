package catalogue

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"
	"github.com/pocketbase/pocketbase/tools/types"

	"onlibrary/internal/fault"
	"onlibrary/internal/media"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

// intake looks at a file before it is stored and fills what follows from it.
// It runs for every save, whoever made it; without a new file it only gives
// the document what every document has.
func (r *room) intake(e *core.RecordEvent) error {
	if files := e.Record.GetUnsavedFiles("file"); len(files) > 0 {
		if err := r.takeIn(e.App, e.Record, files[0]); err != nil {
			return reply.Validation(err)
		}
	}
	complete(e.Record)
	return e.Next()
}

func (r *room) takeIn(app core.App, doc *core.Record, f *filesystem.File) error {
	name := cleanFileName(f.OriginalName)
	if err := checkExtension(app, name); err != nil {
		return err
	}
	content, err := f.Reader.Open()
	if err != nil {
		return fmt.Errorf("open the uploaded file: %w", err)
	}
	defer content.Close()
	at, ok := content.(io.ReaderAt)
	if !ok {
		at = seekingReaderAt{content}
	}
	found, err := media.Inspect(name, at, f.Size)
	if err != nil {
		var refusal *media.Refusal
		if errors.As(err, &refusal) {
			return fault.Field("file", refusal.Code, refusal.Params)
		}
		return fmt.Errorf("inspect the uploaded file: %w", err)
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the uploaded file: %w", err)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, content); err != nil {
		return fmt.Errorf("read the uploaded file: %w", err)
	}
	now, err := types.ParseDateTime(r.Now().UTC())
	if err != nil {
		return fmt.Errorf("tell the time: %w", err)
	}
	doc.Set("kind", kindOf(doc, found))
	f.OriginalName = name // PocketBase would cut a longer one within a character, and fail
	doc.Set("fileName", name)
	doc.Set("contentType", found.ContentType)
	doc.Set("fileSize", f.Size)
	doc.Set("sha256", hex.EncodeToString(sum.Sum(nil)))
	doc.Set("fileUpdated", now)
	doc.Set("pages", 0)
	doc.Set("duration", 0)
	doc.Set("thumbnail", nil)
	doc.Set("state", schema.DocumentProcessing)
	doc.Set("stateDetail", "")
	if doc.GetBool("titleProvisional") {
		doc.Set("title", "") // it was the old file's name
	}
	return nil
}

// kindOf is the kind of a new file: what was found, but a book where a person
// calls it one, or called the old file one that was none by nature.
func kindOf(doc *core.Record, found media.Type) string {
	if found.Kind != media.KindDocument || doc.GetString("kind") != media.KindBook {
		return found.Kind
	}
	old := doc.Original()
	if old.GetString("kind") == media.KindBook && media.NaturalKind(media.KindBook, old.GetString("contentType")) == media.KindBook {
		return found.Kind
	}
	return media.KindBook
}

func checkExtension(app core.App, name string) error {
	extension := extensionOf(name)
	if extension == "" {
		return fault.Field("file", "file_type_missing", nil)
	}
	settings, err := app.FindRecordById(schema.LibrarySettings, schema.LibrarySettingsID)
	if err != nil {
		return fmt.Errorf("read the library's settings: %w", err)
	}
	if !slices.Contains(settings.GetStringSlice("allowedExtensions"), extension) {
		return fault.Field("file", "file_type_not_allowed", map[string]any{"extension": extension})
	}
	return nil
}

// seekingReaderAt reads at an offset by seeking, for one reader at a time.
type seekingReaderAt struct{ io.ReadSeeker }

func (s seekingReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if _, err := s.Seek(off, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(s.ReadSeeker, p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}
