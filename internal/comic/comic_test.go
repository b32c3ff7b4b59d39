package comic

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"onlibrary/internal/bibliography"
	"onlibrary/internal/media/bound"
)

func pack(t testing.TB, pairs ...string) *bytes.Reader {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		f, err := w.Create(pairs[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, pairs[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(b.Bytes())
}

func TestPages(t *testing.T) {
	t.Parallel()
	r := pack(t, "p10.png", "ten", "p9.PNG", "nine", "p009a.jpg", "", "notes.txt", "", "__MACOSX/._p1.png", "", "._p0.png", "", `x\p1.webp`, "")
	b, err := Open(r, r.Size())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"p9.PNG", "p009a.jpg", "p10.png", "x/p1.webp"}, b.Pages()); d != "" {
		t.Error(d)
	}
	if page, err := b.Read("p9.PNG"); err != nil || string(page) != "nine" {
		t.Errorf("read %q, %v", page, err)
	}
	if d := cmp.Diff(bibliography.Work{}, b.Work()); d != "" {
		t.Error(d)
	}
}

func TestWork(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		info string
		want bibliography.Work
	}{
		"whole": {
			`<?xml version="1.0"?><ComicInfo><Title>The Call</Title><Series>Saga</Series><Number>3</Number><Summary>S &amp; T</Summary><Year>2012</Year><Month>3</Month><Day>-1</Day>
			<Writer>Ann, Bob ,Ann</Writer><Publisher>P</Publisher><LanguageISO>en</LanguageISO><GTIN>9780306406157</GTIN></ComicInfo>`,
			bibliography.Work{
				Title: "The Call", Authors: []string{"Ann", "Bob"}, Language: "en", ISBN: "9780306406157", Publisher: "P", Published: "2012-03",
				Description: "S & T", Series: "Saga", SeriesIndex: 3,
			},
		},
		"no title":   {`<ComicInfo><Series>Saga</Series><Number>1A</Number><Penciller>Cy</Penciller></ComicInfo>`, bibliography.Work{Title: "Saga 1A", Authors: []string{"Cy"}, Series: "Saga"}},
		"broken":     {`<ComicInfo><Title>x`, bibliography.Work{}},
		"other file": {`hello`, bibliography.Work{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := pack(t, "1.jpg", "", "ComicInfo.xml", c.info)
			b, err := Open(r, r.Size())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, b.Work()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestNoPages(t *testing.T) {
	t.Parallel()
	r := pack(t, "a.txt", "")
	if _, err := Open(r, r.Size()); !errors.Is(err, ErrNoPages) {
		t.Errorf("no pages: %v", err)
	}
	if _, err := Open(bytes.NewReader([]byte("PK")), 2); !errors.Is(err, bound.ErrNotZip) {
		t.Errorf("no ZIP: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add("p10.png", "p9.png", []byte(`<ComicInfo><Title>x</Title><Number>1.5</Number></ComicInfo>`))
	f.Fuzz(func(t *testing.T, a, b string, info []byte) {
		r := pack(t, a, "", b, "", "ComicInfo.xml", string(info))
		book, err := Open(r, r.Size())
		if err != nil {
			return
		}
		book.Work()
		if !slices.IsSortedFunc(book.Pages(), compareNatural) {
			t.Errorf("not sorted: %q", book.Pages())
		}
	})
}
