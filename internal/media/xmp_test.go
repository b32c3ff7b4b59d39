package media

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"

	"onlibrary/internal/bibliography"
)

// xmpOf is a packet with these properties.
func xmpOf(properties string) string {
	return `<?xpacket begin="` + "\ufeff" + `" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/">
` + properties + `
</rdf:Description></rdf:RDF></x:xmpmeta>` + strings.Repeat(" \n", 1000) + `<?xpacket end="w"?>`
}

const fullXMP = `<dc:title><rdf:Alt><rdf:li xml:lang="pt">Outro</rdf:li><rdf:li xml:lang="x-default">A &lt;Title&gt;</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>Zoe First</rdf:li><rdf:li>admin</rdf:li><rdf:li>Ann Second</rdf:li></rdf:Seq></dc:creator>
<dc:language><rdf:Bag><rdf:li>en-GB</rdf:li><rdf:li>fr</rdf:li></rdf:Bag></dc:language>
<dc:publisher><rdf:Bag><rdf:li>A House</rdf:li></rdf:Bag></dc:publisher>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">What it is about.</rdf:li></rdf:Alt></dc:description>
<dc:date><rdf:Seq><rdf:li>1990-04-28</rdf:li></rdf:Seq></dc:date>
<xmp:CreateDate>2023-04-10T07:46:54Z</xmp:CreateDate>
<xmpMM:Pantry><rdf:Bag><rdf:li><rdf:Description><dc:title>Not this</dc:title><dc:creator>Nor she</dc:creator></rdf:Description></rdf:li></rdf:Bag></xmpMM:Pantry>`

var fullWork = bibliography.Work{
	Title: "A <Title>", Authors: []string{"Zoe First", "Ann Second"}, Language: "en-GB", Publisher: "A House", Description: "What it is about.", Published: "1990-04-28",
}

func TestXMP(t *testing.T) {
	t.Parallel()
	title := bibliography.Work{Title: "É"}
	utf16, err := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(xmpOf("<dc:title>É</dc:title>"))
	if err != nil {
		t.Fatal(err)
	}
	bomb := "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\">"
	for c := 'b'; c < 'z'; c++ {
		bomb += "<!ENTITY " + string(c) + " \"" + strings.Repeat("&"+string(c-1)+";", 10) + "\">"
	}
	bomb += `<!ENTITY file SYSTEM "file:///etc/passwd">]>`
	for name, c := range map[string]struct {
		packet string
		want   bibliography.Work
	}{
		"full":            {xmpOf(fullXMP), fullWork},
		"attributes":      {`<rdf:RDF xmlns:rdf="` + nsRDF + `"><rdf:Description xmlns:d="` + nsDC + `" d:title="É"/></rdf:RDF>`, title},
		"plain":           {xmpOf("<dc:title>É</dc:title>"), title},
		"no title":        {xmpOf("<dc:title>Microsoft Word - a.doc</dc:title><dc:creator>Eco, Umberto</dc:creator>"), bibliography.Work{Title: "a", Authors: []string{"Eco, Umberto"}}},
		"day it was made": {xmpOf("<dc:date>2023-04-10</dc:date><xmp:CreateDate>2023-04-10T07:46:54+02:00</xmp:CreateDate>"), bibliography.Work{}},
		"other namespace": {strings.Replace(xmpOf("<dc:title>x</dc:title>"), nsDC, "urn:other", 1), bibliography.Work{}},
		"empty":           {"", bibliography.Work{}},
		"no XML":          {"\x00\x01\x02<<<>>&&", bibliography.Work{}},
		"UTF-16":          {utf16, title},
		"Latin 1":         {"<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>" + strings.Replace(xmpOf("<dc:title>\xc9</dc:title>"), "\ufeff", "", 1), title},
		"wrong encoding":  {xmpOf("<dc:title>É</dc:title><dc:publisher>\xc9\xff</dc:publisher>"), title},
		"no encoding":     {`<?xml version="1.0" encoding="klingon"?>` + xmpOf("<dc:title>É</dc:title>"), bibliography.Work{}},
		"cut short":       {xmpOf("<dc:title>É</dc:title><dc:publisher>")[:420], title},
		"entities":        {bomb + xmpOf("<dc:title>É</dc:title><dc:publisher>&y;&file;</dc:publisher>"), bibliography.Work{Title: "É", Publisher: "&y;&file;"}},
		"too deep":        {xmpOf("<dc:title>É</dc:title>" + strings.Repeat("<rdf:li>", 100_000)), title},
		"many":            {xmpOf("<dc:title>É</dc:title><dc:creator><rdf:Seq>" + strings.Repeat("<rdf:li>Ann Other</rdf:li>", 100_000)), bibliography.Work{Title: "É", Authors: []string{"Ann Other"}}},
	} {
		if diff := cmp.Diff(c.want, xmpWork([]byte(c.packet)).Clean()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func deflated(t testing.TB, parts ...io.Reader) string {
	t.Helper()
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	if _, err := io.Copy(z, io.MultiReader(parts...)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestPDFXMP wants the picture whatever the metadata stream is, and what it says where
// the rest of the PDF is silent.
func TestPDFXMP(t *testing.T) {
	t.Parallel()
	p := previewer(t, Config{})
	const metadata = "/Metadata 5 0 R"
	const about = "/Type/Metadata/Subtype/XML"
	full := xmpOf(fullXMP)
	first := fullWork
	first.Title, first.Language = "Info", "fr-CA"
	newer := bytes.Replace(pdfWith(metadata, "", pdfStream(about, full)), []byte("%PDF-1.4"), []byte("%PDF-2.0"), 1)
	for name, c := range map[string]struct {
		data []byte
		want bibliography.Work
	}{
		"plain":     {pdfWith(metadata, "", pdfStream(about, full)), fullWork},
		"PDF 2.0":   {newer, fullWork},
		"deflated":  {pdfWith(metadata, "", pdfStream(about+"/Filter/FlateDecode", deflated(t, strings.NewReader(full)))), fullWork},
		"silent":    {pdfWith("/Lang()"+metadata, "/Info 6 0 R", pdfStream(about, full), "<</Title(untitled)/Author(admin)>>"), fullWork},
		"Info":      {pdfWith("/Lang(fr-CA)"+metadata, "/Info 6 0 R", pdfStream(about, full), "<</Title(Info)>>"), first},
		"none":      {pdfWith("", ""), bibliography.Work{}},
		"no stream": {pdfWith(metadata, "", "<</Title(x)>>"), bibliography.Work{}},
		"no object": {pdfWith("/Metadata 99 0 R", ""), bibliography.Work{}},
		"in stream": {objectStreamPDF(t, full), fullWork},
		"no filter": {pdfWith(metadata, "", pdfStream(about+"/Filter/Nonsense", full)), bibliography.Work{}},
		"length":    {pdfWith(metadata, "", "<</Length 5 0 R"+about+">>stream\n"+full+"\nendstream"), bibliography.Work{}},
		"circle":    {pdfWith(metadata, "/Prev 9", pdfStream(about, full)), bibliography.Work{}},
	} {
		v := preview(t, p, name+".pdf", c.data)
		if v.Thumbnail == nil || v.Failed || v.Pages != 1 {
			t.Errorf("%s: %d bytes, %+v", name, len(v.Thumbnail), v)
		}
		if diff := cmp.Diff(c.want, v.Work); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// objectStreamPDF has its objects in an object stream (PDF 2.0 §7.5.7), as most have.
func objectStreamPDF(t testing.TB, packet string) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("%PDF-1.5\n")
	index, objects := "", ""
	for i, o := range []string{"<</Type/Catalog/Pages 2 0 R/Metadata 4 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>"} {
		index += fmt.Sprintf("%d %d ", i+1, len(objects))
		objects += o + " "
	}
	var table bytes.Buffer
	table.Write([]byte{0, 0, 0, 255})
	for i := range 3 {
		table.Write([]byte{2, 0, 5, byte(i)})
	}
	for i, o := range []string{
		pdfStream("/Type/Metadata/Subtype/XML", packet),
		pdfStream(fmt.Sprintf("/Type/ObjStm/N 3/First %d/Filter/FlateDecode", len(index)), deflated(t, strings.NewReader(index+objects))),
	} {
		table.Write([]byte{1, byte(b.Len() >> 8), byte(b.Len()), 0})
		fmt.Fprintf(&b, "%d 0 obj%s endobj\n", i+4, o)
	}
	at := b.Len()
	table.Write([]byte{1, byte(at >> 8), byte(at), 0})
	fmt.Fprintf(&b, "6 0 obj%s endobj\nstartxref\n%d\n%%%%EOF\n", pdfStream("/Type/XRef/Size 7/W[1 2 1]/Root 1 0 R/Filter/FlateDecode", deflated(t, &table)), at)
	return b.Bytes()
}

// TestLongXMP reads as much of a packet as it may. PDFium, which looks for shared
// forms in it, reads it whole: then the child's bounds are what holds.
func TestLongXMP(t *testing.T) {
	t.Parallel()
	long := strings.Replace(xmpOf("<dc:title>Long</dc:title>"), "</rdf:Description>", strings.Repeat("<x:a>padding</x:a>", 50<<20/18)+"<dc:publisher>Late</dc:publisher></rdf:Description>", 1)
	bomb := deflated(t, io.LimitReader(zeros{}, 200<<20))
	const metadata = "/Metadata 5 0 R"
	p := previewer(t, Config{})
	for name, c := range map[string]struct {
		data  []byte
		title string
	}{
		"plain":     {pdfWith(metadata, "", pdfStream("", long)), "Long"},
		"deflated":  {pdfWith(metadata, "", pdfStream("/Filter/FlateDecode", deflated(t, strings.NewReader(long)))), "Long"},
		"zeros":     {pdfWith(metadata, "", pdfStream("/Filter/FlateDecode", bomb)), ""},
		"two bombs": {pdfWith(metadata, "", pdfStream("/Filter[/FlateDecode/FlateDecode]", deflated(t, strings.NewReader(bomb)))), ""},
	} {
		packet, err := xmpPacket(bytes.NewReader(c.data), int64(len(c.data)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if w := xmpWork(packet); len(packet) != maxXMP || w.Title != c.title || w.Publisher != "" {
			t.Errorf("%s: %d bytes, %+v", name, len(packet), w)
		}
		if v := preview(t, p, name+".pdf", c.data); v.Failed && v.Detail != DetailBroken || !v.Failed && v.Work.Title != c.title {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if v := preview(t, p, "a.pdf", pdfOf("Next")); v.Work.Title != "Next" || v.Thumbnail == nil {
		t.Errorf("the next: %+v", v)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// TestXMPReadsLittle follows a circle of cross-reference tables only so far.
func TestXMPReadsLittle(t *testing.T) {
	t.Parallel()
	data := pdfWith("", "/Prev 0000000000")
	at := bytes.LastIndex(data, []byte("xref\n0 "))
	copy(data[bytes.Index(data, []byte("/Prev ")):], "/Prev "+strings.Repeat("0", 10-len(strconv.Itoa(at)))+strconv.Itoa(at))
	r := &counting{Reader: bytes.NewReader(data)}
	if packet, err := xmpPacket(r, int64(len(data))); err == nil || r.asked < maxXMPRead/2 || r.asked > maxXMPRead {
		t.Errorf("%d bytes after %d of reading", len(packet), r.asked)
	}
}

type counting struct {
	*bytes.Reader
	asked int
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	c.asked += len(p)
	return c.Reader.ReadAt(p, off)
}

func TestSampleXMP(t *testing.T) {
	t.Parallel()
	sample := filepath.Join("..", "..", "..", "shared", "samples", "pdf", "output_with_metadata_pymupdf.pdf")
	data, err := os.ReadFile(sample)
	if err != nil {
		t.Skip("no samples beside the project")
	}
	v := preview(t, previewer(t, Config{}), "a.pdf", data)
	want := bibliography.Work{Title: "Sample PDF with XMP Metadata", Authors: []string{"John Doe"}, Description: "This is a text", Published: "1990-04-28"}
	if diff := cmp.Diff(want, v.Work); diff != "" || v.Thumbnail == nil {
		t.Errorf("%d bytes, %s", len(v.Thumbnail), diff)
	}
}

// FuzzXMP does some 700 a second with -fuzzminimizetime 20x, and seems to do none
// without: Go then spends a minute on making each of the first finds smaller, and
// counts none of those runs.
func FuzzXMP(f *testing.F) {
	f.Add(pdfWith("/Metadata 5 0 R", "", pdfStream("", xmpOf(fullXMP))))
	f.Add(pdfWith("/Metadata 5 0 R", "", pdfStream("/Filter/FlateDecode", deflated(f, strings.NewReader(xmpOf(fullXMP))))))
	f.Fuzz(func(t *testing.T, data []byte) {
		packet, err := xmpPacket(bytes.NewReader(data), int64(len(data)))
		if len(packet) > maxXMP {
			t.Errorf("more than the bound, %v", err)
		}
		for name, all := range xmpProperties(packet) {
			if len(all) > bibliography.MaxAuthors {
				t.Errorf("%d of %v", len(all), name)
			}
		}
	})
}
