package bibliography

import (
	"strings"

	"golang.org/x/text/language"
)

// Language returns the BCP 47 tag of a language as files write it (en, eng, en_US,
// pt-br), in its shortest usual form. Empty is unknown.
func Language(s string) string {
	s = strings.TrimSpace(s)
	if len(s) < 2 || len(s) > 35 {
		return ""
	}
	tag, err := language.All.Parse(s)
	if err != nil || tag.IsRoot() {
		return ""
	}
	if t := tag.String(); len(t) <= 35 {
		return t
	}
	return ""
}
