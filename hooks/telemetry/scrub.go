package telemetry

import (
	"encoding/json"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"
)

// What no event says, whatever error it comes from: the log at home has it.
var personal = []struct {
	form *regexp.Regexp
	mark string
}{
	{regexp.MustCompile(`eyJ[\w-]+\.[\w-]*\.?[\w-]*`), "[token]"},
	{regexp.MustCompile(`\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM)\s[^\n]*`), "[SQL]"},
	{regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://[^\s"'<>]+`), "[address]"},
	{regexp.MustCompile(`[^\s"'<>(),:;=]+@[^\s"'<>(),:;]+`), "[address]"},
	{regexp.MustCompile(`"(?:[^"\\\n]|\\.)*(?:"|$)|“[^”]*”|«[^»]*»` + "|`[^`]*`"), "[text]"},
	{regexp.MustCompile(`(?:\B|\s)'[^'\n]*'`), " [text]"},
	{regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b`), "[address]"},
	{regexp.MustCompile(`\[?(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}(?:%\w+)?\]?(?::\d+)?`), "[address]"},
	{regexp.MustCompile(`(?:^|[\s(=])(?:[A-Za-z]:)?[/\\][^\s:]+`), " [path]"},
	{regexp.MustCompile(`\S+/\S+\.\w{2,5}\b`), "[path]"},
	{regexp.MustCompile(`\b[A-Za-z_-]*\d[\w-]{13,}|\b[A-Za-z_-]{1,14}\d[\w-]{7,}`), "[id]"}, // ids, hashes, keys
	{regexp.MustCompile(`\d[\d .-]{4,}\d`), "[number]"},
}

const (
	shortest = 3        // runes of a word that is taken out
	mostRead = 64 << 10 // bytes of a body that is looked at
	mostText = 2000     // runes of a text that is sent
)

// scrub takes out of a text what has the form of something personal.
func scrub(text string) string {
	for _, p := range personal {
		text = p.form.ReplaceAllLiteralString(text, p.mark)
	}
	return text
}

// free takes words out of a text, longer ones first.
func free(text string, words []string) string {
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return len([]rune(w)) < shortest })
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	for _, w := range words {
		if !strings.Contains(strings.ToLower(text), strings.ToLower(w)) {
			continue
		}
		text = regexp.MustCompile(`(?i)`+regexp.QuoteMeta(w)).ReplaceAllLiteralString(text, "[…]")
	}
	return text
}

func cut(text string) string {
	if r := []rune(text); len(r) > mostText {
		return string(r[:mostText]) + "…"
	}
	return text
}

// caller returns the words of a request that an error may repeat: who calls and
// from where, and what they sent.
func caller(e *core.RequestEvent) []string {
	words := []string{e.RealIP(), e.RemoteIP(), e.Request.UserAgent(), e.Request.PathValue("id"), e.Request.PathValue("filename")}
	if e.Auth != nil {
		words = append(words, e.Auth.Id, e.Auth.GetString("username"), e.Auth.Email())
		words = append(words, parts(e.Auth.GetString("name"))...)
	}
	query, err := url.ParseQuery(e.Request.URL.RawQuery)
	if err != nil {
		words = append(words, e.Request.URL.RawQuery)
	}
	for _, values := range query {
		for _, v := range values {
			words = append(words, parts(v)...)
		}
	}
	return append(words, sent(e)...)
}

// sent returns the texts in the request's body: of a form that was read, or of
// small JSON.
func sent(e *core.RequestEvent) (found []string) {
	if form := e.Request.MultipartForm; form != nil {
		for _, values := range form.Value {
			for _, v := range values {
				found = append(found, parts(v)...)
			}
		}
		for _, files := range form.File {
			for _, f := range files {
				found = append(found, f.Filename)
			}
		}
		return found
	}
	n := e.Request.ContentLength
	if n <= 0 || n > mostRead || !strings.HasPrefix(e.Request.Header.Get("Content-Type"), "application/json") {
		return nil
	}
	// Whoever failed may have read all, a part or nothing of it.
	if _, err := io.Copy(io.Discard, e.Request.Body); err != nil {
		return nil
	}
	if again, ok := e.Request.Body.(router.Rereader); ok {
		again.Reread()
	}
	var body any
	if e.BindBody(&body) != nil {
		return nil // what is no JSON told nobody anything
	}
	return texts(body)
}

// texts returns every text in what was read from JSON, and its words.
func texts(value any) (found []string) {
	switch v := value.(type) {
	case string:
		return parts(v)
	case []any:
		for _, x := range v {
			found = append(found, texts(x)...)
		}
	case map[string]any:
		for _, x := range v {
			found = append(found, texts(x)...)
		}
	}
	return found
}

// payload returns the texts of a job.
func payload(raw []byte) []string {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return nil
	}
	return texts(value)
}

// parts is a text as a whole and, of a short one such as a name, its words.
func parts(text string) []string {
	found := []string{text}
	if words := strings.Fields(text); len(words) > 1 && len(words) <= 8 {
		found = append(found, words...)
	}
	return found
}
