package bibliography

import (
	"math"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
)

func TestISBN(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"9780306406157":               "9780306406157",
		"978-0-306-40615-7":           "9780306406157",
		"0-306-40615-2":               "9780306406157",
		"0306406152":                  "9780306406157",
		"080442957X":                  "9780804429573",
		"080442957x":                  "9780804429573",
		"urn:isbn:9780306406157":      "9780306406157",
		"URN:ISBN:0-306-40615-2":      "9780306406157",
		"ISBN 978 0 306 40615 7":      "9780306406157",
		"ISBN-13: 978-0-306-40615-7":  "9780306406157",
		"isbn:9780306406157":          "9780306406157",
		"979‑10‑90636‑07‑1":           "9791090636071",
		"9780306406158":               "",
		"0306406153":                  "",
		"0000000000":                  "",
		"9770306406157":               "",
		"X306406152":                  "",
		"":                            "",
		"urn:uuid:12C1DF3E-DF35-4FCF": "",
		"978030640615٧":               "",
		"1234567890123":               "",
	} {
		got, ok := ISBN(in)
		if got != want || ok != (want != "") {
			t.Errorf("ISBN(%q) = %q, %v; want %q", in, got, ok, want)
		}
	}
}

func TestDate(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2008-05-20":                "2008-05-20",
		"2008-05-20T00:00:00+02:00": "2008-05-20",
		"2008-05-20 10:00:00":       "2008-05-20",
		"1882":                      "1882",
		" 2008-05 ":                 "2008-05",
		"2008-5-2":                  "2008-05-02",
		"20080520":                  "2008-05-20",
		"D:20080520101112+01'00'":   "2008-05-20",
		"D:20080520101112Z":         "2008-05-20",
		"20 May 2008":               "2008-05-20",
		"May 20, 2008":              "2008-05-20",
		"May 2008":                  "2008-05",
		"0101-01-01T00:00:00+00:00": "",
		"2008-13-01":                "",
		"2008-02-30":                "",
		"soon":                      "",
		"":                          "",
		"August 2008":               "2008-08",
	} {
		if got := Date(in); got != want {
			t.Errorf("Date(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"en": "en", "eng": "en", "en-US": "en-US", "en_us": "en-US", "pt-br": "pt-BR", "fre": "fr", "ger": "de", "por": "pt",
		"he": "he", "iw": "he", "zh-Hant": "zh-Hant", "ar": "ar", "und": "", "": "", "x": "", "English": "", "../../etc": "",
		strings.Repeat("a", 1000): "",
	} {
		if got := Language(in); got != want {
			t.Errorf("Language(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"  Moby\t\nDick ":            "Moby Dick",
		"e\u0301t\u00e9":             "été",
		"a\x00b\x1bc\u202Egnp.exe":   "abcgnp.exe",
		"می\u200cخواهم":              "می\u200cخواهم",
		"bad \xff\xfe bytes":         "bad bytes",
		strings.Repeat("語", 300):     strings.Repeat("語", MaxTitle),
		strings.Repeat("a ", 10_000): strings.TrimSpace(strings.Repeat("a ", MaxTitle/2)),
	} {
		if got := Line(in, MaxTitle); got != want {
			t.Errorf("Line(%.40q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"<p>One &amp; two</p>\n<p>Three<br/>four</p><script>alert(1)</script><style>p{}</style>": "One & two\n\nThree\n\nfour",
		"plain\n\n\ntext":                 "plain\n\ntext",
		"a < b && c":                      "a < b && c",
		"<img src=x onerror=alert(1)>hi":  "hi",
		"<div>one\ntwo</div>":             "one two",
		"<scr<script>ipt>alert(1)</scr>x": "ipt>alert(1)x",
	} {
		if got := Prose(in, MaxDescription); got != want {
			t.Errorf("Prose(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	got := Work{
		Title: " A\n title ", Authors: []string{"Ana", " Ana ", "", "Bo"}, Language: "eng", ISBN: "0-306-40615-2",
		Published: "2008-05-20T10:00:00Z", Description: "<b>x</b>", SeriesIndex: 3,
	}.Clean()
	want := Work{Title: "A title", Authors: []string{"Ana", "Bo"}, Language: "en", ISBN: "9780306406157", Published: "2008-05-20", Description: "x"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, index := range []float64{-1, math.NaN(), math.Inf(1), 1e7} {
		if got := (Work{Series: "s", SeriesIndex: index}).Clean().SeriesIndex; got != 0 {
			t.Errorf("series index %v became %v", index, got)
		}
	}
	many := Work{}
	for i := range 1000 {
		many.Authors = append(many.Authors, strings.Repeat("é", i%300))
	}
	if got := many.Clean().Authors; len(got) > MaxAuthors || len(strings.Join(got, "")) > MaxAuthorBytes {
		t.Errorf("%d authors of %d bytes", len(got), len(strings.Join(got, "")))
	}
}

func FuzzClean(f *testing.F) {
	f.Add("9780306406157", "2008-05-20")
	f.Add("<p>&lt;b&gt;</p>", "May 2008")
	f.Add("e\u0301\u202E\x00\xff", "en-US")
	published := regexp.MustCompile(`^([0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?)?$`)
	isbn := regexp.MustCompile(`^(97[89][0-9]{10})?$`)
	f.Fuzz(func(t *testing.T, a, b string) {
		w := Work{Title: a, Authors: []string{b, a}, Language: b, ISBN: a, Publisher: b, Published: b, Description: a + b, Series: a}.Clean()
		for _, s := range append(w.Authors, w.Title, w.Publisher, w.Description, w.Series, w.Language) {
			if !utf8.ValidString(s) || !norm.NFC.IsNormalString(s) || utf8.RuneCountInString(s) > MaxDescription || strings.ContainsAny(s, "\x00\r\u202E") {
				t.Errorf("unclean %q", s)
			}
		}
		if !published.MatchString(w.Published) || !isbn.MatchString(w.ISBN) || len(w.Language) > 35 {
			t.Errorf("misshapen %+v", w)
		}
	})
}
