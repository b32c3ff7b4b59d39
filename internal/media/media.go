// Package media looks at files that strangers uploaded: Inspect says what a file is
// and whether it may come in, a Previewer draws a small picture of it and reads what
// it says of itself, in a child process whose memory, time and reach are bounded.
package media

import "onlibrary/internal/bibliography"

// Kinds of a file, as the catalogue names them.
const (
	KindBook     = "book"
	KindComic    = "comic"
	KindDocument = "document"
	KindImage    = "image"
	KindAudio    = "audio"
	KindVideo    = "video"
	KindArchive  = "archive"
	KindOther    = "other"
)

// Details of a Preview: why it is not whole.
const (
	DetailPassword    = "preview_password"     // the file wants a password
	DetailBroken      = "preview_broken"       // the file broke the previewer; Failed
	DetailTimeout     = "preview_timeout"      // the file outran the previewer; Failed
	DetailUnsupported = "preview_unsupported"  // nothing to draw, or no means to
	DetailToolMissing = "preview_tool_missing" // FFmpeg is not installed
)

// Bounds of a picture that is decoded, and of a thumbnail.
const (
	MaxPixels     = 50_000_000
	MaxSide       = 20_000 // pixels
	ThumbnailSide = 512    // pixels
)

// Type is what a file is by its content.
type Type struct {
	ContentType string // IANA, lower case, without parameters
	Kind        string // one of the Kind constants
}

// Preview is what was got out of a file.
type Preview struct {
	Thumbnail []byte // a JPEG of at most 512x512, or nil
	Work      bibliography.Work
	Pages     int     // of a PDF or a comic; 0 is unknown
	Duration  float64 // seconds, of audio and video; 0 is unknown
	Detail    string  // one of the Detail constants, or empty
	Failed    bool    // the file broke or outran the previewer; trying again is of no use
}
