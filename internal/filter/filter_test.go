package filter

import (
	"reflect"
	"strings"
	"testing"

	"github.com/ganigeorgiev/fexpr"
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/tools/search"
)

func parse(t *testing.T, text string) []fexpr.ExprGroup {
	t.Helper()
	groups, err := fexpr.Parse(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return groups
}

func TestPrint(t *testing.T) {
	for text, want := range map[string]string{
		`a = 1`: `a=1`,
		` a = 1 && ( b ?!~ 'x' || ((c >= -2.5)) ) // so be it`:                                    `a=1&&(b?!~"x"||((c>=-2.5)))`,
		"a=1 // one\n && // two\n b=2":                                                            `a=1&&b=2`,
		`strftime( '%Y' , created, "+1 day", ) = "2026"`:                                          `strftime("%Y",created,"+1 day")="2026"`,
		`f(g(h(1)),-2) = f()`:                                                                     `f(g(h(1)),-2)=f()`,
		`a = 'it\'s' && b = "say \"a\"" && c = 'both " and \''`:                                   `a="it's"&&b='say "a"'&&c="both \" and '"`,
		`a = "50\%" && b = "\\n" && c = "\\" && d = "x\\\"" && e = "\y\\\y" && f = "tab\tline\n"`: "a=\"50\\%\"&&b=\"\\\\n\"&&c=\"\\\\\"&&d='x\\\\\"'&&e=\"\\y\\\\\\y\"&&f=\"tab\tline\n\"",
		`"2026" < @request.query.x:lower`:                                                         `"2026"<@request.query.x:lower`,
	} {
		got, err := Print(parse(t, text))
		if err != nil || got != want {
			t.Errorf("%s: got %s %v, want %s", text, got, err, want)
		}
		if !reflect.DeepEqual(parse(t, got), parse(t, text)) {
			t.Errorf("%s reads otherwise than %s", got, text)
		}
	}
}

func TestPrintRefusesWhatIsNeverParsed(t *testing.T) {
	for _, item := range []any{
		nil, 1, fexpr.Expr{}, fexpr.Expr{Left: fexpr.Token{Type: fexpr.TokenFunction}},
		[]fexpr.ExprGroup{{Item: "a"}}, fexpr.Expr{Left: fexpr.Token{Type: fexpr.TokenText}, Right: fexpr.Token{Type: fexpr.TokenWS}},
		fexpr.Expr{Left: fexpr.Token{Type: fexpr.TokenFunction, Meta: []fexpr.Token{{}}}},
	} {
		if text, err := Print([]fexpr.ExprGroup{{Item: item}}); err == nil {
			t.Errorf("%v: %s", item, text)
		}
	}
}

// FuzzPrint: what is printed reads as what it was printed from.
func FuzzPrint(f *testing.F) {
	for _, seed := range []string{
		`a=1`, `(a = 'x' && (b!="y"||c?~z)) // end`, `strftime("%Y-%m", created, 'localtime') >= f(-1.5, g(null), )`,
		`"\\\"" = '\'' && "\a\\n" ~ "a'b" || @todayStart > x_via_y.created:each`, "a='\n\t' && ((((b=1))))", `"2026-11-24" < created`,
		"a = \"\xff\"", "// only\n", `a.b:lower ?!= -0.5`, "a=1\x00b", `#a=_b`, `a = "\\" && b = '\"'`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		groups, err := fexpr.Parse(text)
		if err != nil {
			return
		}
		printed, err := Print(groups)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		again, err := fexpr.Parse(printed)
		if err != nil {
			t.Fatalf("%q became %q: %v", text, printed, err)
		}
		if !reflect.DeepEqual(groups, again) {
			t.Fatalf("%q became %q", text, printed)
		}
	})
}

type fields map[string]*search.ResolverResult

func (f fields) Resolve(name string) (*search.ResolverResult, error) {
	if r, ok := f[name]; ok {
		return r, nil
	}
	return &search.ResolverResult{Identifier: "[[" + name + "]]"}, nil
}

func (fields) UpdateQuery(*dbx.SelectQuery) error { return nil }

func full(text any) fields {
	return fields{argument: {Identifier: "{:p}", Params: dbx.Params{"p": text}}}
}

func TestLongStandsForTheFilterInFull(t *testing.T) {
	Register()
	expression, err := search.FilterData(Long).BuildExpr(full("a = b && (c > d || e ~ f)"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := search.FilterData("a = b && (c > d || e ~ f)").BuildExpr(fields{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := expression.Build(nil, dbx.Params{}), want.Build(nil, dbx.Params{}); !strings.Contains(got, want) || strings.Contains(got, "TRUE") {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLongIsRefused(t *testing.T) {
	Register()
	for name, f := range map[string]fields{
		"without a filter":            {},
		"with an empty filter":        full(""),
		"with a number":               full(1),
		"with itself":                 full(Long),
		"with what does not parse":    full("((("),
		"with too many expressions":   full(strings.Repeat("a=1||", search.DefaultFilterExprLimit) + "a=1"),
		"with an unknown function":    full("nothing(1) = 2"),
		"without what the request is": {argument: {Identifier: "NULL"}},
	} {
		if _, err := search.FilterData(Long).BuildExpr(f); err == nil {
			t.Errorf("%s: built", name)
		}
	}
	for _, text := range []string{function + "()=true", function + `("a=1")=true`, function + "(a)=true", function + "(" + argument + "," + argument + ")=true"} {
		if _, err := search.FilterData(text).BuildExpr(full("a=1")); err == nil {
			t.Errorf("%s: built", text)
		}
	}
}
