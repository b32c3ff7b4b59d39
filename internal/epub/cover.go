package epub

import (
	"bytes"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// maxPages is how many pages of the spine are looked through for a picture.
const maxPages = 5

// Covers returns the names of the files that may be the cover picture, the likeliest
// first: the manifest's cover-image (EPUB 3.3 §D.7.1.1), EPUB 2's meta "cover", the
// guide's cover, an item called cover, the first picture of the
// first pages; failing these, the largest picture of the manifest.
func (b *Book) Covers() []string {
	var names []string
	add := func(name string, ok bool) {
		if ok && b.zip.Has(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	byID := make(map[string]item, len(b.opf.Manifest))
	for _, it := range b.opf.Manifest {
		byID[it.ID] = it
		if slices.Contains(strings.Fields(it.Properties), "cover-image") {
			add(resolve(b.dir, it.Href))
		}
	}
	for _, m := range b.opf.Metadata.all().Metas {
		if m.Name != "cover" {
			continue
		}
		href := m.Content // some name the file itself
		if it, ok := byID[m.Content]; ok {
			href = it.Href
		}
		b.pictures(href, add)
	}
	for _, ref := range b.opf.Guide {
		if strings.EqualFold(ref.Type, "cover") {
			b.pictures(ref.Href, add)
		}
	}
	for _, it := range b.opf.Manifest {
		if isPicture(it.Href) && (strings.Contains(strings.ToLower(it.ID), "cover") || strings.Contains(strings.ToLower(it.Href), "cover")) {
			add(resolve(b.dir, it.Href))
		}
	}
	for _, ref := range b.opf.Spine[:min(len(b.opf.Spine), maxPages)] {
		b.pictures(byID[ref.IDRef].Href, add)
	}
	// A page may paint its pictures by style sheet alone.
	if len(names) == 0 {
		largest := ""
		for _, it := range b.opf.Manifest {
			if name, ok := resolve(b.dir, it.Href); ok && isPicture(name) && b.zip.Packed(name) > b.zip.Packed(largest) {
				largest = name
			}
		}
		add(largest, largest != "")
	}
	return names
}

// pictures adds the file itself if it is a picture, else the first one of the page.
func (b *Book) pictures(href string, add func(string, bool)) {
	name, ok := resolve(b.dir, href)
	if !ok || !b.zip.Has(name) {
		return
	}
	if isPicture(name) {
		add(name, true)
		return
	}
	page, err := b.zip.Read(name, maxXML)
	if err != nil {
		return // a page that can't be read has no picture to offer
	}
	if src := firstPicture(page); src != "" {
		picture, ok := resolve(dirOf(name), src)
		add(picture, ok && isPicture(picture))
	}
}

// firstPicture returns the address of the first picture that a page shows.
func firstPicture(page []byte) string {
	for z := html.NewTokenizer(bytes.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			tok := z.Token()
			var keys []string
			switch strings.ToLower(tok.Data) {
			case "img":
				keys = []string{"src"}
			case "image", "svg:image":
				keys = []string{"xlink:href", "href"}
			case "object":
				keys = []string{"data"}
			}
			for _, a := range tok.Attr {
				if slices.Contains(keys, a.Key) && isPicture(a.Val) {
					return a.Val
				}
			}
		}
	}
}

func isPicture(href string) bool {
	href, _, _ = strings.Cut(strings.ToLower(href), "#")
	for _, ext := range []string{".jpg", ".jpeg", ".png", ".gif", ".webp", ".svg", ".jpe"} {
		if strings.HasSuffix(href, ext) {
			return true
		}
	}
	return false
}

func dirOf(name string) string {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[:i]
	}
	return ""
}
