package media

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// Inspect says what the file of that name is, by its content, and refuses with a
// *Refusal one that is empty, of no known type, other than its name says, broken, or
// a picture beyond the bounds. It reads little: headers and a container's directory.
// Any other error is the reader's. It does not know which types a library allows.
func Inspect(name string, r io.ReaderAt, size int64) (Type, error) {
	ext := strings.TrimPrefix(strings.ToLower(path.Ext(strings.TrimSpace(name))), ".")
	sniff := sniffer(ext)
	if sniff == nil {
		return Type{}, &Refusal{Code: FileTypeUnknown, Params: map[string]any{"extension": ext}}
	}
	if size <= 0 {
		return Type{}, &Refusal{Code: FileEmpty}
	}
	f := &file{r: r, size: size}
	f.head = f.at(0, headSize)
	t, err := sniff(f)
	if f.err != nil {
		return Type{}, fmt.Errorf("inspect upload: %w", f.err)
	}
	switch {
	case errors.Is(err, errMismatch):
		return Type{}, &Refusal{Code: FileTypeMismatch, Params: map[string]any{"extension": ext, "found": f.looksLike()}}
	case errors.Is(err, errBroken):
		return Type{}, &Refusal{Code: FileBroken, Params: map[string]any{"extension": ext}}
	case err != nil:
		return Type{}, err
	}
	if t.Kind != KindImage {
		return t, nil
	}
	w, h, err := ImageSize(f, size)
	if f.err != nil {
		return Type{}, fmt.Errorf("inspect upload: %w", f.err)
	}
	if err != nil {
		return Type{}, &Refusal{Code: FileBroken, Params: map[string]any{"extension": ext}}
	}
	if tooLarge(w, h) {
		return Type{}, &Refusal{Code: ImageTooLarge, Params: map[string]any{"width": w, "height": h, "megapixels": MaxPixels / 1_000_000}}
	}
	return t, nil
}

// headSize is how much of a file's begin is looked at, in bytes.
const headSize = 8 << 10

var (
	errMismatch = errors.New("content and name disagree")
	errBroken   = errors.New("a broken container")
)

// file is an upload under inspection. It keeps the first fault of its reader, so
// that one can't pass for the file's own.
type file struct {
	r    io.ReaderAt
	size int64
	head []byte
	err  error
}

// ReadAt reads as the file's reader does and remembers a fault.
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= f.size { // a hostile header's, no fault
		return 0, io.EOF
	}
	n, err := f.r.ReadAt(p, off)
	if err != nil && err != io.EOF && f.err == nil {
		f.err = err
	}
	return n, err
}

// at returns up to n bytes at off, fewer at the end.
func (f *file) at(off int64, n int) []byte {
	if off < 0 || off >= f.size {
		return nil
	}
	b := make([]byte, min(int64(n), f.size-off))
	got, err := f.ReadAt(b, off)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	return b[:got]
}

// is says whether the file has one of these strings at off.
func (f *file) is(off int, magics ...string) bool {
	for _, m := range magics {
		if len(f.head) >= off && bytes.HasPrefix(f.head[off:], []byte(m)) {
			return true
		}
	}
	return false
}

// looksLike names the IANA type that the content seems to be, for the refusal.
func (f *file) looksLike() string {
	t, _, _ := strings.Cut(mimetype.Detect(f.head).String(), ";")
	return t
}

// sniffer returns the test for an extension, or nil for one that is not known.
func sniffer(ext string) func(*file) (Type, error) {
	switch ext {
	case "txt":
		return text(Type{"text/plain", KindDocument})
	case "csv":
		return text(Type{"text/csv", KindDocument})
	case "pdf":
		return sniffPDF
	case "doc":
		return sniffDoc
	case "xls":
		return compound(Type{"application/vnd.ms-excel", KindDocument}, "Workbook", "Book")
	case "docx":
		return openXML(Type{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", KindDocument}, "word/")
	case "xlsx":
		return openXML(Type{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", KindDocument}, "xl/")
	case "odt":
		return openDocument(Type{"application/vnd.oasis.opendocument.text", KindDocument})
	case "ods":
		return openDocument(Type{"application/vnd.oasis.opendocument.spreadsheet", KindDocument})
	case "zip":
		return sniffZip
	case "rar":
		return magic(Type{"application/vnd.rar", KindArchive}, rar4Magic, rar5Magic)
	case "epub":
		return sniffEPUB
	case "mobi":
		return sniffMobi
	case "cbz", "cbr":
		return sniffComic
	case "jpg", "jpeg":
		return magic(Type{"image/jpeg", KindImage}, "\xff\xd8\xff")
	case "png":
		return magic(Type{"image/png", KindImage}, "\x89PNG\r\n\x1a\n")
	case "gif":
		return magic(Type{"image/gif", KindImage}, "GIF87a", "GIF89a")
	case "webp":
		return riff(Type{"image/webp", KindImage}, "WEBP")
	case "avif":
		return pictureBrand(Type{"image/avif", KindImage})
	case "heic":
		return pictureBrand(Type{"image/heic", KindImage})
	case "mp3":
		return sniffMP3
	case "m4a", "m4b":
		return movie(Type{"audio/mp4", KindAudio})
	case "ogg", "opus":
		return ogg(ext)
	case "flac":
		return sniffFLAC
	case "wav":
		return riff(Type{"audio/vnd.wave", KindAudio}, "WAVE")
	case "mp4", "m4v":
		return movie(Type{"video/mp4", KindVideo})
	case "mov":
		return movie(Type{"video/quicktime", KindVideo})
	case "mkv":
		return matroska("matroska", "webm")
	case "webm":
		return matroska("webm")
	case "wmv":
		return magic(Type{"video/x-ms-wmv", KindVideo}, "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c")
	case "avi":
		return riff(Type{"video/vnd.avi", KindVideo}, "AVI ")
	}
	return nil
}

// Extensions returns every extension that Inspect knows, without the dot.
func Extensions() []string {
	return strings.Fields("txt pdf doc docx xls xlsx csv odt ods zip rar epub mobi cbz cbr jpg jpeg png gif webp avif heic " +
		"mp3 m4a m4b ogg opus flac wav mp4 m4v mkv mov webm wmv avi")
}

// magic is the test for content that begins with one of these strings.
func magic(t Type, magics ...string) func(*file) (Type, error) {
	return func(f *file) (Type, error) {
		if !f.is(0, magics...) {
			return Type{}, errMismatch
		}
		return t, nil
	}
}

// riff is the test for a RIFF file of that form; large WAVE files call it RF64.
func riff(t Type, form string) func(*file) (Type, error) {
	return func(f *file) (Type, error) {
		if !f.is(0, "RIFF", "RF64", "BW64") || !f.is(8, form) {
			return Type{}, errMismatch
		}
		return t, nil
	}
}
