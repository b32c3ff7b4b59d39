package locale

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// folder holds three texts of English.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	texts := `{"a.count": {"one": "{{.Count}} book", "other": "{{.Count}} books"}, "a.hello": "Hello {{.Name}}", "a.plain": "Lamp"}`
	if err := os.WriteFile(filepath.Join(dir, "en.json"), []byte(texts), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func tend(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out strings.Builder
	c := Command()
	c.SilenceUsage, c.SilenceErrors = true, true
	c.SetArgs(args)
	c.SetOut(&out)
	err := c.ExecuteContext(context.Background())
	return out.String(), err
}

func texts(t *testing.T, dir, tag string) map[string]any {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, tag+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// server speaks LibreTranslate's API: it shouts, and loses what stands in braces
// of a text that says Hello when it is told to.
func server(t *testing.T, loses bool) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var ask struct {
			Q                      []string
			Source, Target, Format string
		}
		if err := json.NewDecoder(r.Body).Decode(&ask); err != nil || r.URL.Path != "/translate" || ask.Source != "en" || ask.Format != "text" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error": "bad request"}`)
			return
		}
		if ask.Target != "pl" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error": "unknown language"}`)
			return
		}
		answers := make([]string, 0, len(ask.Q))
		for _, q := range ask.Q {
			if loses && strings.HasPrefix(q, "Hello") {
				q = "Hello"
			}
			answers = append(answers, strings.ToUpper(q))
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"translatedText": answers})
	}))
	t.Cleanup(s.Close)
	return s
}

func TestAddBeginsALanguageWithItsPluralForms(t *testing.T) {
	dir := folder(t)
	if out, err := tend(t, "add", "pl", "--dir", dir); err != nil || !strings.Contains(out, "3 texts wait") {
		t.Fatalf("%q %v", out, err)
	}
	count, _ := texts(t, dir, "pl")["a.count"].(map[string]any)
	for _, form := range []string{"one", "few", "many", "other"} {
		if count[form] == nil {
			t.Errorf("Polish lacks the form %s: %v", form, count)
		}
	}
	for _, tag := range []string{"pl", "en", "no language", "PT-br"} {
		if _, err := tend(t, "add", tag, "--dir", dir); err == nil {
			t.Errorf("%q was added", tag)
		}
	}
}

func TestTranslateFillsWhatIsMissingForReview(t *testing.T) {
	dir := folder(t)
	if _, err := tend(t, "add", "pl", "--dir", dir); err != nil {
		t.Fatal(err)
	}
	out, err := tend(t, "translate", "pl", "--dir", dir, "--server", server(t, false).URL)
	if err != nil || !strings.Contains(out, "3 texts were translated") {
		t.Fatalf("%q %v", out, err)
	}
	got := texts(t, dir, "pl")
	if got["a.hello"] != "HELLO {{.Name}}" || got["a.count"].(map[string]any)["few"] != "{{.Count}} BOOKS" {
		t.Errorf("got %v", got)
	}
	if out, err := tend(t, "check", "--dir", dir); err != nil || !strings.Contains(out, "pl: 3 texts, 3 of them wait for review") {
		t.Errorf("%q %v", out, err)
	}
	if out, err := tend(t, "translate", "pl", "--dir", dir, "--server", server(t, false).URL); err != nil || !strings.Contains(out, "pl: 0 texts") {
		t.Errorf("a second run: %q %v", out, err)
	}
}

func TestATranslationThatLostAPlaceholderIsNotTaken(t *testing.T) {
	dir := folder(t)
	if _, err := tend(t, "add", "pl", "--dir", dir); err != nil {
		t.Fatal(err)
	}
	out, err := tend(t, "translate", "pl", "--dir", dir, "--server", server(t, true).URL)
	if err == nil || !strings.Contains(out, "a.hello") || texts(t, dir, "pl")["a.hello"] != "Hello {{.Name}}" {
		t.Errorf("%q %v %v", out, err, texts(t, dir, "pl"))
	}
}

func TestTranslateSaysWhatTheServerSays(t *testing.T) {
	dir := folder(t)
	if _, err := tend(t, "add", "de", "--dir", dir); err != nil {
		t.Fatal(err)
	}
	if _, err := tend(t, "translate", "de", "--dir", dir, "--server", server(t, false).URL); err == nil || !strings.Contains(err.Error(), "unknown language") {
		t.Errorf("%v", err)
	}
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	dir := folder(t)
	broken := `{"a.count": {"one": "{{.Count}} Buch", "few": "x {{.Count}}", "other": "Bücher"}, "a.hello": "Hallo {{.Title}}", "a.plain": "Lamp", "a.more": "mehr"}`
	if err := os.WriteFile(filepath.Join(dir, "de.json"), []byte(broken), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := tend(t, "check", "--dir", dir)
	if err == nil {
		t.Fatal("check found nothing")
	}
	for _, want := range []string{"a.count: plurals", "a.count: placeholder", "a.hello: placeholder", "a.plain: english", "a.more: missing"} {
		if !strings.Contains(out, "de: "+want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
}

func TestCheckPassesOnTheFilesThatWeShip(t *testing.T) {
	if out, err := tend(t, "check", "--dir", "../../locales"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
