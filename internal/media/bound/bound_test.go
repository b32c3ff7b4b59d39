package bound

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// archive makes a ZIP of name, content pairs.
func archive(t testing.TB, pairs ...string) []byte {
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
	return b.Bytes()
}

func open(data []byte) (*Zip, error) { return OpenZip(bytes.NewReader(data), int64(len(data))) }

func TestZip(t *testing.T) {
	t.Parallel()
	z, err := open(archive(t, "a.txt", "one", `dir\b.txt`, "two", "../c", "three", "a.txt", "again", "d/", ""))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(z.Names(), " "); got != "a.txt dir/b.txt ../c" {
		t.Errorf("names %q", got)
	}
	if b, err := z.Read("a.txt", 10); err != nil || string(b) != "one" {
		t.Errorf("read %q, %v", b, err)
	}
	if _, err := z.Read("a.txt", 2); !errors.Is(err, ErrTooLarge) {
		t.Errorf("over max: %v", err)
	}
	if _, err := z.Read("none", 2); !errors.Is(err, ErrNoEntry) {
		t.Errorf("no entry: %v", err)
	}
}

func TestZipBombs(t *testing.T) {
	t.Parallel()
	bomb := archive(t, "bomb", strings.Repeat("\x00", 16<<20))
	// The header may say what it likes.
	small := bytes.Clone(bomb)
	at := bytes.LastIndex(small, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(small[at+24:], 10)
	for name, data := range map[string][]byte{"ratio": bomb, "lying size": small} {
		z, err := open(data)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := z.Read("bomb", MaxEntry); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
		if z.spent > 8<<20 {
			t.Errorf("%s: unpacked %d bytes of it", name, z.spent)
		}
	}

	var many []string
	for i := range MaxEntries + 1 {
		many = append(many, fmt.Sprint(i), "")
	}
	if _, err := open(archive(t, many...)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("many entries: %v", err)
	}
	// A directory of 65,536 times as many entries as are told.
	entry := archive(t, "x", "")
	dir := entry[bytes.Index(entry, []byte("PK\x01\x02")):bytes.Index(entry, []byte("PK\x05\x06"))]
	eocd := bytes.Clone(entry[bytes.Index(entry, []byte("PK\x05\x06")):])
	all := bytes.Repeat(dir, 1<<17+1)
	binary.LittleEndian.PutUint32(eocd[12:], uint32(len(all)))
	binary.LittleEndian.PutUint32(eocd[16:], 0)
	if _, err := open(append(all, eocd...)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("long directory: %v", err)
	}
	// A ZIP64 directory that tells of millions.
	end64 := append([]byte("PK\x06\x06"), make([]byte, 52)...)
	binary.LittleEndian.PutUint64(end64[4:], 44)
	binary.LittleEndian.PutUint64(end64[24:], 50_000_000)
	binary.LittleEndian.PutUint64(end64[32:], 50_000_000)
	locator := append([]byte("PK\x06\x07\x00\x00\x00\x00"), binary.LittleEndian.AppendUint64(nil, uint64(len(dir)))...)
	locator = append(locator, 1, 0, 0, 0)
	end := append([]byte("PK\x05\x06\x00\x00\x00\x00"), bytes.Repeat([]byte{0xFF}, 12)...)
	told := append(append(append(bytes.Clone(dir), end64...), locator...), append(end, 0, 0)...)
	if _, err := open(told); !errors.Is(err, ErrTooLarge) {
		t.Errorf("told of millions: %v", err)
	}
}

func TestNotZip(t *testing.T) {
	t.Parallel()
	good := archive(t, "a", "b")
	for _, data := range [][]byte{nil, []byte("PK"), good[:len(good)-10], bytes.Repeat([]byte("PK\x05\x06"), 100), []byte(strings.Repeat("x", 1<<20))} {
		if _, err := open(data); !errors.Is(err, ErrNotZip) {
			t.Errorf("%.10q: %v", data, err)
		}
	}
	fault := errors.New("fault")
	if _, err := OpenZip(failing{fault}, 1000); !errors.Is(err, fault) || errors.Is(err, ErrNotZip) {
		t.Errorf("a failing reader: %v", err)
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func TestXML(t *testing.T) {
	t.Parallel()
	type doc struct {
		Title string `xml:"title"`
	}
	bomb := `<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>`
	for in, want := range map[string]string{
		`<r><title>A &amp; B&nbsp;&eacute;</title></r>`:                                                                               "A & B\u00a0é",
		bomb + `<r><title>&b;&x;</title></r>`:                                                                                         "&b;&x;",
		"<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><r><title>\xe9</title></r>":                                                   "é",
		"\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?><r><title>x</title></r>":                                                     "x",
		"\xff\xfe<\x00r\x00>\x00<\x00t\x00i\x00t\x00l\x00e\x00>\x00x\x00<\x00/\x00t\x00i\x00t\x00l\x00e\x00>\x00<\x00/\x00r\x00>\x00": "x",
	} {
		var d doc
		if err := XML([]byte(in)).Decode(&d); err != nil || d.Title != want {
			t.Errorf("%.60q gave %q, %v", in, d.Title, err)
		}
	}
	var d doc
	if err := XML([]byte("<r>" + strings.Repeat("<a>", 100_000))).Decode(&d); !errors.Is(err, ErrTooDeep) {
		t.Errorf("deep: %v", err)
	}
	if err := XML([]byte("<r>" + strings.Repeat("<a/>", 600_000) + "</r>")).Decode(&d); !errors.Is(err, ErrTooDeep) {
		t.Errorf("long: %v", err)
	}
}

func FuzzZip(f *testing.F) {
	f.Add(archive(f, "a.txt", "one", "b/c.xml", strings.Repeat("x", 1000)))
	f.Fuzz(func(t *testing.T, data []byte) {
		z, err := open(data)
		if err != nil {
			return
		}
		for _, name := range z.Names() {
			if b, err := z.Read(name, 1<<20); err == nil && len(b) > 1<<20 {
				t.Error("more than the bound")
			}
		}
	})
}

func FuzzXML(f *testing.F) {
	f.Add([]byte(`<?xml version="1.0" encoding="utf-16"?><!DOCTYPE r [<!ENTITY a "b">]><r a="1"><title>x&a;</title></r>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := XML(data)
		for depth := 0; ; {
			tok, err := d.Token()
			if err != nil {
				return
			}
			switch tok.(type) {
			case xml.StartElement:
				depth++
			case xml.EndElement:
				depth--
			}
			if depth > maxDepth {
				t.Fatal("deeper than the bound")
			}
		}
	})
}
