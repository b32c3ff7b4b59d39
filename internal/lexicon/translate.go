package lexicon

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"onlibrary/internal/translate"
)

// Translator puts texts of English into a language, in their order.
type Translator interface {
	Translate(ctx context.Context, tag string, texts []string) ([]string, error)
}

// batch is how many texts go to the translator at a time.
const batch = 25

// Translate has the translator write what is missing in a language: keys that
// are not there, and those that are English still and wait for a person. All it
// writes waits for review. It saves as it goes, so that a run that was cut off
// goes on where it stood. A text whose placeholders did not come back stays as
// it was, and its key is returned in left.
func (f *Folder) Translate(ctx context.Context, tag string, t Translator) (done int, left []string, err error) {
	if f.Texts[tag] == nil || tag == translate.English {
		return 0, nil, fmt.Errorf("there is no %s.json to fill", tag)
	}
	forms, err := Forms(tag)
	if err != nil {
		return 0, nil, err
	}
	for keys := range slices.Chunk(f.missing(tag, forms), batch) {
		var texts []string
		for _, key := range keys {
			english := f.Texts[translate.English][key].in(forms)
			for _, form := range slices.Sorted(maps.Keys(english)) {
				texts = append(texts, mask(english[form]))
			}
		}
		answers, err := t.Translate(ctx, tag, texts)
		if err != nil {
			return done, left, err
		}
		if len(answers) != len(texts) {
			return done, left, fmt.Errorf("the translator answered %d texts with %d", len(texts), len(answers))
		}
		for _, key := range keys {
			english := f.Texts[translate.English][key].in(forms)
			text := Text{}
			for _, form := range slices.Sorted(maps.Keys(english)) {
				text[form] = unmask(strings.TrimSpace(answers[0]), english[form])
				answers = answers[1:]
			}
			if !sound(text, f.Texts[translate.English][key]) {
				left = append(left, key)
				continue
			}
			f.Texts[tag][key] = text
			if !slices.Contains(f.review[tag], key) {
				f.review[tag] = slices.Sorted(slices.Values(append(f.review[tag], key)))
			}
			done++
		}
		if err := f.save(tag); err != nil {
			return done, left, err
		}
	}
	return done, left, nil
}

func (f *Folder) missing(tag string, forms []string) []string {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(f.Texts[translate.English])) {
		text, ok := f.Texts[tag][key]
		english := f.Texts[translate.English][key].in(forms)
		if !ok || slices.Contains(f.review[tag], key) && maps.Equal(text, english) {
			keys = append(keys, key)
		}
	}
	return keys
}

func sound(text, english Text) bool {
	ok := true
	wrong := func(string, ...any) { ok = false }
	checkPlaceholders(text, english, wrong)
	for _, s := range text {
		ok = ok && s != ""
	}
	return ok
}

// mask puts {0}, {1}, … in place of placeholders, which translators leave alone.
func mask(s string) string {
	for i, p := range placeholders(s) {
		s = strings.ReplaceAll(s, p, "{"+strconv.Itoa(i)+"}")
	}
	return s
}

// unmask puts the placeholders of the English text back.
func unmask(s, english string) string {
	found := placeholders(english)
	return regexp.MustCompile(`\{\s*(\d{1,3})\s*\}`).ReplaceAllStringFunc(s, func(m string) string {
		i, err := strconv.Atoi(strings.Trim(m, "{} \t\u00a0"))
		if err != nil || i >= len(found) {
			return m
		}
		return found[i]
	})
}
