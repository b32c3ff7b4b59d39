package media

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"strings"

	"onlibrary/internal/media/bound"
)

// coverThumbnail draws a cover: a picture, or an SVG page that merely frames one.
// read fetches what the SVG refers to, from within the book; most is as of thumbnail.
func coverThumbnail(data []byte, most int64, read func(href string) ([]byte, error)) ([]byte, error) {
	if !bytes.HasPrefix(bytes.TrimLeft(data, "\ufeff \t\r\n"), []byte("<")) {
		return thumbnail(bytes.NewReader(data), int64(len(data)), most)
	}
	href := framedPicture(data)
	if href == "" || read == nil {
		return nil, errUnsupported
	}
	picture, err := dataURI(href)
	if picture == nil && err == nil {
		picture, err = read(href)
	}
	if err != nil {
		return nil, err
	}
	return thumbnail(bytes.NewReader(picture), int64(len(picture)), most)
}

// framedPicture returns the address of the one picture of an SVG that draws nothing
// else, or "". Whatever more there is would take a rasteriser: those in pure Go leave
// out text, masks and filters, and a cover without its title is worse than none.
func framedPicture(svg []byte) string {
	href := ""
	d := bound.XML(svg)
	for {
		tok, err := d.Token()
		if err != nil {
			return href
		}
		start, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "svg", "g", "a", "title", "desc", "metadata", "defs", "style", "rect", "RDF", "Work", "format", "type":
		case "image":
			for _, a := range start.Attr {
				if a.Name.Local == "href" {
					if href != "" {
						return ""
					}
					href = a.Value
				}
			}
		default:
			return ""
		}
	}
}

// dataURI decodes a picture within an address (RFC 2397); nil if it is none.
func dataURI(href string) ([]byte, error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(href), "data:")
	if !ok {
		return nil, nil
	}
	_, body, ok := strings.Cut(rest, ";base64,")
	if !ok {
		return nil, errUnsupported
	}
	return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(body), ""))
}
