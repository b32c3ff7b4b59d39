// Package bibliography holds what a catalogue says of one work and the rules that
// bring it into shape: ISBN (ISO 2108), dates, BCP 47 languages and clean text.
package bibliography

import (
	"math"
	"slices"
)

// Bounds of a Work's fields, in runes unless said.
const (
	MaxTitle       = 256
	MaxAuthor      = 256
	MaxAuthors     = 50
	MaxAuthorBytes = 12_000 // all the names together, as UTF-8
	MaxPublisher   = 256
	MaxDescription = 4000
	MaxSeries      = 256
	MaxSeriesIndex = 1_000_000
)

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

// Clean returns the work with every field in the catalogue's shape and bounds; what
// can't be brought into shape becomes empty, and an author named twice is named once.
func (w Work) Clean() Work {
	w.Title = Line(w.Title, MaxTitle)
	w.Publisher = Line(w.Publisher, MaxPublisher)
	w.Description = Prose(w.Description, MaxDescription)
	w.Language = Language(w.Language)
	w.Published = Date(w.Published)
	w.ISBN, _ = ISBN(w.ISBN)
	w.Series = Line(w.Series, MaxSeries)
	if w.Series == "" || math.IsNaN(w.SeriesIndex) || w.SeriesIndex < 0 || w.SeriesIndex > MaxSeriesIndex {
		w.SeriesIndex = 0
	}
	var authors []string
	size := 0
	for _, a := range w.Authors {
		a = Line(a, MaxAuthor)
		size += len(a)
		if len(authors) == MaxAuthors || size > MaxAuthorBytes {
			break
		}
		if a != "" && !slices.Contains(authors, a) {
			authors = append(authors, a)
		}
	}
	w.Authors = authors
	return w
}
