package media

// Codes of a Refusal.
const (
	FileEmpty        = "file_empty"
	FileTypeUnknown  = "file_type_unknown"  // no extension, or one that is not known; Params: extension
	FileTypeMismatch = "file_type_mismatch" // Params: extension, found (what the content looks like, an IANA type)
	FileBroken       = "file_broken"        // a container without a readable directory; Params: extension
	ImageTooLarge    = "image_too_large"    // Params: width, height, megapixels (the bound)
)

// Refusal says why an uploaded file is not taken. It is the file's own fault, so
// trying again is of no use.
type Refusal struct {
	Code   string
	Params map[string]any
}

// Error returns the code: the words for people are in the locales.
func (r *Refusal) Error() string { return r.Code }
