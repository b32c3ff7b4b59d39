package bibliography

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/unicode/norm"
)

// Line returns s as one line of at most max runes: valid UTF-8 in NFC, runs of white
// space as one space, no control characters and no bidirectional overrides, which
// could make a title read as what it is not.
func Line(s string, max int) string {
	return cut(strings.Join(strings.Fields(tidy(s, max)), " "), max)
}

// Prose returns s, plain or HTML, as plain text of at most max runes, cleaned as Line
// does, with paragraphs parted by an empty line.
func Prose(s string, max int) string {
	// Markup may be many times longer than its text.
	s = head(s, 64*max)
	if strings.ContainsAny(s, "<&") {
		s = htmlText(s)
	}
	var out []string
	for para := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		if line := Line(para, max); line != "" {
			out = append(out, line)
		}
	}
	return cut(strings.Join(out, "\n\n"), max)
}

// tidy drops what must not be shown. It cuts first, generously, so that a text of
// any size costs little.
func tidy(s string, max int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), r == '\uFEFF', r == utf8.RuneError,
			r >= '\u202A' && r <= '\u202E', r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, strings.ToValidUTF8(head(s, 16*max), ""))
	// Last, as a mark may now follow its letter.
	return norm.NFC.String(s)
}

func head(s string, bytes int) string {
	if len(s) <= bytes {
		return s
	}
	return s[:bytes]
}

func cut(s string, max int) string {
	n := 0
	for i := range s {
		if n == max {
			return strings.TrimRightFunc(s[:i], unicode.IsSpace)
		}
		n++
	}
	return s
}

// htmlText returns the text of an HTML fragment, one line a block.
func htmlText(s string) string {
	var b strings.Builder
	hidden := 0
	for z := html.NewTokenizer(strings.NewReader(s)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return b.String()
		}
		if kind == html.TextToken {
			if hidden == 0 {
				// A line break in markup is a space.
				b.WriteString(strings.Map(func(r rune) rune {
					if r == '\n' || r == '\r' {
						return ' '
					}
					return r
				}, string(z.Text())))
			}
			continue
		}
		name, _ := z.TagName()
		switch atom.Lookup(name) {
		case atom.Script, atom.Style:
			if kind == html.StartTagToken {
				hidden++
			} else if kind == html.EndTagToken && hidden > 0 {
				hidden--
			}
		case atom.P, atom.Div, atom.Br, atom.Li, atom.Ul, atom.Ol, atom.Tr, atom.Table, atom.Blockquote,
			atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Section, atom.Article, atom.Hr, atom.Dt, atom.Dd:
			b.WriteByte('\n')
		}
	}
}
