package epub

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"onlibrary/internal/bibliography"
	"onlibrary/internal/media/bound"
)

const containerXML = `<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OPS/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>`

// book packs an EPUB of the package document and of further name, content pairs.
func book(t testing.TB, opf string, more ...string) *bytes.Reader {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	pairs := append([]string{"mimetype", "application/epub+zip", container, containerXML, "OPS/package.opf", opf}, more...)
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

const dc = `xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf"`

func TestWork(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		opf  string
		want bibliography.Work
	}{
		"EPUB 3": {
			`<package version="3.0"><metadata ` + dc + `>
			<dc:identifier>urn:uuid:1</dc:identifier><dc:identifier>urn:isbn:978-0-306-40615-7</dc:identifier>
			<dc:title id="sub">A Subtitle</dc:title><dc:title id="t">The Book</dc:title><meta refines="#t" property="title-type">main</meta>
			<dc:creator id="a">Second</dc:creator><meta refines="#a" property="display-seq">2</meta><meta refines="#a" property="role">aut</meta>
			<dc:creator id="b">First</dc:creator><meta refines="#b" property="display-seq">1</meta>
			<dc:creator id="c">Painter</dc:creator><meta refines="#c" property="role">ill</meta>
			<dc:language>pt-br</dc:language><dc:publisher>House &amp; Sons</dc:publisher><dc:date>2012-02-01T00:00:00Z</dc:date>
			<dc:description>&lt;p&gt;One&lt;/p&gt;&lt;p&gt;Two&lt;/p&gt;</dc:description>
			<meta id="s" property="belongs-to-collection">The Cycle</meta><meta refines="#s" property="collection-type">series</meta><meta refines="#s" property="group-position">2.5</meta>
			</metadata></package>`,
			bibliography.Work{
				Title: "The Book", Authors: []string{"First", "Second"}, Language: "pt-BR", ISBN: "9780306406157", Publisher: "House & Sons",
				Published: "2012-02-01", Description: "One\n\nTwo", Series: "The Cycle", SeriesIndex: 2.5,
			},
		},
		"EPUB 2": {
			`<!DOCTYPE package SYSTEM "http://example.org/x.dtd"><package version="2.0"><metadata><dc-metadata ` + dc + `>
			<dc:title>Old&nbsp;Book</dc:title><dc:creator opf:role="ill">Painter</dc:creator><dc:creator opf:role="aut">Writer</dc:creator>
			<dc:identifier opf:scheme="ISBN">0-306-40615-2</dc:identifier><dc:language>eng</dc:language>
			<dc:date opf:event="modification">2020-01-01</dc:date><dc:date opf:event="publication">1999</dc:date>
			<dc:description><p>Not <b>escaped</b></p></dc:description></dc-metadata>
			<x-metadata><meta name="calibre:series" content="Saga"/><meta name="calibre:series_index" content="3.0"/></x-metadata></metadata></package>`,
			bibliography.Work{
				Title: "Old Book", Authors: []string{"Writer"}, Language: "en", ISBN: "9780306406157", Published: "1999",
				Description: "Not\n\nescaped", Series: "Saga", SeriesIndex: 3,
			},
		},
		"only an illustrator": {
			`<package><metadata ` + dc + `><dc:creator opf:role="ill">Painter</dc:creator></metadata></package>`,
			bibliography.Work{Authors: []string{"Painter"}},
		},
		"an XML bomb": {
			`<!DOCTYPE p [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>
			<package><metadata ` + dc + `><dc:title>&b; &x;</dc:title></metadata></package>`,
			bibliography.Work{Title: "&b; &x;"},
		},
		"nothing": {`<package/>`, bibliography.Work{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := book(t, c.opf)
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

func TestCovers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		opf  string
		more []string
		want []string
	}{
		"cover-image": {
			`<package><manifest><item id="x" href="img/a%20b.png" properties="svg cover-image"/></manifest></package>`,
			[]string{"OPS/img/a b.png", "x"}, []string{"OPS/img/a b.png"},
		},
		"meta": {
			`<package><metadata><meta name="cover" content="c"/></metadata><manifest><item id="c" href="c.jpg"/></manifest></package>`,
			[]string{"OPS/c.jpg", "x"}, []string{"OPS/c.jpg"},
		},
		"guide": {
			`<package><guide><reference type="cover" href="text/c.xhtml#top"/></guide></package>`,
			[]string{"OPS/text/c.xhtml", `<html><body><svg><image xlink:href="../c.jpeg"/></svg></body></html>`, "OPS/c.jpeg", "x"}, []string{"OPS/c.jpeg"},
		},
		"first page": {
			`<package><manifest><item id="p" href="p.xhtml"/><item id="q" href="q.xhtml"/></manifest><spine><itemref idref="p"/><itemref idref="q"/></spine></package>`,
			[]string{"OPS/p.xhtml", `<p>no picture</p>`, "OPS/q.xhtml", `<p><img alt="" src="/OPS/q.svg"/>`, "OPS/q.svg", "x"}, []string{"OPS/q.svg"},
		},
		"outside": {
			`<package><manifest><item href="../../etc/passwd.png" properties="cover-image"/><item href="file:///etc/x.png" properties="cover-image"/><item href="http://127.0.0.1/x.png" properties="cover-image"/><item href="none.png" properties="cover-image"/></manifest></package>`,
			[]string{"../etc/passwd.png", "x"}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := book(t, c.opf, c.more...)
			b, err := Open(r, r.Size())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, b.Covers()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestBroken(t *testing.T) {
	t.Parallel()
	if _, err := Open(strings.NewReader("PK"), 2); !errors.Is(err, bound.ErrNotZip) {
		t.Errorf("no ZIP: %v", err)
	}
	for name, opf := range map[string]string{
		"no XML": "hello", "empty": "", "deep": "<package>" + strings.Repeat("<a>", 1000), "cut": "<package><metadata><title>x",
	} {
		r := book(t, opf)
		if _, err := Open(r, r.Size()); !errors.Is(err, ErrNoPackage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../shared/samples/epub/*.epub")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("no samples beside the project")
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		fi, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		b, err := Open(f, fi.Size())
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		w := b.Work()
		if w.Title == "" || len(w.Authors) == 0 || w.Language == "" {
			t.Errorf("%s: %+v", file, w)
		}
		t.Logf("%s: %+v covers %q", filepath.Base(file), w, b.Covers())
	}
}

func FuzzOpen(f *testing.F) {
	for _, opf := range []string{
		`<package><metadata ` + dc + `><dc:title id="t">x</dc:title><dc:description><p>y</p></dc:description><meta name="cover" content="c"/><meta refines="#t" property="title-type">main</meta></metadata><manifest><item id="c" href="c.png" properties="cover-image"/></manifest><spine><itemref idref="c"/></spine></package>`,
		`<!DOCTYPE p [<!ENTITY a "b">]><package><guide><reference type="cover" href="p.xhtml"/></guide>&a;</package>`,
	} {
		f.Add([]byte(opf), []byte(`<img src="c.png"/>`))
	}
	f.Fuzz(func(t *testing.T, opf, page []byte) {
		r := book(t, string(opf), "OPS/p.xhtml", string(page), "OPS/c.png", "x")
		b, err := Open(r, r.Size())
		if err != nil {
			return
		}
		b.Work()
		for _, name := range b.Covers() {
			if _, err := b.Read(name); err != nil {
				t.Errorf("a cover that can't be read: %v", err)
			}
		}
	})
}
