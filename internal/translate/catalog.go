// Package translate finds the text of a key in a language, with the plural form
// that a count asks for (CLDR), and the language that a caller asks for among
// those there are.
package translate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/nicksnyder/go-i18n/v2/i18n/template"
	"golang.org/x/text/language"
)

// English is the language that every key has a text in.
const English = "en"

// Count is the name of the datum that selects a text's plural form.
const Count = "Count"

// Catalog holds the texts of every language. It is safe for concurrent use.
type Catalog struct {
	languages []string // English first
	tags      []language.Tag
	matcher   language.Matcher
	keys      map[string]bool
	texts     map[string]*i18n.Localizer
	parser    template.Parser

	mu      sync.Mutex
	matched map[string]string // what Match answered, "" for nothing
}

// Load reads every <tag>.json at the root of files. It fails when one cannot be
// read, is named by no BCP 47 tag or there is none for English.
func Load(files fs.FS) (*Catalog, error) {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, fmt.Errorf("listing languages: %w", err)
	}
	c := &Catalog{
		texts: map[string]*i18n.Localizer{},
		// Rather no text than one that says "<no value>".
		parser:  &template.TextParser{Option: "missingkey=error"},
		matched: map[string]string{},
	}
	for _, name := range names {
		c.languages = append(c.languages, strings.TrimSuffix(path.Base(name), ".json"))
	}
	slices.SortFunc(c.languages, func(a, b string) int {
		if a == English || b == English {
			return strings.Compare(strings.TrimPrefix(a, English), strings.TrimPrefix(b, English))
		}
		return strings.Compare(a, b)
	})
	if !slices.Contains(c.languages, English) {
		return nil, errors.New("there is no " + English + ".json")
	}
	bundle := i18n.NewBundle(language.English)
	for _, lang := range c.languages {
		tag, err := language.Parse(lang)
		if err != nil || tag.String() != lang {
			return nil, fmt.Errorf("%s.json: its name is no canonical language tag", lang)
		}
		text, err := fs.ReadFile(files, lang+".json")
		if err != nil {
			return nil, fmt.Errorf("reading language: %w", err)
		}
		if _, err := bundle.ParseMessageFileBytes(text, lang+".json"); err != nil {
			return nil, fmt.Errorf("%s.json: %w", lang, err)
		}
		if lang == English {
			var keys map[string]json.RawMessage
			if err := json.Unmarshal(text, &keys); err != nil {
				return nil, fmt.Errorf("%s.json: %w", lang, err)
			}
			c.keys = make(map[string]bool, len(keys))
			for key := range keys {
				c.keys[key] = true
			}
		}
		c.tags = append(c.tags, tag)
	}
	c.matcher = language.NewMatcher(c.tags)
	for _, lang := range c.languages {
		c.texts[lang] = i18n.NewLocalizer(bundle, lang)
	}
	return c, nil
}

// Languages returns the BCP 47 tags of the languages there are, English first.
func (c *Catalog) Languages() []string {
	return slices.Clone(c.languages)
}

// Known reports whether tag is, letter for letter, one of Languages.
func (c *Catalog) Known(tag string) bool {
	return slices.Contains(c.languages, tag)
}

// Has reports whether there is a text for key.
func (c *Catalog) Has(key string) bool {
	return c.keys[key]
}

// Text returns the text of key in lang with its placeholders filled from data;
// a number under Count selects the plural form. Where lang has no such text it
// is English, and where English has none either, or a placeholder stays empty,
// it is the key.
func (c *Catalog) Text(lang, key string, data map[string]any) string {
	if text, ok := c.Find(lang, key, data); ok {
		return text
	}
	return key
}

// Find is Text that tells whether there was one.
func (c *Catalog) Find(lang, key string, data map[string]any) (text string, ok bool) {
	if !c.keys[key] {
		return "", false
	}
	texts := c.texts[lang]
	if texts == nil {
		texts = c.texts[English]
	}
	// An error beside a text says only that the text is English or of another
	// plural form, which the tests of the languages find.
	text, _ = texts.Localize(&i18n.LocalizeConfig{
		MessageID:      key,
		TemplateData:   data,
		PluralCount:    pluralCount(data[Count]),
		TemplateParser: c.parser,
	})
	return text, text != ""
}

// pluralCount returns n in a form that go-i18n takes, or nil if it is no number.
func pluralCount(n any) any {
	switch n := n.(type) {
	case int, int8, int16, int32, int64:
		return n
	case uint, uint8, uint16, uint32, uint64:
		return fmt.Sprint(n)
	case float32:
		return strconv.FormatFloat(float64(n), 'f', -1, 32)
	case float64:
		return strconv.FormatFloat(n, 'f', -1, 64)
	default:
		return nil
	}
}
