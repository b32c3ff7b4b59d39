// Package epub reads an EPUB (3.3 and 2): what it says of itself and where its cover
// is. It never trusts a header and reads no more than package bound allows.
package epub

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"

	"onlibrary/internal/bibliography"
	"onlibrary/internal/media/bound"
)

// ErrNoPackage is an EPUB without a readable container.xml or package document.
var ErrNoPackage = errors.New("an EPUB without a readable package document")

const (
	container  = "META-INF/container.xml"
	maxXML     = 8 << 20
	maxPicture = 50 << 20
)

// Book is an open EPUB. It is not safe for concurrent use.
type Book struct {
	zip *bound.Zip
	dir string // of the package document; hrefs are relative to it
	opf opf
}

// Open reads the container (EPUB Open Container Format 3.3 §4.2.6.3.1) and the first
// package document that it names.
func Open(r io.ReaderAt, size int64) (*Book, error) {
	z, err := bound.OpenZip(r, size)
	if err != nil {
		return nil, err
	}
	var c struct {
		Rootfiles []struct {
			Path string `xml:"full-path,attr"`
		} `xml:"rootfiles>rootfile"`
	}
	b := &Book{zip: z}
	if err := b.decode(container, &c); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoPackage, err)
	}
	if len(c.Rootfiles) == 0 {
		return nil, ErrNoPackage
	}
	name, ok := resolve("", c.Rootfiles[0].Path)
	if !ok {
		return nil, ErrNoPackage
	}
	if err := b.decode(name, &b.opf); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoPackage, err)
	}
	b.dir = path.Dir(name)
	return b, nil
}

// Work returns what the package document says of the book, clean.
func (b *Book) Work() bibliography.Work { return b.opf.work() }

// Read returns a picture or page of the book that Covers named, at most 50 MiB.
func (b *Book) Read(name string) ([]byte, error) { return b.zip.Read(name, maxPicture) }

// ReadFrom reads what a file of the book, by name, refers to by href, at most 50 MiB.
func (b *Book) ReadFrom(name, href string) ([]byte, error) {
	target, ok := resolve(dirOf(name), href)
	if !ok {
		return nil, bound.ErrNoEntry
	}
	return b.zip.Read(target, maxPicture)
}

func (b *Book) decode(name string, into any) error {
	data, err := b.zip.Read(name, maxXML)
	if err != nil {
		return err
	}
	return bound.XML(data).Decode(into)
}

// resolve returns the name within the container of an href found in a file of dir.
// What lies outside of the container is not ok.
func resolve(dir, href string) (string, bool) {
	u, err := url.Parse(strings.TrimSpace(href))
	if err != nil || u.IsAbs() || u.Host != "" || u.Path == "" {
		return "", false
	}
	// Within a container a leading slash is its root.
	name := path.Join(dir, u.Path)
	if strings.HasPrefix(u.Path, "/") {
		name = path.Clean(u.Path)
	}
	name = strings.TrimPrefix(name, "/")
	return name, name != "." && name != ".." && !strings.HasPrefix(name, "../")
}
