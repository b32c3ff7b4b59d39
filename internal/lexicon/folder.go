// Package lexicon tends the folder of language files: it finds what is missing
// or wrong in them, adds a language, and has a machine translate what is missing.
package lexicon

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"onlibrary/internal/translate"
)

// Text is one text: its CLDR plural forms by their names, or itself under "".
type Text map[string]string

// UnmarshalJSON reads a text or an object of plural forms.
func (t *Text) UnmarshalJSON(b []byte) error {
	var plain string
	if json.Unmarshal(b, &plain) == nil {
		*t = Text{"": plain}
		return nil
	}
	return json.Unmarshal(b, (*map[string]string)(t))
}

// MarshalJSON writes what UnmarshalJSON reads.
func (t Text) MarshalJSON() ([]byte, error) {
	if plain, ok := t[""]; ok {
		return encode(plain, "")
	}
	return encode(map[string]string(t), "")
}

// Plural tells whether the text has plural forms.
func (t Text) Plural() bool { _, plain := t[""]; return !plain }

// Folder is what a folder of language files holds. Beside them, in notes, lie
// same-as-english.json (by language, and under "" for all: the texts that are
// rightly the same as in English) and <tag>.review.txt (the keys, one a line,
// whose text waits for a person).
type Folder struct {
	Texts map[string]map[string]Text // by language and key

	dir    string
	same   map[string][]string
	review map[string][]string // by language, sorted
}

const notes = "notes"

// Open reads the folder dir.
func Open(dir string) (*Folder, error) {
	f := &Folder{dir: dir, Texts: map[string]map[string]Text{}, review: map[string][]string{}}
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		texts := map[string]Text{}
		if err := readJSON(name, &texts); err != nil {
			return nil, err
		}
		tag := strings.TrimSuffix(filepath.Base(name), ".json")
		f.Texts[tag] = texts
		list, err := os.ReadFile(f.reviewFile(tag))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		f.review[tag] = slices.Sorted(strings.FieldsSeq(string(list)))
	}
	if f.Texts[translate.English] == nil {
		return nil, fmt.Errorf("there is no %s.json in %s", translate.English, dir)
	}
	err = readJSON(filepath.Join(dir, notes, "same-as-english.json"), &f.same)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return f, err
}

// Languages returns the tags of the languages there are, in order.
func (f *Folder) Languages() []string { return slices.Sorted(maps.Keys(f.Texts)) }

// Waiting returns the keys of a language whose text waits for a person.
func (f *Folder) Waiting(tag string) []string { return f.review[tag] }

// Add makes the file of a language out of the English texts, every one of which
// waits for a translation.
func (f *Folder) Add(tag string) error {
	parsed, err := language.Parse(tag)
	if err != nil || parsed.String() != tag {
		return fmt.Errorf("%q is no canonical BCP 47 tag, such as de or zh-Hant", tag)
	}
	if f.Texts[tag] != nil {
		return fmt.Errorf("there is %s.json already", tag)
	}
	forms, err := Forms(tag)
	if err != nil {
		return err
	}
	f.Texts[tag] = map[string]Text{}
	for key, english := range f.Texts[translate.English] {
		f.Texts[tag][key] = english.in(forms)
	}
	f.review[tag] = slices.Sorted(maps.Keys(f.Texts[tag]))
	return f.save(tag)
}

// in is an English text in the plural forms of another language.
func (t Text) in(forms []string) Text {
	if !t.Plural() {
		return Text{"": t[""]}
	}
	text := Text{}
	for _, form := range forms {
		text[form] = t["other"]
		if form == "one" {
			text[form] = t["one"]
		}
	}
	return text
}

// save writes a language's texts and what of them waits for a person.
func (f *Folder) save(tag string) error {
	b, err := encode(f.Texts[tag], "  ")
	if err != nil {
		return err
	}
	if err := replace(filepath.Join(f.dir, tag+".json"), b); err != nil {
		return err
	}
	if len(f.review[tag]) == 0 {
		err := os.Remove(f.reviewFile(tag))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	if err := os.MkdirAll(filepath.Join(f.dir, notes), 0o750); err != nil {
		return err
	}
	return replace(f.reviewFile(tag), []byte(strings.Join(f.review[tag], "\n")+"\n"))
}

func (f *Folder) reviewFile(tag string) string { return filepath.Join(f.dir, notes, tag+".review.txt") }

func readJSON(name string, into any) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// encode writes JSON as people read it: sorted, and with < and & as they are.
func encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	err := e.Encode(v)
	if indent == "" {
		return bytes.TrimSpace(b.Bytes()), err
	}
	return b.Bytes(), err
}

// replace writes a file whole or not at all.
func replace(name string, content []byte) error {
	next := name + ".new"
	if err := os.WriteFile(next, content, 0o644); err != nil {
		return err
	}
	return os.Rename(next, name)
}
