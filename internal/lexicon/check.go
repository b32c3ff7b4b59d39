package lexicon

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"onlibrary/internal/translate"
)

// Fault says what kind of thing is wrong with a text.
type Fault string

// Faults that Check finds.
const (
	Missing     Fault = "missing"     // or there, and not in English
	Plurals     Fault = "plurals"     // a form too many or too few, or an empty one
	Placeholder Fault = "placeholder" // one that English has not, or the other way round
	English     Fault = "english"     // the same as in English, and no note says that it should be
	NeedlesNote Fault = "needless"    // a note on a text that is not there
)

// Problem is one thing that is wrong in a language.
type Problem struct {
	Fault                  Fault
	Language, Key, Details string
}

func (p Problem) String() string {
	return fmt.Sprintf("%s: %s: %s: %s", p.Language, p.Key, p.Fault, p.Details)
}

// Check compares every language with English. What waits for a person may be
// English still.
func (f *Folder) Check() ([]Problem, error) {
	var found []Problem
	excused := map[string]bool{}
	for _, tag := range f.Languages() {
		forms, err := Forms(tag)
		if err != nil {
			return nil, err
		}
		add := func(fault Fault, key, format string, args ...any) {
			found = append(found, Problem{fault, tag, key, fmt.Sprintf(format, args...)})
		}
		english, texts := f.Texts[translate.English], f.Texts[tag]
		for _, key := range slices.Sorted(maps.Keys(english)) {
			text, ok := texts[key]
			if !ok {
				add(Missing, key, "there is no such text")
				continue
			}
			checkForms(text, english[key], forms, func(format string, args ...any) { add(Plurals, key, format, args...) })
			checkPlaceholders(text, english[key], func(format string, args ...any) { add(Placeholder, key, format, args...) })
			if tag != translate.English && !slices.Contains(f.review[tag], key) {
				for _, s := range f.untranslated(tag, text, english[key], excused) {
					add(English, key, "%q", s)
				}
			}
		}
		for _, key := range slices.Sorted(maps.Keys(texts)) {
			if _, ok := english[key]; !ok {
				add(Missing, key, "English has no such text")
			}
		}
		for _, key := range f.review[tag] {
			if _, ok := texts[key]; !ok {
				add(NeedlesNote, key, "it waits for review, and is not there")
			}
		}
	}
	for _, tag := range slices.Sorted(maps.Keys(f.same)) {
		for _, s := range f.same[tag] {
			if !excused[tag+"\x00"+s] {
				found = append(found, Problem{NeedlesNote, tag, "notes/same-as-english.json", fmt.Sprintf("no text is %q", s)})
			}
		}
	}
	return found, nil
}

func checkForms(text, english Text, forms []string, add func(string, ...any)) {
	if text.Plural() != english.Plural() {
		add("only one of it and English has plural forms")
		return
	}
	if got := slices.Sorted(maps.Keys(text)); text.Plural() && !slices.Equal(got, forms) {
		add("it has the forms %v, not %v", got, forms)
	}
	for _, form := range slices.Sorted(maps.Keys(text)) {
		if s := text[form]; strings.TrimSpace(s) != s || s == "" {
			add("%s is empty or has space around it", form)
		}
	}
}

func checkPlaceholders(text, english Text, add func(string, ...any)) {
	want := placeholders(english["other"] + english[""])
	for _, form := range slices.Sorted(maps.Keys(text)) {
		got := placeholders(text[form])
		for _, p := range got {
			if !wellFormed().MatchString(p) || !slices.Contains(want, p) {
				add("%s has %s, which English has not", form, p)
			}
		}
		// "one file" says the number in a word, and so may zero and two.
		if !slices.Contains([]string{"zero", "one", "two"}, form) && len(got) != len(want) {
			add("%s has %v, English has %v", form, got, want)
		}
	}
}

func wellFormed() *regexp.Regexp { return regexp.MustCompile(`^{{\.\w+}}$`) }

func placeholders(s string) []string {
	found := regexp.MustCompile(`{{[^}]*}}|{{|}}`).FindAllString(s, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// untranslated returns the forms of a text that are English without a note that
// says that they may be; it remembers the notes that it needed.
func (f *Folder) untranslated(tag string, text, english Text, excused map[string]bool) []string {
	var found []string
	for _, form := range slices.Sorted(maps.Keys(text)) {
		s := text[form]
		switch {
		case s != english[form] && s != english["other"]:
		case slices.Contains(f.same[""], s):
			excused["\x00"+s] = true
		case slices.Contains(f.same[tag], s):
			excused[tag+"\x00"+s] = true
		default:
			found = append(found, s)
		}
	}
	return found
}
