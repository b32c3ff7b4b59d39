package locales

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// categories are CLDR's plural forms of whole numbers (version 46).
var categories = map[string][]string{
	"en":    {"one", "other"},
	"pt-BR": {"one", "many", "other"},
	"es":    {"one", "many", "other"},
	"fr":    {"one", "many", "other"},
	"ar":    {"zero", "one", "two", "few", "many", "other"},
}

// sameAsEnglish are the texts that a language shares with English: names and
// units under "", real words of that language under its tag.
var sameAsEnglish = map[string][]string{
	"":      {"{{.Count}} KB", "{{.Count}} MB", "{{.Count}} GB"},
	"es":    {"{{.Count}} byte", "{{.Count}} bytes", "Sepia", "Zoom"},
	"fr":    {"Note", "Page", "Page {{.Page}}", "Pause", "Position", "Volume", "Zoom"},
	"pt-BR": {"{{.Count}} byte", "{{.Count}} bytes", "Volume", "Zoom"},
}

// text is one text: its plural forms, or itself under "other".
type text map[string]string

func (t *text) UnmarshalJSON(b []byte) error {
	var plain string
	if json.Unmarshal(b, &plain) == nil {
		*t = text{"": plain}
		return nil
	}
	return json.Unmarshal(b, (*map[string]string)(t))
}

func (t text) plural() bool { _, plain := t[""]; return !plain }

func read(t *testing.T) map[string]map[string]text {
	t.Helper()
	all := map[string]map[string]text{}
	names, err := fs.Glob(FS, "*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string]text{}
		if err := json.Unmarshal(b, &texts); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[strings.TrimSuffix(name, ".json")] = texts
	}
	for lang := range categories {
		if all[lang] == nil {
			t.Fatalf("there is no %s.json", lang)
		}
	}
	return all
}

func TestEveryLanguageHasEveryKey(t *testing.T) {
	all := read(t)
	for lang, texts := range all {
		for key := range all["en"] {
			if _, ok := texts[key]; !ok {
				t.Errorf("%s: %s is missing", lang, key)
			}
		}
		for key := range texts {
			if _, ok := all["en"][key]; !ok {
				t.Errorf("%s: %s is not in English", lang, key)
			}
		}
	}
}

func TestPluralForms(t *testing.T) {
	all := read(t)
	for lang, texts := range all {
		forms, ok := categories[lang]
		if !ok {
			t.Errorf("%s: add its plural forms to this test", lang)
			continue
		}
		for key, text := range texts {
			if text.plural() != all["en"][key].plural() {
				t.Errorf("%s: %s has plural forms in only one of it and English", lang, key)
				continue
			}
			if text.plural() {
				if got := slices.Sorted(maps.Keys(text)); !slices.Equal(got, slices.Sorted(slices.Values(forms))) {
					t.Errorf("%s: %s has the forms %v, not %v", lang, key, got, forms)
				}
			}
			for form, s := range text {
				if strings.TrimSpace(s) != s || s == "" {
					t.Errorf("%s: %s %s is empty or has space around it", lang, key, form)
				}
			}
		}
	}
}

var placeholder = regexp.MustCompile(`{{[^}]*}}|{{|}}`)

func placeholders(s string) []string {
	found := placeholder.FindAllString(s, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

func TestPlaceholders(t *testing.T) {
	all := read(t)
	for lang, texts := range all {
		for key, text := range texts {
			english := all["en"][key]
			for form, s := range text {
				want := english["other"]
				if !english.plural() {
					want = english[""]
				}
				got := placeholders(s)
				for _, p := range got {
					if !regexp.MustCompile(`^{{\.\w+}}$`).MatchString(p) || !slices.Contains(placeholders(want), p) {
						t.Errorf("%s: %s %s has %s, which English has not", lang, key, form, p)
					}
				}
				// "one file" says the number in a word, and so may zero and two.
				if form == "" || form == "other" || form == "few" || form == "many" {
					if len(got) != len(placeholders(want)) {
						t.Errorf("%s: %s %s has %v, English has %v", lang, key, form, got, placeholders(want))
					}
				}
			}
		}
	}
}

func TestTranslated(t *testing.T) {
	all := read(t)
	seen := map[string]bool{}
	for lang, texts := range all {
		if lang == "en" {
			continue
		}
		for key, text := range texts {
			for form, s := range text {
				english := all["en"][key]
				if s != english[form] && s != english["other"] {
					continue
				}
				switch {
				case slices.Contains(sameAsEnglish[""], s):
					seen[s] = true
				case slices.Contains(sameAsEnglish[lang], s):
					seen[lang+s] = true
				default:
					t.Errorf("%s: %s %s is English: %q", lang, key, form, s)
				}
			}
		}
	}
	for lang, texts := range sameAsEnglish {
		for _, s := range texts {
			if !seen[lang+s] {
				t.Errorf("the exception %q %q is not needed", lang, s)
			}
		}
	}
}

func TestSortedByKey(t *testing.T) {
	for lang := range read(t) {
		b, err := FS.ReadFile(lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		d := json.NewDecoder(strings.NewReader(string(b)))
		var keys []string
		for depth := 0; ; {
			token, err := d.Token()
			if err != nil {
				break
			}
			switch token := token.(type) {
			case json.Delim:
				depth += map[json.Delim]int{'{': 1, '}': -1}[token]
			case string:
				if depth == 1 {
					keys = append(keys, token)
					var value text
					if err := d.Decode(&value); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if len(keys) == 0 || !slices.IsSorted(keys) || len(slices.Compact(keys)) != len(keys) {
			t.Errorf("%s.json is not sorted by key, or has a key twice", lang)
		}
	}
}

// TestEveryKeyIsUsed looks for each key in the sources of the server and the web
// app: whole, by its last part as a code ("duplicate_code" for a fault), or by a
// prefix that the source adds to ("mail.verify", "role." +, `ui.state.${…}`). PocketBase's
// own texts (api.) are checked in hooks/locale.
func TestEveryKeyIsUsed(t *testing.T) {
	var source strings.Builder
	for _, root := range []string{"../main.go", "../internal", "../hooks", "../ui/src"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, ".test.ts") {
				return err
			}
			switch filepath.Ext(path) {
			case ".go", ".ts", ".svelte", ".html":
				b, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				source.Write(b)
			}
			return nil
		})
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	text := source.String()
	// Keys and prefixes as they stand in quotes.
	quoted := map[string]bool{}
	for _, m := range regexp.MustCompile("[\"'`]([A-Za-z][\\w.-]*)(?:[\"'`]|\\$\\{)").FindAllStringSubmatch(text, -1) {
		quoted[m[1]] = true
	}
	used := func(key string) bool {
		if quoted[key] {
			return true
		}
		for i := strings.LastIndexByte(key, '.'); i > 0; i = strings.LastIndexByte(key[:i], '.') {
			if quoted[key[:i+1]] || strings.Contains(key[:i], ".") && quoted[key[:i]] {
				return true
			}
		}
		return false
	}
	for key := range read(t)["en"] {
		prefix, code, _ := strings.Cut(key, ".")
		switch prefix {
		case "api":
		case "fault", "state", "permission":
			if !quoted[code] {
				t.Errorf("no source has the code of %s", key)
			}
		default:
			if !used(key) {
				t.Errorf("%s is used nowhere", key)
			}
		}
	}
	if len(quoted) == 0 {
		t.Error("no source was read")
	}
}

// TestEveryRefusalHasAText holds the codes that the server refuses with against
// the texts for them.
func TestEveryRefusalHasAText(t *testing.T) {
	english := read(t)["en"]
	call := regexp.MustCompile(`fault\.(?:New|Field)\([^,\n]+, "(\w+)"|fault\.Error{[^}\n]*Code: +"(\w+)"`)
	found := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "ui" || d.Name() == ".cache" || d.Name() == ".git") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range call.FindAllStringSubmatch(string(b), -1) {
			code := m[1] + m[2]
			found++
			if _, ok := english["fault."+code]; !ok {
				t.Errorf("%s: there is no text fault.%s", path, code)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found == 0 {
		t.Error("no refusal was found")
	}
}
