// Package mail lays out the letters that the library sends: one HTML and one
// plain text body from the same words. It knows neither texts nor transport.
package mail

import (
	"bytes"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"
	"unicode"
)

//go:embed letter.html letter.txt
var files embed.FS

// Letter is what a mail says, in the words of one language. What people wrote
// may stand in any part of it: the layout escapes it.
type Letter struct {
	Language   string // BCP 47
	Subject    string
	Greeting   string
	Paragraphs []string
	Code       string // to be typed; no such line without it
	Button     string // the words on Link; no button without both
	Link       string // absolute
	Note       string // small, below the button
	From       string // the library's name
}

// Direction is the direction in which the letter is read: "rtl" or "ltr".
func (l Letter) Direction() string {
	primary, _, _ := strings.Cut(l.Language, "-")
	switch primary {
	case "ar", "dv", "fa", "he", "ps", "ur", "yi":
		return "rtl"
	}
	return "ltr"
}

// Render returns the subject as one line and the two bodies.
func (l Letter) Render() (subject, html, text string, err error) {
	rich, err := htmltemplate.ParseFS(files, "letter.html")
	if err != nil {
		return "", "", "", fmt.Errorf("reading the HTML layout: %w", err)
	}
	plain, err := texttemplate.ParseFS(files, "letter.txt")
	if err != nil {
		return "", "", "", fmt.Errorf("reading the text layout: %w", err)
	}
	var h, t bytes.Buffer
	if err := rich.Execute(&h, l); err != nil {
		return "", "", "", fmt.Errorf("laying out HTML: %w", err)
	}
	if err := plain.Execute(&t, l); err != nil {
		return "", "", "", fmt.Errorf("laying out text: %w", err)
	}
	return oneLine(l.Subject), h.String(), t.String(), nil
}

// oneLine keeps what people wrote from adding headers to a mail.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
}
