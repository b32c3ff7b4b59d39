// Package comic reads a comic book archive (CBZ: pictures in a ZIP, a page each) and
// the ComicInfo.xml that may lie beside them.
package comic

import (
	"errors"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"onlibrary/internal/bibliography"
	"onlibrary/internal/media/bound"
)

// ErrNoPages is an archive without a picture.
var ErrNoPages = errors.New("a comic without a page")

const (
	maxPage = 50 << 20
	maxXML  = 8 << 20
)

// Book is an open comic. It is not safe for concurrent use.
type Book struct {
	zip   *bound.Zip
	pages []string
}

// Open reads the archive's directory.
func Open(r io.ReaderAt, size int64) (*Book, error) {
	z, err := bound.OpenZip(r, size)
	if err != nil {
		return nil, err
	}
	b := &Book{zip: z}
	for _, name := range z.Names() {
		if isPage(name) {
			b.pages = append(b.pages, name)
		}
	}
	if len(b.pages) == 0 {
		return nil, ErrNoPages
	}
	slices.SortStableFunc(b.pages, compareNatural)
	return b, nil
}

// Pages returns the names of the pages in reading order: by name, where a run of
// digits counts as a number, so that page 10 comes after page 9.
func (b *Book) Pages() []string { return b.pages }

// Encrypted says whether the pages want a password.
func (b *Book) Encrypted() bool { return b.zip.Encrypted(b.pages[0]) }

// Read returns a page, at most 50 MiB.
func (b *Book) Read(page string) ([]byte, error) { return b.zip.Read(page, maxPage) }

// Work returns what ComicInfo.xml (Anansi Project, schema 2.1) says of the comic,
// clean; it is empty where there is none to read.
func (b *Book) Work() bibliography.Work {
	var info struct {
		Title, Series, Number, Summary, Writer, Penciller, Publisher, LanguageISO, GTIN string
		Year, Month, Day                                                                string
	}
	for _, name := range b.zip.Names() {
		if !strings.EqualFold(path.Base(name), "ComicInfo.xml") {
			continue
		}
		data, err := b.zip.Read(name, maxXML)
		if err != nil || bound.XML(data).Decode(&info) != nil {
			return bibliography.Work{}
		}
		break
	}
	authors := names(info.Writer)
	if len(authors) == 0 {
		authors = names(info.Penciller)
	}
	number, err := strconv.ParseFloat(strings.TrimSpace(info.Number), 64)
	if err != nil {
		number = 0 // "1A" is no number
	}
	title := strings.TrimSpace(info.Title)
	if title == "" && info.Series != "" {
		title = strings.TrimSpace(info.Series + " " + info.Number)
	}
	return bibliography.Work{
		Title: title, Authors: authors, Language: info.LanguageISO, ISBN: info.GTIN, Publisher: info.Publisher,
		Published: date(info.Year, info.Month, info.Day), Description: info.Summary, Series: info.Series, SeriesIndex: number,
	}.Clean()
}

func names(list string) []string {
	var out []string
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// date joins what is known of it; -1 and nothing are unknown.
func date(year, month, day string) string {
	out := strings.TrimSpace(year)
	for _, part := range []string{month, day} {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 {
			break
		}
		out += "-" + strings.Repeat("0", max(0, 2-len(strconv.Itoa(n)))) + strconv.Itoa(n)
	}
	return out
}

func isPage(name string) bool {
	base := path.Base(name)
	if strings.HasPrefix(base, ".") || strings.HasPrefix(name, "__MACOSX/") {
		return false
	}
	switch strings.ToLower(path.Ext(base)) {
	case ".jpg", ".jpeg", ".jpe", ".png", ".gif", ".webp", ".avif":
		return true
	}
	return false
}

// compareNatural compares without regard to case, and runs of digits by value.
func compareNatural(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	for a != "" && b != "" {
		na, nb := leadingDigits(a), leadingDigits(b)
		if na > 0 && nb > 0 {
			da, db := strings.TrimLeft(a[:na], "0"), strings.TrimLeft(b[:nb], "0")
			if len(da) != len(db) {
				return len(da) - len(db)
			}
			if c := strings.Compare(da, db); c != 0 {
				return c
			}
			a, b = a[na:], b[nb:]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

func leadingDigits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
