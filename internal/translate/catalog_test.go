package translate

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

func load(t testing.TB, files map[string]string) *Catalog {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	c, err := Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func five(t testing.TB) *Catalog {
	return load(t, map[string]string{
		"pt-BR.json": `{"hello": "Olá, {{.Name}}"}`,
		"fr.json":    `{"hello": "Bonjour, {{.Name}}", "books": {"one": "{{.Count}} livre", "many": "{{.Count}} de livres", "other": "{{.Count}} livres"}}`,
		"es.json":    `{"hello": "Hola, {{.Name}}"}`,
		"ar.json":    `{"hello": "مرحبا {{.Name}}", "books": {"zero": "لا كتب", "one": "كتاب", "two": "كتابان", "few": "{{.Count}} كتب", "many": "{{.Count}} كتابا", "other": "{{.Count}} كتاب"}}`,
		"en.json":    `{"hello": "Hello, {{.Name}}", "books": {"one": "{{.Count}} book", "other": "{{.Count}} books"}, "only": "Only here"}`,
	})
}

func TestText(t *testing.T) {
	c := five(t)
	name := map[string]any{"Name": "<Ana>"}
	for _, test := range []struct {
		lang, key string
		data      map[string]any
		want      string
	}{
		{"pt-BR", "hello", name, "Olá, <Ana>"},
		{"fr", "hello", name, "Bonjour, <Ana>"},
		{"xx", "hello", name, "Hello, <Ana>"},
		{"", "only", nil, "Only here"},
		{"ar", "only", nil, "Only here"},
		{"fr", "hello", nil, "hello"},
		{"fr", "hello", map[string]any{"Other": 1}, "hello"},
		{"fr", "nothing", nil, "nothing"},
		{"en", "books", map[string]any{"Count": 1}, "1 book"},
		{"en", "books", map[string]any{"Count": 0}, "0 books"},
		{"en", "books", map[string]any{"Count": int64(2)}, "2 books"},
		{"en", "books", map[string]any{"Count": 1.5}, "1.5 books"},
		{"en", "books", map[string]any{"Count": uint8(1)}, "1 book"},
		{"en", "books", map[string]any{"Count": "many"}, "many books"},
		{"fr", "books", map[string]any{"Count": 0}, "0 livre"},
		{"fr", "books", map[string]any{"Count": 1000000}, "1000000 de livres"},
		{"es", "books", map[string]any{"Count": 1}, "1 book"},
		{"ar", "books", map[string]any{"Count": 0}, "لا كتب"},
		{"ar", "books", map[string]any{"Count": 2}, "كتابان"},
		{"ar", "books", map[string]any{"Count": 103}, "103 كتب"},
		{"ar", "books", map[string]any{"Count": 11}, "11 كتابا"},
		{"ar", "books", map[string]any{"Count": 100}, "100 كتاب"},
	} {
		if got := c.Text(test.lang, test.key, test.data); got != test.want {
			t.Errorf("%s %s %v: got %q, want %q", test.lang, test.key, test.data, got, test.want)
		}
	}
}

func TestLanguages(t *testing.T) {
	c := five(t)
	if got, want := c.Languages(), []string{"en", "ar", "es", "fr", "pt-BR"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	c.Languages()[0] = "xx"
	for tag, want := range map[string]bool{"en": true, "pt-BR": true, "pt": false, "pt-br": false, "": false, "xx": false} {
		if c.Known(tag) != want {
			t.Errorf("Known(%q) is %v", tag, !want)
		}
	}
	if !c.Has("hello") || c.Has("nothing") {
		t.Error("Has is wrong")
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"no English":       {"fr.json": `{}`},
		"no tag":           {"en.json": `{}`, "nonsense-language.json": `{}`},
		"tag not in form":  {"en.json": `{}`, "pt-br.json": `{}`},
		"no JSON":          {"en.json": `{`},
		"no JSON in fr":    {"en.json": `{}`, "fr.json": `]`},
		"a list of texts":  {"en.json": `["a"]`},
		"a number as text": {"en.json": `{"a": 1}`},
	} {
		fsys := fstest.MapFS{}
		for name, text := range files {
			fsys[name] = &fstest.MapFile{Data: []byte(text)}
		}
		if _, err := Load(fsys); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestMatch(t *testing.T) {
	c := five(t)
	for header, want := range map[string]string{
		"pt":                                  "pt-BR",
		"pt-BR":                               "pt-BR",
		"pt-PT":                               "pt-BR",
		"PT-br":                               "pt-BR",
		"en-US":                               "en",
		"es-419,en;q=0.5":                     "es",
		"fr-CA":                               "fr",
		"ar-EG":                               "ar",
		"de, fr;q=0.5":                        "fr",
		"en;q=0.1, fr;q=0.9":                  "fr",
		"fr;q=0, es;q=0.2":                    "es",
		"*, fr;q=0.1":                         "fr",
		"!!, , ;q=1, fr":                      "fr",
		"fr;q=2, es":                          "es",
		"fr;q=nan, es":                        "es",
		"fr;q=-1, es":                         "es",
		"fr;q=zero, es;q=0.1":                 "es",
		"\xff\xfe, fr":                        "fr",
		"":                                    "",
		"*":                                   "",
		"*;q=nan":                             "",
		"de":                                  "",
		"ga":                                  "",
		"gl":                                  "",
		"zh-Hant":                             "",
		"en-Shaw":                             "",
		"x-private":                           "",
		"junk":                                "",
		strings.Repeat("-", 5000):             "",
		strings.Repeat("a", 100<<10):          "",
		strings.Repeat("de,", 10000):          "",
		strings.Repeat("fr,", 10000):          "fr",
		"es," + strings.Repeat("a-", 100<<10): "es",
		strings.Repeat(",", 600) + "fr":       "",
	} {
		for range 2 { // worked out, then remembered
			got, ok := c.Match(header)
			if got != want || ok != (want != "") {
				t.Errorf("%.60q: got %q %v, want %q", header, got, ok, want)
			}
		}
	}
}

func TestMatchRemembersNoMoreThanItMay(t *testing.T) {
	c := five(t)
	var wait sync.WaitGroup
	for g := range 4 {
		wait.Go(func() {
			for i := range maxMatched {
				if lang, ok := c.Match(fmt.Sprintf("fr-x-%d, en-x-%d", g, i)); lang != "fr" || !ok {
					t.Errorf("got %q %v", lang, ok)
				}
			}
		})
	}
	wait.Wait()
	if len(c.matched) > maxMatched {
		t.Errorf("%d remembered", len(c.matched))
	}
}

func FuzzMatch(f *testing.F) {
	for _, header := range []string{"pt-BR,pt;q=0.9,en;q=0.8", "*", "a-b-c;q=1", "x-", ";;,,;q=", "i-klingon"} {
		f.Add(header)
	}
	c := five(f)
	f.Fuzz(func(t *testing.T, header string) {
		if lang, ok := c.Match(header); ok != c.Known(lang) {
			t.Errorf("%q: %q %v", header, lang, ok)
		}
	})
}

func BenchmarkMatchUnseen(b *testing.B) {
	c := five(b)
	header := strings.Repeat("de-AT-x-a;q=0.1,", 10000)
	for b.Loop() {
		c.match(header[:maxHeader])
	}
}

func BenchmarkText(b *testing.B) {
	c := five(b)
	for b.Loop() {
		c.Text("pt-BR", "hello", map[string]any{"Name": "Ana"})
	}
}
