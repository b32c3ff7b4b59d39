package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"onlibrary/internal/comic"
	"onlibrary/internal/media/bound"
)

// text is the test for plain text in any encoding.
func text(t Type) func(*file) (Type, error) {
	return func(f *file) (Type, error) {
		tail := f.at(max(0, f.size-4096), 4096)
		if bytes.HasPrefix(bytes.TrimLeft(f.head, "\ufeff \t\r\n"), []byte("%PDF-")) || !isText(f.head) || !isText(tail) && !bytes.HasPrefix(f.head, []byte{0xFF, 0xFE}) && !bytes.HasPrefix(f.head, []byte{0xFE, 0xFF}) {
			return Type{}, errMismatch
		}
		return t, nil
	}
}

// isText says whether b may be text: UTF-16, told by its mark or by every other byte
// being zero, or an encoding that extends ASCII, which has no control characters but
// white space, escape (ISO 2022) and the end mark of DOS.
func isText(b []byte) bool {
	if bytes.HasPrefix(b, []byte{0xFF, 0xFE}) || bytes.HasPrefix(b, []byte{0xFE, 0xFF}) {
		return true
	}
	var zeros [2]int
	control := 0
	for i, c := range b {
		switch {
		case c == 0:
			zeros[i%2]++
		case c < 0x20 && c != '\t' && c != '\n' && c != '\v' && c != '\f' && c != '\r' && c != 0x1A && c != 0x1B, c == 0x7F:
			control++
		}
	}
	half := len(b) / 2
	wide := len(b) >= 4 && (zeros[0] > half*3/4 && zeros[1] == 0 || zeros[1] > half*3/4 && zeros[0] == 0)
	return control == 0 && (zeros[0]+zeros[1] == 0 || wide)
}

// sniffPDF finds the header within the first KiB, as readers do (PDF 1.7, Adobe's
// implementation note 13), unless the file begins as something else.
func sniffPDF(f *file) (Type, error) {
	head := f.head[:min(len(f.head), 1024)]
	at := bytes.Index(head, []byte("%PDF-"))
	if at < 0 {
		return Type{}, errMismatch
	}
	if at > 0 {
		before := mimetype.Detect(head[:at])
		if !before.Is("text/plain") && !before.Is("application/octet-stream") {
			return Type{}, errMismatch
		}
	}
	return Type{"application/pdf", KindDocument}, nil
}

// The first bytes of Compound Files (MS-CFB §2.2) and of RAR archives.
const (
	cfbMagic  = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
	rar4Magic = "Rar!\x1a\x07\x00"
	rar5Magic = "Rar!\x1a\x07\x01\x00"
)

// sniffDoc takes Word's binary files, and RTF, which Word too saves as .doc.
func sniffDoc(f *file) (Type, error) {
	if f.is(0, `{\rtf`) {
		return Type{"application/rtf", KindDocument}, nil
	}
	return compound(Type{"application/msword", KindDocument}, "WordDocument")(f)
}

// compound is the test for a Compound File (MS-CFB) with one of these streams.
func compound(t Type, streams ...string) func(*file) (Type, error) {
	return func(f *file) (Type, error) {
		if !f.is(0, cfbMagic) {
			return Type{}, errMismatch
		}
		names, ok := f.compoundNames()
		if !ok {
			return Type{}, errBroken
		}
		for _, s := range streams {
			if names[s] {
				return t, nil
			}
		}
		return Type{}, errMismatch
	}
}

// compoundNames reads the directory of a Compound File (MS-CFB §2.2, §2.3, §2.6), as
// far as 256 sectors and the 109 parts of its allocation table that the header lists.
func (f *file) compoundNames() (map[string]bool, bool) {
	if len(f.head) < 512 {
		return nil, false
	}
	u32 := binary.LittleEndian.Uint32
	shift := binary.LittleEndian.Uint16(f.head[0x1E:])
	if shift != 9 && shift != 12 {
		return nil, false
	}
	size := 1 << shift
	sector := func(n uint32) []byte { return f.at((int64(n)+1)<<shift, size) }
	names := map[string]bool{}
	next := u32(f.head[0x30:])
	for range 256 {
		dir := sector(next)
		for ; len(dir) >= 128; dir = dir[128:] {
			n := int(binary.LittleEndian.Uint16(dir[64:]))
			if n < 2 || n > 64 {
				continue
			}
			var name strings.Builder
			for i := 0; i+2 < n; i += 2 {
				name.WriteRune(rune(binary.LittleEndian.Uint16(dir[i:])))
			}
			names[name.String()] = true
		}
		part := int(next) / (size / 4)
		if part >= 109 {
			break
		}
		table := sector(u32(f.head[0x4C+4*part:]))
		at := 4 * (int(next) % (size / 4))
		if len(table) < at+4 {
			break
		}
		if next = u32(table[at:]); next >= 0xFFFFFFFA {
			break
		}
	}
	return names, names["Root Entry"]
}

// openZip opens a ZIP container by the rules of every ZIP-based format.
func (f *file) openZip() (*bound.Zip, error) {
	if !f.is(0, "PK\x03\x04", "PK\x05\x06") {
		return nil, errMismatch
	}
	z, err := bound.OpenZip(f, f.size)
	if errors.Is(err, bound.ErrNotZip) || errors.Is(err, bound.ErrTooLarge) {
		return nil, errBroken
	}
	return z, err
}

// openXML is the test for an Office Open XML file with a part below dir, or one
// under a password, which is a Compound File (MS-OFFCRYPTO §2.3).
func openXML(t Type, dir string) func(*file) (Type, error) {
	return func(f *file) (Type, error) {
		if f.is(0, cfbMagic) {
			return compound(t, "EncryptedPackage")(f)
		}
		z, err := f.openZip()
		if err != nil {
			return Type{}, err
		}
		if z.Has("[Content_Types].xml") {
			for _, name := range z.Names() {
				if strings.HasPrefix(name, dir) {
					return t, nil
				}
			}
		}
		return Type{}, errMismatch
	}
}

// openDocument is the test for an OpenDocument file of that type (ODF 1.3 part 2
// §3.3), told by its mimetype entry or else by its manifest.
func openDocument(t Type) func(*file) (Type, error) {
	return func(f *file) (Type, error) {
		z, err := f.openZip()
		if err != nil {
			return Type{}, err
		}
		if mime, err := z.Read("mimetype", 200); err == nil {
			if strings.TrimSuffix(strings.TrimSpace(string(mime)), "-template") != t.ContentType {
				return Type{}, errMismatch
			}
			return t, nil
		}
		manifest, err := z.Read("META-INF/manifest.xml", 1<<20)
		if err != nil || !bytes.Contains(manifest, []byte(`"`+t.ContentType+`"`)) {
			return Type{}, errMismatch
		}
		return t, nil
	}
}

// sniffEPUB wants a container.xml; another container with a name of its own is taken
// for what it is.
func sniffEPUB(f *file) (Type, error) {
	z, err := f.openZip()
	if err != nil {
		return Type{}, err
	}
	if z.Has("META-INF/container.xml") {
		return Type{"application/epub+zip", KindBook}, nil
	}
	if mime, err := z.Read("mimetype", 200); z.Has("[Content_Types].xml") || err == nil && strings.TrimSpace(string(mime)) != "application/epub+zip" {
		return Type{}, errMismatch
	}
	return Type{}, errBroken
}

// sniffMobi finds the type and creator of a Palm database that holds a book.
func sniffMobi(f *file) (Type, error) {
	if !f.is(60, "BOOKMOBI", "TEXtREAd") {
		return Type{}, errMismatch
	}
	return Type{"application/x-mobipocket-ebook", KindBook}, nil
}

// sniffComic takes ZIP and RAR under either name, as people mix these up.
func sniffComic(f *file) (Type, error) {
	if f.is(0, rar4Magic, rar5Magic) {
		return Type{"application/vnd.comicbook-rar", KindComic}, nil
	}
	z, err := f.openZip()
	if err != nil {
		return Type{}, err
	}
	for _, name := range []string{"META-INF/container.xml", "[Content_Types].xml", "mimetype"} {
		if z.Has(name) {
			return Type{}, errMismatch // a book or an office file with pictures
		}
	}
	switch _, err := comic.Open(f, f.size); {
	case errors.Is(err, comic.ErrNoPages):
		return Type{}, errMismatch
	case err != nil:
		return Type{}, errBroken
	}
	return Type{"application/vnd.comicbook+zip", KindComic}, nil
}

// sniffZip wants a directory, of any length (APPNOTE 6.3.10 §4.3.12, §4.3.14 and
// §4.3.16), but does not read through it: a large archive is nobody's fault.
func sniffZip(f *file) (Type, error) {
	if !f.is(0, "PK\x03\x04", "PK\x05\x06", "PK\x07\x08") {
		return Type{}, errMismatch
	}
	t := Type{"application/zip", KindArchive}
	from := max(0, f.size-(22+65535))
	tail := f.at(from, 22+65535)
	at := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if at < 0 || len(tail)-at < 22 {
		return Type{}, errBroken
	}
	end := from + int64(at)
	length := int64(binary.LittleEndian.Uint32(tail[at+12:]))
	if length == 0 {
		return t, nil
	}
	if at >= 20 && bytes.HasPrefix(tail[at-20:], []byte("PK\x06\x07")) {
		end64 := int64(binary.LittleEndian.Uint64(tail[at-20+8:]))
		if rec := f.at(end64, 56); len(rec) == 56 && bytes.HasPrefix(rec, []byte("PK\x06\x06")) {
			end, length = end64, int64(binary.LittleEndian.Uint64(rec[40:]))
		}
	}
	if !bytes.Equal(f.at(end-length, 4), []byte("PK\x01\x02")) {
		return Type{}, errBroken
	}
	return t, nil
}
