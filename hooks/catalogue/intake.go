package catalogue

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

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
	doc := e.Record
	if files := doc.GetUnsavedFiles("file"); len(files) > 0 {
		if err := r.takeIn(e.App, doc, files[0]); err != nil {
			return reply.Validation(err)
		}
	}
	if doc.GetString("visibility") == "" {
		doc.Set("visibility", schema.VisibilityMembers)
	}
	if doc.GetString("code") == "" {
		if code := doc.Original().GetString("code"); code != "" {
			doc.Set("code", code)
		} else {
			doc.Set("code", newCode())
		}
	}
	standInTitle(doc)
	return e.Next()
}

func (r *room) takeIn(app core.App, doc *core.Record, f *filesystem.File) error {
	name := cleanFileName(f.OriginalName)
	if err := allowed(app, name); err != nil {
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
	kind, err := media.Inspect(name, at, f.Size)
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
	doc.Set("fileName", name)
	doc.Set("contentType", kind.ContentType)
	doc.Set("fileSize", f.Size)
	doc.Set("sha256", hex.EncodeToString(sum.Sum(nil)))
	now, err := types.ParseDateTime(r.Now().UTC())
	if err != nil {
		return err
	}
	doc.Set("fileUpdated", now)
	if wanted := doc.GetString("kind"); wanted != media.KindBook || kind.Kind != media.KindDocument {
		doc.Set("kind", kind.Kind)
	}
	doc.Set("pages", 0)
	doc.Set("duration", 0)
	doc.Set("thumbnail", nil)
	doc.Set("state", schema.DocumentProcessing)
	doc.Set("stateDetail", "")
	return nil
}

// standInTitle keeps a document from having no title: the file's name, marked
// provisional, until the file's own title or a person's comes.
func standInTitle(doc *core.Record) {
	title := strings.TrimSpace(doc.GetString("title"))
	switch {
	case title == "":
		stem := strings.TrimSuffix(doc.GetString("fileName"), filepath.Ext(doc.GetString("fileName")))
		title = strings.TrimSpace(strings.ReplaceAll(stem, "_", " "))
		if title == "" {
			title = doc.GetString("code")
		}
		if r := []rune(title); len(r) > 256 {
			title = string(r[:256])
		}
		doc.Set("titleProvisional", true)
	case title != doc.Original().GetString("title"):
		doc.Set("titleProvisional", false)
	}
	doc.Set("title", title)
}

func allowed(app core.App, name string) error {
	extension := strings.ToLower(strings.TrimPrefix(filepath.Ext(name), "."))
	settings, err := app.FindRecordById(schema.LibrarySettings, schema.LibrarySettingsID)
	if err != nil {
		return fmt.Errorf("read the library's settings: %w", err)
	}
	if extension == "" || !slices.Contains(settings.GetStringSlice("allowedExtensions"), extension) {
		return fault.Field("file", "file_type_not_allowed", map[string]any{"extension": extension})
	}
	return nil
}

// cleanFileName is the name that a file is offered under again: no path, no
// control characters, at most 255 characters with its extension kept.
func cleanFileName(name string) string {
	name = strings.ToValidUTF8(name, "")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.TrimSpace(strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || (c >= 0x80 && c < 0xa0) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) {
			return -1
		}
		return c
	}, name))
	if r := []rune(name); len(r) > 255 {
		extension := []rune(filepath.Ext(name))
		if len(extension) > 16 {
			extension = nil
		}
		name = string(r[:255-len(extension)]) + string(extension)
	}
	return name
}

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
