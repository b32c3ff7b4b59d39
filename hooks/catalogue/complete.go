package catalogue

import (
	"path"
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/security"

	"onlibrary/internal/schema"
)

// complete gives a document what every document has and nobody sent.
func complete(doc *core.Record) {
	if doc.GetString("visibility") == "" {
		doc.Set("visibility", schema.VisibilityMembers)
	}
	if doc.GetString("state") == "" { // there is no file, which alone is told then
		doc.Set("state", schema.DocumentProcessing)
	}
	code := strings.TrimSpace(doc.GetString("code"))
	if code == "" {
		code = doc.Original().GetString("code")
	}
	if code == "" {
		code = newCode()
	}
	doc.Set("code", code)
	title := strings.TrimSpace(doc.GetString("title"))
	if title == "" {
		title = standInTitle(doc.GetString("fileName"), code)
		doc.Set("titleProvisional", true)
	}
	doc.Set("title", title)
}

// standInTitle is what a document is called until a person or its file gives
// it a title: the file's name without its extension, or else its code.
func standInTitle(fileName, code string) string {
	title := strings.Join(strings.Fields(strings.TrimSuffix(fileName, path.Ext(fileName))), " ")
	if title == "" {
		return code
	}
	if r := []rune(title); len(r) > 256 {
		title = strings.TrimSpace(string(r[:256]))
	}
	return title
}

// newCode makes a code that is easy to read out: ten characters that cannot be
// taken for one another, 50 bits, as in K7QF2-M9DTX.
func newCode() string {
	const alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ" // 32 of them
	s := security.RandomStringWithAlphabet(10, alphabet)
	return s[:5] + "-" + s[5:]
}
