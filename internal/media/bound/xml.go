package bound

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Bounds of an XML document.
const (
	maxDepth  = 64
	maxTokens = 1_000_000
)

// ErrTooDeep is an XML document that nests or goes on beyond the bounds.
var ErrTooDeep = errors.New("XML beyond the bounds")

// XML returns a lenient decoder of data in whatever encoding it names. It knows
// HTML's entities but no document's own: a DTD is passed over, so nothing expands
// and nothing is fetched.
func XML(data []byte) *xml.Decoder {
	raw := xml.NewDecoder(bufio.NewReader(transform.NewReader(bytes.NewReader(data), unicode.BOMOverride(transform.Nop))))
	raw.Strict = false
	raw.Entity = xml.HTMLEntity
	raw.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		// With a byte order mark the text is UTF-8 by now, whatever the label.
		if bytes.HasPrefix(data, []byte{0xFE, 0xFF}) || bytes.HasPrefix(data, []byte{0xFF, 0xFE}) {
			return in, nil
		}
		return charset.NewReaderLabel(label, in)
	}
	d := xml.NewTokenDecoder(&tokens{raw: raw})
	d.Strict = false
	return d
}

// tokens counts what passes and leaves out directives.
type tokens struct {
	raw          *xml.Decoder
	depth, count int
}

func (t *tokens) Token() (xml.Token, error) {
	for {
		tok, err := t.raw.RawToken()
		if err != nil {
			return tok, err
		}
		if t.count++; t.count > maxTokens {
			return nil, ErrTooDeep
		}
		switch tok.(type) {
		case xml.StartElement:
			if t.depth++; t.depth > maxDepth {
				return nil, ErrTooDeep
			}
		case xml.EndElement:
			t.depth = max(0, t.depth-1)
		case xml.Directive:
			continue
		}
		return tok, nil
	}
}
