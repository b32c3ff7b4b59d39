package epub

import (
	"cmp"
	"encoding/xml"
	"slices"
	"strconv"
	"strings"

	"onlibrary/internal/bibliography"
)

// opf is the package document (EPUB 3.3 §5; Open Packaging Format 2.0.1). Elements
// are matched by local name, as files often get the namespaces wrong.
type opf struct {
	Metadata metadata `xml:"metadata"`
	Manifest []item   `xml:"manifest>item"`
	Spine    []struct {
		IDRef string `xml:"idref,attr"`
	} `xml:"spine>itemref"`
	Guide []struct {
		Type string `xml:"type,attr"`
		Href string `xml:"href,attr"`
	} `xml:"guide>reference"`
}

type metadata struct {
	elements
	// EPUB 2 allowed these around them.
	DC elements `xml:"dc-metadata"`
	X  elements `xml:"x-metadata"`
}

type elements struct {
	Titles       []element `xml:"title"`
	Creators     []element `xml:"creator"`
	Identifiers  []element `xml:"identifier"`
	Languages    []element `xml:"language"`
	Publishers   []element `xml:"publisher"`
	Dates        []element `xml:"date"`
	Descriptions []element `xml:"description"`
	Metas        []meta    `xml:"meta"`
}

type element struct {
	ID    string
	Role  string // EPUB 2, opf:role
	Event string // EPUB 2, opf:event
	Text  string // of the element and all within it
}

// UnmarshalXML reads the element with the text of whatever it nests, as some put
// unescaped HTML into a description.
func (e *element) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	for _, a := range start.Attr {
		switch a.Name.Local {
		case "id":
			e.ID = a.Value
		case "role":
			e.Role = a.Value
		case "event":
			e.Event = a.Value
		}
	}
	var text strings.Builder
	for depth := 1; depth > 0; {
		tok, err := d.Token()
		if err != nil {
			return err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			depth++
			text.WriteByte('\n')
		case xml.EndElement:
			depth--
		case xml.CharData:
			text.Write(tok)
		}
	}
	e.Text = strings.TrimSpace(text.String())
	return nil
}

type meta struct {
	ID       string `xml:"id,attr"`
	Property string `xml:"property,attr"` // EPUB 3
	Refines  string `xml:"refines,attr"`  // EPUB 3
	Value    string `xml:",chardata"`     // EPUB 3
	Name     string `xml:"name,attr"`     // EPUB 2
	Content  string `xml:"content,attr"`  // EPUB 2
}

type item struct {
	ID         string `xml:"id,attr"`
	Href       string `xml:"href,attr"`
	MediaType  string `xml:"media-type,attr"`
	Properties string `xml:"properties,attr"`
}

// all returns the elements wherever the file put them.
func (m metadata) all() elements {
	e := m.elements
	for _, more := range []elements{m.DC, m.X} {
		e.Titles = append(e.Titles, more.Titles...)
		e.Creators = append(e.Creators, more.Creators...)
		e.Identifiers = append(e.Identifiers, more.Identifiers...)
		e.Languages = append(e.Languages, more.Languages...)
		e.Publishers = append(e.Publishers, more.Publishers...)
		e.Dates = append(e.Dates, more.Dates...)
		e.Descriptions = append(e.Descriptions, more.Descriptions...)
		e.Metas = append(e.Metas, more.Metas...)
	}
	return e
}

func (o opf) work() bibliography.Work {
	e := o.Metadata.all()
	series, index := e.series()
	w := bibliography.Work{
		Title: e.title(), Authors: e.authors(), ISBN: e.isbn(), Published: e.published(),
		Language: first(e.Languages), Publisher: first(e.Publishers), Description: first(e.Descriptions), Series: series, SeriesIndex: index,
	}
	return w.Clean()
}

// refined returns the value of a property that refines the element of that id.
func (e elements) refined(id, property string) string {
	if id == "" {
		return ""
	}
	for _, m := range e.Metas {
		if m.Property == property && m.Refines == "#"+id {
			return strings.TrimSpace(m.Value)
		}
	}
	return ""
}

// title is the one whose title-type is main, else the first (EPUB 3.3 §D.3.10).
func (e elements) title() string {
	for _, t := range e.Titles {
		if e.refined(t.ID, "title-type") == "main" {
			return t.Text
		}
	}
	return first(e.Titles)
}

// authors are the creators whose MARC role is aut or is not told, in display order;
// where there are none of these, every creator.
func (e elements) authors() []string {
	type creator struct {
		name  string
		order int
	}
	var authors, all []creator
	for i, c := range e.Creators {
		name := creator{c.Text, i - len(e.Creators)}
		if n, err := strconv.Atoi(e.refined(c.ID, "display-seq")); err == nil {
			name.order = n
		}
		if name.name == "" {
			continue
		}
		all = append(all, name)
		role := strings.ToLower(cmp.Or(e.refined(c.ID, "role"), c.Role, "aut"))
		if role == "aut" || role == "author" {
			authors = append(authors, name)
		}
	}
	if len(authors) == 0 {
		authors = all
	}
	slices.SortStableFunc(authors, func(a, b creator) int { return cmp.Compare(a.order, b.order) })
	var names []string
	for _, a := range authors {
		names = append(names, a.name)
	}
	return names
}

func (e elements) isbn() string {
	for _, id := range e.Identifiers {
		if isbn, ok := bibliography.ISBN(id.Text); ok {
			return isbn
		}
	}
	return ""
}

// published is the date of publication, else the first that is no modification.
func (e elements) published() string {
	var date string
	for _, d := range e.Dates {
		switch strings.ToLower(d.Event) {
		case "publication", "original-publication":
			return d.Text
		case "modification":
		default:
			date = cmp.Or(date, d.Text)
		}
	}
	return date
}

// series is the collection of type series that the book belongs to (EPUB 3.3
// §D.3.3), else one of no type, else calibre's.
func (e elements) series() (name string, index float64) {
	position := ""
	for _, m := range e.Metas {
		if m.Property != "belongs-to-collection" {
			continue
		}
		kind := e.refined(m.ID, "collection-type")
		if kind == "series" || kind == "" && name == "" {
			name, position = m.Value, e.refined(m.ID, "group-position")
		}
		if kind == "series" {
			break
		}
	}
	if name == "" {
		for _, m := range e.Metas {
			switch m.Name {
			case "calibre:series":
				name = m.Content
			case "calibre:series_index":
				position = m.Content
			}
		}
	}
	index, err := strconv.ParseFloat(strings.TrimSpace(position), 64)
	if err != nil {
		index = 0 // "1.2.3" and the like are no number
	}
	return name, index
}

func first(e []element) string {
	for _, el := range e {
		if el.Text != "" {
			return el.Text
		}
	}
	return ""
}
