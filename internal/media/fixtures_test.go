package media

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// quarters is a picture whose corners tell how it is turned: red and green above,
// blue and white below.
func quarters(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{255, 0, 0, 255}
			switch {
			case x >= w/2 && y < h/2:
				c = color.RGBA{0, 255, 0, 255}
			case x < w/2 && y >= h/2:
				c = color.RGBA{0, 0, 255, 255}
			case x >= w/2:
				c = color.RGBA{255, 255, 255, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

// corners names the colours of the corners, row by row: "rgbw" for quarters upright.
func corners(t testing.TB, thumbnail []byte) string {
	t.Helper()
	img, kind, err := image.Decode(bytes.NewReader(thumbnail))
	if err != nil || kind != "jpeg" {
		t.Fatalf("thumbnail is %q: %v", kind, err)
	}
	b := img.Bounds()
	if b.Dx() > ThumbnailSide || b.Dy() > ThumbnailSide {
		t.Fatalf("thumbnail of %v", b)
	}
	name := func(x, y int) byte {
		r, g, bl, _ := img.At(x, y).RGBA()
		switch red, green, blue := r > 0x8000, g > 0x8000, bl > 0x8000; {
		case red && green && blue:
			return 'w'
		case red && !green && !blue:
			return 'r'
		case green && !red && !blue:
			return 'g'
		case blue && !red && !green:
			return 'b'
		}
		return '?'
	}
	x, y := b.Dx()/6, b.Dy()/6
	return string([]byte{name(x, y), name(b.Dx()-1-x, y), name(x, b.Dy()-1-y), name(b.Dx()-1-x, b.Dy()-1-y)})
}

func jpegOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gifOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gif.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// exif is a TIFF directory of one entry, the orientation.
func exif(order binary.AppendByteOrder, orientation int) []byte {
	b := []byte("MM\x00*")
	if order == binary.AppendByteOrder(binary.LittleEndian) {
		b = []byte("II*\x00")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, 0x0112)
	b = order.AppendUint16(b, 3)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, uint16(orientation))
	return append(b, 0, 0, 0, 0, 0, 0)
}

// oriented puts an EXIF orientation into a JPEG.
func oriented(data []byte, order binary.AppendByteOrder, orientation int) []byte {
	body := append([]byte("Exif\x00\x00"), exif(order, orientation)...)
	segment := append([]byte{0xFF, 0xE1}, binary.BigEndian.AppendUint16(nil, uint16(len(body)+2))...)
	return append(append(append([]byte{}, data[:2]...), append(segment, body...)...), data[2:]...)
}

func pngChunk(name string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, name...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// blackPNG is a valid grey PNG of any size, of few bytes.
func blackPNG(t testing.TB, w, h int) []byte {
	t.Helper()
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), uint32(h))
	var body bytes.Buffer
	z := zlib.NewWriter(&body)
	row := make([]byte, w+1)
	for range h {
		if _, err := z.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	out := append([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", append(head, 8, 0, 0, 0, 0))...)
	return append(append(out, pngChunk("IDAT", body.Bytes())...), pngChunk("IEND", nil)...)
}

// zipOf packs name, content pairs.
func zipOf(t testing.TB, pairs ...string) []byte {
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

// epubOf packs an EPUB whose cover is that file.
func epubOf(t testing.TB, cover, content string, more ...string) []byte {
	t.Helper()
	return zipOf(t, append([]string{
		"mimetype", "application/epub+zip",
		"META-INF/container.xml", `<container><rootfiles><rootfile full-path="p.opf"/></rootfiles></container>`,
		"p.opf", `<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>Made Book</dc:title><dc:creator>Ann</dc:creator><dc:language>en</dc:language></metadata>
		<manifest><item id="c" href="` + cover + `" properties="cover-image"/></manifest></package>`,
		cover, content,
	}, more...)...)
}

// compoundOf makes a Compound File of version 3 whose directory has these streams.
func compoundOf(names ...string) []byte {
	b := make([]byte, 3*512)
	copy(b, cfbMagic)
	binary.LittleEndian.PutUint16(b[0x1E:], 9)
	binary.LittleEndian.PutUint32(b[0x30:], 1) // the directory
	binary.LittleEndian.PutUint32(b[0x4C:], 0) // the allocation table
	for i := range 128 {
		binary.LittleEndian.PutUint32(b[512+4*i:], 0xFFFFFFFE)
	}
	for i, name := range append([]string{"Root Entry"}, names...) {
		entry := b[1024+128*i:]
		for k, r := range name {
			binary.LittleEndian.PutUint16(entry[2*k:], uint16(r))
		}
		binary.LittleEndian.PutUint16(entry[64:], uint16(2*len(name)+2))
	}
	return b
}

// pdfOf is a PDF of one page that shows a filled square.
func pdfOf(title string) []byte {
	return pdfWith("/Lang(fr-CA)", "/Info 5 0 R", "<</Title("+title+")/Author(Ann Other; admin)>>")
}

// pdfWith is such a PDF with more in its catalogue and its trailer, and more objects,
// of which the first is 5.
func pdfWith(catalogue, trailer string, objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	var table strings.Builder
	stream := "1 0 0 rg 0 50 50 50 re f 0 1 0 rg 50 50 50 50 re f 0 0 1 rg 0 0 50 50 re f"
	all := append([]string{
		"<</Type/Catalog/Pages 2 0 R" + catalogue + ">>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 4 0 R>>", pdfStream("", stream),
	}, objects...)
	for i, o := range all {
		fmt.Fprintf(&table, "%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj%s endobj\n", i+1, o)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n", len(all)+1, table.String(), len(all)+1, trailer, xref)
	return b.Bytes()
}

// pdfStream is a stream object with more in its dictionary.
func pdfStream(more, data string) string {
	return fmt.Sprintf("<</Length %d%s>>stream\n%s\nendstream", len(data), more, data)
}

// ffmpegMade makes a file with FFmpeg, or skips the test where there is none.
func ffmpegMade(t testing.TB, name string, args ...string) string {
	t.Helper()
	tool, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("FFmpeg is not installed")
	}
	out := filepath.Join(t.TempDir(), name)
	cmd := exec.Command(tool, append(append([]string{"-nostdin", "-hide_banner", "-loglevel", "error"}, args...), out)...)
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("this FFmpeg makes no %s: %v: %s", filepath.Ext(name), err, msg)
	}
	return out
}

// written writes a file of the test.
func written(t testing.TB, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Quarters of 16x16 as WebP, without loss and with.
const (
	losslessWebP = "UklGRjYAAABXRUJQVlA4TCoAAAAvD8ADAB8gEEjeHzqN+RcQFPwf3fxHZA+AMNtokpOc5L3PIKL/UfrB9gE="
	lossyWebP    = "UklGRkAAAABXRUJQVlA4IDQAAADwAQCdASoQABAAAoBCJaACdLoB8gAE6AAA+z//jh/0jf/8QI//hWuRb+K//97BfLORAAAA"
)

func unbase64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// animatedWebP makes the one frame of an animation out of a still, with an alpha
// plane that hides the lower half if it is to be transparent.
func animatedWebP(still []byte, transparent bool) []byte {
	chunk := func(name string, body []byte) []byte {
		b := append([]byte(name), binary.LittleEndian.AppendUint32(nil, uint32(len(body)))...)
		b = append(b, body...)
		if len(body)%2 == 1 {
			b = append(b, 0)
		}
		return b
	}
	frame := []byte{0, 0, 0, 0, 0, 0, 15, 0, 0, 15, 0, 0, 100, 0, 0, 0}
	if transparent {
		alpha := append([]byte{0}, bytes.Repeat([]byte{255}, 128)...)
		frame = append(frame, chunk("ALPH", append(alpha, make([]byte, 128)...))...)
	}
	frame = append(frame, still[12:]...)
	body := []byte("WEBP")
	body = append(body, chunk("VP8X", []byte{2, 0, 0, 0, 15, 0, 0, 15, 0, 0})...)
	body = append(body, chunk("ANIM", make([]byte, 6))...)
	body = append(body, chunk("ANMF", frame)...)
	return chunk("RIFF", body)
}
