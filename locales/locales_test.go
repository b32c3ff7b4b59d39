package locales

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"onlibrary/internal/lexicon"
)

func read(t *testing.T) *lexicon.Folder {
	t.Helper()
	f, err := lexicon.Open(".")
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Languages()) < 5 {
		t.Fatalf("there are only %v", f.Languages())
	}
	return f
}

// problems fails the test for each problem of that kind.
func problems(t *testing.T, fault lexicon.Fault) {
	t.Helper()
	found, err := read(t).Check()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range found {
		if p.Fault == fault {
			t.Error(p)
		}
	}
}

func TestEveryLanguageHasEveryKey(t *testing.T) { problems(t, lexicon.Missing) }

func TestPluralForms(t *testing.T) { problems(t, lexicon.Plurals) }

func TestPlaceholders(t *testing.T) { problems(t, lexicon.Placeholder) }

func TestTranslated(t *testing.T) { problems(t, lexicon.English) }

func TestNotesAreNeeded(t *testing.T) { problems(t, lexicon.NeedlesNote) }

func TestNothingWaitsForReview(t *testing.T) {
	f := read(t)
	for _, tag := range f.Languages() {
		if keys := f.Waiting(tag); len(keys) > 0 {
			t.Errorf("%s: %d texts wait for review, %s first", tag, len(keys), keys[0])
		}
	}
}

func TestSortedByKey(t *testing.T) {
	for _, lang := range read(t).Languages() {
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
					var value lexicon.Text
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
	for key := range read(t).Texts["en"] {
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
	english := read(t).Texts["en"]
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

// TestOneFormOfAddress holds each language to one way of speaking to whom it
// addresses, in mails, refusals and the app alike: tú, vous, você.
func TestOneFormOfAddress(t *testing.T) {
	word := func(words string) *regexp.Regexp { return regexp.MustCompile(`(?i)(?:^|\PL)(` + words + `)(?:\PL|$)`) }
	others := map[string]*regexp.Regexp{
		"es": word(`usted(?:es)?|vosotros|vuestr[ao]s?|veis|podéis|si fue|no haga|revise|confirme (?:su|que)|elija|inicie|seleccione|` +
			`compruebe|consulte|avise|reinicie|indique|envíe|inténtelo|pida|hable|abra`),
		"fr":    word(`tu|toi|ton|tes|essaie|choisis|clique|réessaie`),
		"pt-BR": word(`tu|teus?|tuas?|contigo|vós|senhora?|tenta|clica`),
	}
	f := read(t)
	for language, other := range others {
		for key, text := range f.Texts[language] {
			for _, form := range text {
				if found := other.FindStringSubmatch(form); found != nil {
					t.Errorf("%s: %s says %q: %s", language, key, found[1], form)
				}
			}
		}
	}
}
