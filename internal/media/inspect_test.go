package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func inspect(name string, data []byte) (Type, error) {
	return Inspect(name, bytes.NewReader(data), int64(len(data)))
}

// code is the refusal's, "" for none.
func code(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("not a refusal: %v", err)
	}
	return refusal.Code
}

// specimens are files by name, each what its name says.
func specimens(t testing.TB) map[string][]byte {
	t.Helper()
	odt := "application/vnd.oasis.opendocument.text"
	box := func(brands ...string) []byte {
		b := []byte("\x00\x00\x00\x00ftyp" + brands[0] + "\x00\x00\x00\x00" + strings.Join(brands, ""))
		binary.BigEndian.PutUint32(b, uint32(len(b)))
		return append(b, "\x00\x00\x00\x08mdat"...)
	}
	picture := func(w, h int, brands ...string) []byte {
		ispe := append([]byte("\x00\x00\x00\x14ispe\x00\x00\x00\x00"), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), uint32(h))...)
		wrap := func(name string, body []byte) []byte {
			return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), name...), body...)
		}
		return append(box(brands...), wrap("meta", append([]byte{0, 0, 0, 0}, wrap("iprp", wrap("ipco", ispe))...))...)
	}
	page := func(packet string) []byte {
		return append(append([]byte("OggS\x00\x02"), make([]byte, 20)...), append([]byte{1, byte(len(packet))}, packet...)...)
	}
	frame := append([]byte{0xFF, 0xFB, 0x90, 0x00}, make([]byte, 413)...)
	ebml := func(docType string) []byte {
		return append([]byte{0x1a, 0x45, 0xdf, 0xa3, 0x93, 0x42, 0x86, 0x81, 1, 0x42, 0x82, 0x80 | byte(len(docType))}, docType+"\x42\x87\x81\x04"...)
	}
	return map[string][]byte{
		"a.txt": []byte("Hello\r\nworld"), "latin1.txt": []byte("caf\xe9"), "utf16.txt": []byte("\xff\xfeh\x00i\x00"), "utf16 no mark.txt": []byte("h\x00e\x00l\x00l\x00o\x00"),
		"sjis.txt": []byte("\x82\xb1\x82\xf1"), "iso2022.txt": []byte("\x1b$B$3\x1b(B"), "page.txt": []byte("<html><body>"), "a.CSV": []byte("a;b\n1;2\n"),
		"a.pdf": pdfOf("x"), "late.pdf": append([]byte("\xef\xbb\xbf\r\n"), pdfOf("x")...),
		"a.doc": compoundOf("WordDocument"), "rich.doc": []byte(`{\rtf1 hello}`), "a.xls": compoundOf("Workbook"), "old.xls": compoundOf("Book"),
		"a.docx": zipOf(t, "[Content_Types].xml", "", "word/document.xml", ""), "secret.docx": compoundOf("EncryptionInfo", "EncryptedPackage"),
		"a.xlsx": zipOf(t, "[Content_Types].xml", "", "xl/workbook.xml", ""),
		"a.odt":  zipOf(t, "mimetype", odt, "content.xml", ""), "manifest.odt": zipOf(t, "META-INF/manifest.xml", `<m:file-entry m:media-type="`+odt+`"/>`),
		"a.ods": zipOf(t, "mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
		"a.zip": zipOf(t, "x", "y"), "empty.zip": zipOf(t), "a.rar": []byte(rar5Magic + "x"), "old.rar": []byte(rar4Magic + "x"),
		"a.epub": epubOf(t, "c.png", "x"), "a.mobi": append(make([]byte, 60), "BOOKMOBI"...),
		"a.cbz": zipOf(t, "1.jpg", ""), "a.cbr": []byte(rar5Magic), "rar.cbz": []byte(rar4Magic), "zip.cbr": zipOf(t, "1.jpg", ""),
		"a.jpg": jpegOf(t, quarters(8, 8)), "A.JPEG": jpegOf(t, quarters(8, 8)), "a.png": pngOf(t, quarters(8, 8)), "a.gif": gifOf(t, quarters(8, 8)),
		"a.webp": []byte("RIFF\x1e\x00\x00\x00WEBPVP8 \x12\x00\x00\x00\x30\x01\x00\x9d\x01\x2a\x01\x00\x01\x00\x02\x00\x34\x25\xa4\x00"),
		"a.avif": picture(10, 10, "avif", "mif1"), "general.avif": picture(10, 10, "mif1", "avif"), "a.heic": picture(10, 10, "heic", "mif1"), "general.heic": picture(10, 10, "mif1", "heic"),
		"a.mp3": append(append([]byte("ID3\x04\x00\x00\x00\x00\x00\x05hello"), frame...), frame...), "bare.mp3": append(append([]byte{}, frame...), frame...), "padded.mp3": append(append(make([]byte, 1000), frame...), frame...),
		"a.m4a": box("M4A ", "isom"), "a.m4b": box("M4B ", "isom"), "a.mp4": box("isom", "mp42"), "a.m4v": box("M4V "), "a.mov": box("qt  "), "old.mov": []byte("\x00\x00\x00\x08wide\x00\x00\x00\x08mdat"), "quick.mp4": box("qt  "), "new.mov": box("mp42"),
		"a.ogg": page("\x01vorbis"), "opus.ogg": page("OpusHead"), "film.ogg": page("\x80theora"), "a.opus": page("OpusHead"),
		"a.flac": []byte("fLaC\x00\x00\x00\x22"), "tagged.flac": []byte("ID3\x04\x00\x00\x00\x00\x00\x05hellofLaC"), "a.wav": []byte("RIFF\x00\x00\x00\x00WAVEfmt "),
		"a.mkv": ebml("matroska"), "web.mkv": ebml("webm"), "a.webm": ebml("webm"), "a.wmv": []byte("\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6cxxxx"), "a.avi": []byte("RIFF\x00\x00\x00\x00AVI LIST"),
	}
}

func TestInspect(t *testing.T) {
	t.Parallel()
	types := map[string]string{
		".txt": "text/plain", ".csv": "text/csv", ".pdf": "application/pdf", ".doc": "application/msword", "rich.doc": "application/rtf", ".xls": "application/vnd.ms-excel",
		".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		".odt": "application/vnd.oasis.opendocument.text", ".ods": "application/vnd.oasis.opendocument.spreadsheet", ".zip": "application/zip", ".rar": "application/vnd.rar",
		".epub": "application/epub+zip", ".mobi": "application/x-mobipocket-ebook", ".cbz": "application/vnd.comicbook+zip", ".cbr": "application/vnd.comicbook-rar",
		"rar.cbz": "application/vnd.comicbook-rar", "zip.cbr": "application/vnd.comicbook+zip", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif",
		".webp": "image/webp", ".avif": "image/avif", ".heic": "image/heic", ".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".m4b": "audio/mp4", ".mp4": "video/mp4", ".m4v": "video/mp4",
		".mov": "video/quicktime", "quick.mp4": "video/quicktime", "new.mov": "video/mp4", ".ogg": "audio/ogg", "film.ogg": "video/ogg", ".opus": "audio/ogg", ".flac": "audio/flac",
		".wav": "audio/vnd.wave", ".mkv": "video/matroska", "web.mkv": "video/webm", ".webm": "video/webm", ".wmv": "video/x-ms-wmv", ".avi": "video/vnd.avi",
	}
	kinds := map[string]string{
		"text": KindDocument, "image": KindImage, "audio": KindAudio, "video": KindVideo, "application/epub+zip": KindBook, "application/x-mobipocket-ebook": KindBook,
		"application/vnd.comicbook+zip": KindComic, "application/vnd.comicbook-rar": KindComic, "application/zip": KindArchive, "application/vnd.rar": KindArchive, "application": KindDocument,
	}
	seen := map[string]bool{}
	for name, data := range specimens(t) {
		ext := strings.ToLower(filepath.Ext(name))
		seen[ext[1:]] = true
		want := types[name]
		if want == "" {
			want = types[ext]
		}
		kind := kinds[want]
		if kind == "" {
			kind = kinds[want[:strings.IndexByte(want, '/')]]
		}
		if got, err := inspect(name, data); err != nil || got != (Type{want, kind}) {
			t.Errorf("%s is %v, %v; want %s %s", name, got, err, want, kind)
		}
	}
	for _, ext := range Extensions() {
		if !seen[ext] {
			t.Errorf("no specimen of %s", ext)
		}
	}
}

// TestInspectOthersNames gives each specimen the name of each other type.
func TestInspectOthersNames(t *testing.T) {
	t.Parallel()
	all := specimens(t)
	// What may go by more than one name.
	family := func(ext string) string {
		for _, f := range []string{"txt csv", "cbz cbr", "jpg jpeg", "m4a m4b mp4 m4v mov", "mkv webm", "ogg opus"} {
			if slices.Contains(strings.Fields(f), ext) {
				return f
			}
		}
		return ext
	}
	for name, data := range all {
		own := strings.ToLower(strings.TrimPrefix(filepath.Ext(name), "."))
		for _, ext := range Extensions() {
			if family(ext) == family(own) {
				continue
			}
			zipped := bytes.HasPrefix(data, []byte("PK"))
			if ext == "zip" && zipped || ext == "rar" && bytes.HasPrefix(data, []byte("Rar!")) || (ext == "cbz" || ext == "cbr") && own == "rar" {
				continue
			}
			if ext == "txt" && own == "doc" || ext == "csv" && own == "doc" { // RTF is text
				continue
			}
			if name == "secret.docx" && ext == "xlsx" { // what is within can't be seen
				continue
			}
			_, err := inspect("x."+ext, data)
			if got := code(t, err); got != FileTypeMismatch && !(zipped && got == FileBroken) {
				t.Errorf("%s named .%s: %q", name, ext, got)
			}
		}
	}
}

func TestInspectRefuses(t *testing.T) {
	t.Parallel()
	epub := epubOf(t, "c.png", "x")
	huge := blackPNG(t, 1, 1)
	binary.BigEndian.PutUint32(huge[16:], 50_000)
	binary.BigEndian.PutUint32(huge[20:], 50_000)
	webp := bytes.Clone(specimens(t)["a.webp"])
	wide := []byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\xff\x7f\x00\xff\x7f\x00")
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"a.pdf", nil, FileEmpty},
		{"a", []byte("x"), FileTypeUnknown},
		{"a.exe", []byte("MZ"), FileTypeUnknown},
		{"a.", []byte("x"), FileTypeUnknown},
		{"a.svg", []byte("<svg/>"), FileTypeUnknown},
		{"a.html", nil, FileTypeUnknown},
		{"a.mp4", []byte("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/x.ts\n"), FileTypeMismatch},
		{"a.pdf", []byte("<!DOCTYPE html><script>alert(1)</script>%PDF-1.4"), FileTypeMismatch},
		{"a.png", []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), FileTypeMismatch},
		{"a.pdf", []byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"), FileTypeMismatch},
		{"a.txt", []byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"), FileTypeMismatch},
		{"a.txt", append(bytes.Repeat([]byte("text "), 4000), make([]byte, 100)...), FileTypeMismatch},
		{"a.mp3", bytes.Repeat([]byte("<html>"), 1000), FileTypeMismatch},
		{"a.epub", epub[:len(epub)-30], FileBroken},
		{"a.zip", epub[:len(epub)-30], FileBroken},
		{"a.cbz", epub[:len(epub)-30], FileBroken},
		{"a.docx", epub[:len(epub)-30], FileBroken},
		{"a.odt", epub[:len(epub)-30], FileBroken},
		{"a.epub", zipOf(t, "mimetype", "application/epub+zip"), FileBroken},
		{"a.epub", zipOf(t, "x", "y"), FileBroken},
		{"a.cbz", zipOf(t, "x", "y"), FileTypeMismatch},
		{"a.doc", []byte(cfbMagic), FileBroken},
		{"a.png", huge, ImageTooLarge},
		{"a.png", blackPNG(t, 20_001, 1), ImageTooLarge},
		{"a.png", blackPNG(t, 7100, 7100), ImageTooLarge},
		{"a.png", []byte("\x89PNG\r\n\x1a\nxxxxxxxxxxxxxxxxxxxxx"), FileBroken},
		{"a.gif", []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), ImageTooLarge},
		{"a.jpg", []byte("\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03"), ImageTooLarge},
		{"a.jpg", []byte("\xff\xd8\xff\xd9"), FileBroken},
		{"a.webp", wide, ImageTooLarge},
		{"a.webp", append(bytes.Clone(wide[:24]), append([]byte{9, 0, 0, 9, 0, 0}, append([]byte("VP8 \x0a\x00\x00\x00\x30\x01\x00\x9d\x01\x2a\xff\x3f\xff\x3f"), webp[20:]...)...)...), ImageTooLarge},
	} {
		_, err := inspect(c.name, c.data)
		if got := code(t, err); got != c.want {
			t.Errorf("%s %.30q: %q, want %q", c.name, c.data, got, c.want)
		}
	}
}

func TestInspectFaults(t *testing.T) {
	t.Parallel()
	for _, ext := range Extensions() {
		var refusal *Refusal
		if _, err := Inspect("a."+ext, failing{}, 10_000); !errors.Is(err, os.ErrClosed) || errors.As(err, &refusal) {
			t.Errorf("%s: %v", ext, err)
		}
	}
}

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, os.ErrClosed }

func FuzzInspect(f *testing.F) {
	for name, data := range specimens(f) {
		f.Add(name, data)
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		typ, err := inspect(name, data)
		if (err == nil) == (typ == Type{}) {
			t.Errorf("%v, %v", typ, err)
		}
		code(t, err)
	})
}
