package logs

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Redacted stands where a secret was.
const Redacted = "redacted"

// Secret tells whether a value of that name opens something.
func Secret(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "token") || strings.Contains(name, "password") || strings.Contains(name, "secret")
}

// secretParameter tells so of an address, in which OAuth2 providers send theirs
// back, too (RFC 6749, 4.1.2).
func secretParameter(name string) bool {
	return Secret(name) || slices.Contains([]string{"code", "state", "code_verifier", "mfaid"}, strings.ToLower(name))
}

// Query returns an address's query without the values of secrets; a part that
// cannot be read goes whole.
func Query(query string) string {
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, _, _ := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(name); err != nil {
			parts[i] = Redacted
		} else if secretParameter(plain) {
			parts[i] = name + "=" + Redacted
		}
	}
	return strings.Join(parts, "&")
}

// secrets are the forms that a secret has in a text, whatever it is about. None
// matches a quote or a backslash beside the value, so that JSON stays JSON. The
// hint is in every text that the form is in.
var secrets = []struct {
	hint string
	form *regexp.Regexp
	mark string
}{
	{"eyJ", regexp.MustCompile(`eyJ[\w-]+\.[\w-]+(?:\.[\w-]+)?`), Redacted}, // a token of ours: a JWT (RFC 7519)
	{"@", regexp.MustCompile(`(://)[^/\s"'\\@]+@`), "${1}" + Redacted + "@"},
	{"=", regexp.MustCompile(`(?i)((?:[\w.%-]*(?:token|password|secret|signature)[\w.%-]*|[?&](?:code|state|code_verifier|mfaid))=)[^&\s"'\\]+`), "${1}" + Redacted},
	{":", regexp.MustCompile(`(?i)("[\w.-]*(?:token|password|secret)[\w.-]*"\s*:\s*")(?:[^"\\]|\\.)+`), "${1}" + Redacted},
	{"uthorization", regexp.MustCompile(`(?i)(\bauthorization["']?\s*[:=]\s*["']?(?:(?:basic|bearer)\s+)?)[^\s"'\\,]+`), "${1}" + Redacted},
	{"earer ", regexp.MustCompile(`(?i)(\bbearer )[\w.~+/=-]{12,}`), "${1}" + Redacted},
}

// Scrub returns a text without what has the form of a secret.
func Scrub(text string) string {
	for _, s := range secrets {
		if strings.Contains(text, s.hint) {
			text = s.form.ReplaceAllString(text, s.mark)
		}
	}
	return text
}

// printable writes out what a terminal would obey rather than show, and what
// would have a line read other than it is: controls, and marks of direction.
// ASCII's own, line breaks among them, are left to the handlers, which do so.
func printable(text string) string {
	odd := func(r rune) bool { return r >= 0x7f && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }
	if !strings.ContainsFunc(text, odd) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if odd(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
