package translate

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

const (
	maxHeader  = 512 // bytes of an Accept-Language header that are read
	maxMatched = 512 // headers whose answer is remembered
)

// Match returns the language that an Accept-Language header (RFC 9110, 12.5.4)
// asks for most among those there are; "pt" and "pt-PT" find "pt-BR". It is not
// ok when the header names none of them: "*" names none. What cannot be read in
// a header, and what stands past its first 512 bytes, is passed over.
func (c *Catalog) Match(acceptLanguage string) (lang string, ok bool) {
	if len(acceptLanguage) > maxHeader {
		acceptLanguage = acceptLanguage[:maxHeader]
		// The last tag may be cut in two.
		acceptLanguage = acceptLanguage[:max(strings.LastIndexByte(acceptLanguage, ','), 0)]
	}
	if acceptLanguage == "" {
		return "", false
	}
	c.mu.Lock()
	lang, known := c.matched[acceptLanguage]
	c.mu.Unlock()
	if !known {
		lang = c.match(acceptLanguage)
		c.mu.Lock()
		if len(c.matched) >= maxMatched {
			clear(c.matched)
		}
		c.matched[strings.Clone(acceptLanguage)] = lang
		c.mu.Unlock()
	}
	return lang, lang != ""
}

func (c *Catalog) match(header string) string {
	type wish struct {
		tag    language.Tag
		weight float32
	}
	var wishes []wish
	for part := range strings.SplitSeq(header, ",") {
		// One by one: a single bad tag fails a whole header otherwise.
		tags, weights, err := language.ParseAcceptLanguage(part)
		if err != nil || len(tags) != 1 || !(weights[0] > 0 && weights[0] <= 1) {
			continue
		}
		wishes = append(wishes, wish{tags[0], weights[0]})
	}
	slices.SortStableFunc(wishes, func(a, b wish) int { return cmp.Compare(b.weight, a.weight) })
	for _, w := range wishes {
		_, i, confidence := c.matcher.Match(w.tag)
		// CLDR also matches Irish with English and Galician with Spanish;
		// whoever asks for those has not named ours.
		asked, _ := w.tag.Base()
		ours, _ := c.tags[i].Base()
		if confidence >= language.High && asked == ours {
			return c.languages[i]
		}
	}
	return ""
}
