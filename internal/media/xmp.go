package media

import (
	"encoding/xml"
	"slices"
	"strings"

	"onlibrary/internal/bibliography"
	"onlibrary/internal/media/bound"
)

// Namespaces of XMP (ISO 16684-1).
const (
	nsRDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	nsDC  = "http://purl.org/dc/elements/1.1/"
	nsXMP = "http://ns.adobe.com/xap/1.0/"
)

// xmpWork reads the Dublin Core of an XMP packet (ISO 16684-1 §8.4), as far as it can
// be read.
func xmpWork(packet []byte) bibliography.Work {
	said := xmpProperties(packet)
	first := func(name xml.Name) string {
		if v := said[name]; len(v) > 0 {
			return v[0]
		}
		return ""
	}
	dc := func(local string) string { return first(xml.Name{Space: nsDC, Local: local}) }
	w := bibliography.Work{
		Title: usualTitle(bibliography.Line(dc("title"), bibliography.MaxTitle)), Language: dc("language"),
		Publisher: dc("publisher"), Description: dc("description"), Published: bibliography.Date(dc("date")),
	}
	for _, name := range said[xml.Name{Space: nsDC, Local: "creator"}] {
		w.Authors = append(w.Authors, usualAuthors(bibliography.Line(name, bibliography.MaxAuthor))...)
	}
	// Many programs write down the day on which they made the file, which is no
	// publication.
	for _, made := range []string{"CreateDate", "ModifyDate"} {
		if w.Published != "" && w.Published == bibliography.Date(first(xml.Name{Space: nsXMP, Local: made})) {
			w.Published = ""
		}
	}
	return w
}

// xmpProperties returns the values of the packet's simple properties and arrays (§7.5
// and 7.7), bounded in number; not those of the documents that this one was made of,
// which nest deeper. Of alternatives by language, the default comes first.
func xmpProperties(packet []byte) map[xml.Name][]string {
	said := map[xml.Name][]string{}
	add := func(name xml.Name, value string, isDefault bool) {
		value = strings.TrimSpace(value)
		switch all := said[name]; {
		case value == "" || name.Space != nsDC && name.Space != nsXMP || len(all) == bibliography.MaxAuthors:
		case isDefault:
			said[name] = slices.Insert(all, 0, value)
		default:
			said[name] = append(all, value)
		}
	}
	rdf := func(local string) xml.Name { return xml.Name{Space: nsRDF, Local: local} }
	var path []xml.Name // down to where the decoder is
	described := func(n int) bool { return n > 1 && path[n-2] == rdf("RDF") && path[n-1] == rdf("Description") }
	var text strings.Builder
	var isDefault bool
	d := bound.XML(packet)
	for {
		tok, err := d.Token()
		if err != nil { // the packet's end, or where it breaks
			return said
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			path = append(path, tok.Name)
			text.Reset()
			isDefault = false
			for _, a := range tok.Attr {
				if described(len(path)) {
					add(a.Name, a.Value, false)
				}
				isDefault = isDefault || a.Name.Local == "lang" && a.Value == "x-default"
			}
		case xml.CharData:
			text.Write(tok)
		case xml.EndElement:
			switch n := len(path); {
			case described(n - 1):
				add(path[n-1], text.String(), false)
			case described(n-3) && path[n-1] == rdf("li"):
				add(path[n-3], text.String(), isDefault)
			}
			path = path[:max(0, len(path)-1)]
			text.Reset()
		}
	}
}
