// Package bibliography holds what a catalogue says of one work and the rules that
// bring it into shape: ISBN (ISO 2108), dates, BCP 47 languages and clean text.
package bibliography

// Work is what a file says of itself. Every field is optional; Clean brings it
// into the catalogue's shape and bounds.
type Work struct {
	Title       string
	Authors     []string
	Language    string // BCP 47 tag, or empty
	ISBN        string // 13 digits, or empty
	Publisher   string
	Published   string // YYYY[-MM[-DD]], or empty
	Description string // plain text, paragraphs parted by an empty line
	Series      string
	SeriesIndex float64
}
