package locale

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/tools/inflector"
	"github.com/pocketbase/pocketbase/tools/router"

	"onlibrary/internal/translate"
	"onlibrary/locales"
)

func catalog(t testing.TB) *translate.Catalog {
	t.Helper()
	c, err := translate.Load(locales.FS)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// said is what PocketBase's source says to clients: its codes with a sample of
// their texts, and samples of its top-level messages. X stands for a value.
type said struct {
	codes    map[string][]string
	messages map[string]bool
}

// read finds them in the Go files of a module: the arguments of NewError and of
// the constructors of ApiError.
func (s said) read(t *testing.T, module string) {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatalf("go list %s: %v", module, err)
	}
	constructor := regexp.MustCompile(`^(New)?(BadRequest|NotFound|Forbidden|Unauthorized|InternalServer|TooManyRequests)Error$`)
	walk := func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "ui" || d.Name() == "plugins") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			name := ""
			switch f := call.Fun.(type) {
			case *ast.SelectorExpr:
				name = f.Sel.Name
			case *ast.Ident:
				name = f.Name
			}
			switch {
			case name == "NewError" && len(call.Args) == 2:
				if code := sample(call.Args[0]); strings.HasPrefix(code, "validation_") {
					s.codes[code] = append(s.codes[code], inflector.Sentenize(sample(call.Args[1])))
				}
			case name == "NewApiError" && len(call.Args) == 3:
				s.messages[inflector.Sentenize(sample(call.Args[1]))] = true
			case constructor.MatchString(name) && len(call.Args) == 2:
				s.messages[inflector.Sentenize(sample(call.Args[0]))] = true
			}
			return true
		})
		return nil
	}
	if err := filepath.WalkDir(strings.TrimSpace(string(out)), walk); err != nil {
		t.Fatal(err)
	}
}

// sample is what an expression that makes a string may come to.
func sample(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		if err != nil {
			return e.Value
		}
		return s
	case *ast.BinaryExpr:
		return sample(e.X) + sample(e.Y)
	case *ast.CallExpr:
		if f, ok := e.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Sprintf" {
			return strings.NewReplacer("%q", `"X"`, "%s", "X", "%v", "X", "%d", "7").Replace(sample(e.Args[0]))
		}
	}
	return "X"
}

func pocketbase(t *testing.T) said {
	t.Helper()
	s := said{map[string][]string{}, map[string]bool{}}
	s.read(t, "github.com/pocketbase/pocketbase")
	s.read(t, "github.com/pocketbase/ozzo-validation/v4")
	if len(s.codes) < 150 || len(s.messages) < 80 {
		t.Fatalf("only %d codes and %d messages found: has PocketBase changed how it writes them?", len(s.codes), len(s.messages))
	}
	s.codes["batch_request_failed"] = []string{"Batch request failed."} // written as a struct
	delete(s.messages, "")
	delete(s.messages, "X.") // passed on from elsewhere: the defaults and this one
	s.messages["Failed to delete collection."] = true
	s.messages["Failed to delete collection probably due to existing reference in X, X."] = true
	for _, e := range []*router.ApiError{
		router.NewBadRequestError("", nil), router.NewNotFoundError("", nil), router.NewForbiddenError("", nil),
		router.NewUnauthorizedError("", nil), router.NewInternalServerError("", nil), router.NewTooManyRequestsError("", nil),
	} {
		s.messages[e.Message] = true
	}
	for _, status := range []int{400, 401, 403, 404, 405, 409, 413, 415, 429, 500, 503} {
		s.messages[inflector.Sentenize(http.StatusText(status))] = true
	}
	return s
}

// params are the placeholders that PocketBase fills itself: {{.name}}.
func params(text string) map[string]any {
	all := map[string]any{}
	for _, m := range regexp.MustCompile(`{{\.(\w+)}}`).FindAllStringSubmatch(text, -1) {
		all[m[1]] = 7
	}
	return all
}

func TestPocketBaseTexts(t *testing.T) {
	w, s := wording{catalog(t)}, pocketbase(t)
	t.Run("every code has a text", func(t *testing.T) { everyCodeHasAText(t, w, s) })
	t.Run("every message has a text", func(t *testing.T) { everyMessageHasAText(t, w, s) })
	t.Run("no text is left over", func(t *testing.T) { noTextIsLeftOver(t, s) })
}

func everyCodeHasAText(t *testing.T, w wording, s said) {
	for code, texts := range s.codes {
		for _, text := range texts {
			for _, lang := range w.catalog.Languages()[1:] {
				if got := w.fieldMessage(lang, code, text, params(text)); got == text || strings.Contains(got, "{{") {
					t.Errorf("%s %s: %q stays as it is", lang, code, text)
				}
			}
			if !w.catalog.Has(codePrefix + code) {
				t.Errorf("%s has no text of its own", code)
			}
		}
	}
}

func everyMessageHasAText(t *testing.T, w wording, s said) {
	for text := range s.messages {
		for _, lang := range w.catalog.Languages()[1:] {
			got := w.topMessage(lang, text, nil)
			if got == text {
				t.Errorf("%s: %q stays as it is (%s%s)", lang, text, messagePrefix, slugOf(text))
			}
			if strings.HasSuffix(text, "X.") && !strings.Contains(got, "X") {
				t.Errorf("%s: %q lost what it told: %q", lang, text, got)
			}
		}
	}
}

func noTextIsLeftOver(t *testing.T, s said) {
	used := map[string]bool{"api.message.raw_error": true, "api.size.bytes": true, "api.size.kb": true, "api.size.mb": true, "api.size.gb": true}
	for code := range s.codes {
		used[codePrefix+code] = true
	}
	for text := range s.messages {
		head, _, _ := strings.Cut(text, " Raw error:")
		used[messagePrefix+slugOf(head)] = true
	}
	for _, v := range unnamedValues {
		used[v.key] = true
	}
	english, err := locales.FS.ReadFile("en.json")
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]json.RawMessage{}
	if err := json.NewDecoder(bytes.NewReader(english)).Decode(&keys); err != nil {
		t.Fatal(err)
	}
	for key := range keys {
		if strings.HasPrefix(key, codePrefix) && !used[key] {
			t.Errorf("PocketBase never says %s", key)
		}
	}
}

func TestFieldMessage(t *testing.T) {
	w := wording{catalog(t)}
	for _, test := range []struct {
		lang, code, message string
		params              map[string]any
		want                string
	}{
		{"en", "validation_min_text_constraint", "Must be at least 1 character(s).", map[string]any{"min": 1}, "Must be at least 1 character."},
		{"fr", "validation_min_text_constraint", "Must be at least 8 character(s).", nil, "Doit comporter au moins 8 caractères."},
		{"ar", "validation_max_text_constraint", "", map[string]any{"max": 2}, "يجب ألا يزيد على حرفين."},
		{"fr", "validation_file_size_limit", "", map[string]any{"file": "a.png", "maxSize": int64(5 << 20)}, "« a.png » est trop volumineux : un fichier ne peut pas dépasser 5 Mo."},
		{"en", "validation_json_size_limit", "", map[string]any{"maxSize": int64(1000)}, "The JSON may take no more than 1000 bytes."},
		{"en", "validation_json_size_limit", "", map[string]any{"maxSize": int64(1)}, "The JSON may take no more than 1 byte."},
		{"ar", "validation_too_many_files", "", map[string]any{"maxSelect": 3}, "لا يُسمح بأكثر من 3 ملفات."},
		{"fr", "validation_length_out_of_range", "", map[string]any{"min": 2, "max": 9}, "La longueur doit être comprise entre 2 et 9."},
		{"es", "validation_min_number_constraint", "", map[string]any{"min": 0.5}, "Debe ser 0.5 o más."},
		{"pt-BR", "validation_invalid_value", "Invalid value.", nil, "Valor inválido."},
		{"pt-BR", "validation_invalid_value", "Invalid value red.", map[string]any{"value": "red"}, "“red” não é um valor permitido."},
		{"pt-BR", "validation_invalid_mime_type", `Failed to upload "a \"b\".exe" due to unsupported file type.`, nil, `“a \"b\".exe” é de um tipo não suportado.`},
		{"fr", "some_code_of_a_plugin", "As it is.", nil, "As it is."},
		{"fr", "some_code_of_a_plugin", "Bad \xff bytes.", nil, "Bad \uFFFD bytes."},
		{"fr", "timezone_unknown", "Timezone_unknown.", map[string]any{"Zone": "Mars"}, "Il n’existe pas de fuseau horaire « Mars »."},
	} {
		if got := w.fieldMessage(test.lang, test.code, test.message, test.params); got != test.want {
			t.Errorf("%s %s: got %q, want %q", test.lang, test.code, got, test.want)
		}
	}
}

func TestTopMessage(t *testing.T) {
	w := wording{catalog(t)}
	for text, want := range map[string]string{
		"Only superusers can filter by users.email.":                   "Seuls les superutilisateurs peuvent filtrer par users.email.",
		"Failed to execute query. Raw error:\nno such table: x.":       "Échec de l’exécution de la requête. Détails : no such table: x.",
		"Something from a plugin.":                                     "Something from a plugin.",
		"Something from a plugin. Raw error:\n\xff.":                   "Something from a plugin. Raw error:\n\uFFFD.",
		"You can't delete the only existing superuser.":                "Vous ne pouvez pas supprimer l’unique superutilisateur.",
		"The request requires auth record from librarians collection.": "Cela requiert un compte de la collection librarians.",
	} {
		if got := w.topMessage("fr", text, nil); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
