package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
)

// sample is the path of a real file, or of one that make writes where the
// samples are absent; how says which.
func (b *bench) sample(name, how string, make func(path string) error) (path, said string, err error) {
	path = filepath.Join(b.samples, filepath.FromSlash(name))
	if _, err := os.Stat(path); err == nil {
		return path, filepath.Base(name), nil
	}
	path, err = b.generated(filepath.Base(name), make)
	return path, how, err
}

// generated is the path of a file that make writes, once a run.
func (b *bench) generated(name string, make func(path string) error) (string, error) {
	path := filepath.Join(b.dir, name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := make(path); err != nil {
		return "", fmt.Errorf("generate %s: %w", name, err)
	}
	return path, nil
}

func (b *bench) pdf() (path, said string, err error) {
	return b.sample("pdf/GeoTopo-komprimiert.pdf", "generated, 117 pages of text", func(path string) error {
		return os.WriteFile(path, manyPages(117), 0o600)
	})
}

func (b *bench) epub() (path, said string, err error) {
	return b.sample("epub/moby-dick.epub", "generated, with a cover", writeEPUB)
}

// photograph is a JPEG of w times h pixels.
func (b *bench) photograph(w, h int) (string, error) {
	return b.generated(fmt.Sprintf("photograph-%dx%d.jpg", w, h), func(path string) error {
		var buf bytes.Buffer
		if err := jpeg.Encode(&buf, picture(w, h), &jpeg.Options{Quality: 90}); err != nil {
			return err
		}
		return os.WriteFile(path, buf.Bytes(), 0o600)
	})
}

// scan is a PNG of w times h pixels.
func (b *bench) scan(w, h int) (string, error) {
	return b.generated(fmt.Sprintf("scan-%dx%d.png", w, h), func(path string) error {
		var buf bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&buf, picture(w, h)); err != nil {
			return err
		}
		return os.WriteFile(path, buf.Bytes(), 0o600)
	})
}

// video is 20 s of H.264 in MP4, in full HD.
func (b *bench) video() (string, error) {
	return b.generated("video.mp4", func(path string) error {
		out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=30", "-t", "20",
			"-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-y", path).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
}

// picture has the slopes, edges and grain of a photograph.
func picture(w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(24, 0))
	for y := range h {
		for x := range w {
			fx, fy := float64(x)/float64(w), float64(y)/float64(h)
			v := 128 + 80*math.Sin(9*fx+4*fy) + float64(r.IntN(12))
			if (x/97+y/61)%7 == 0 {
				v -= 60
			}
			c := uint8(max(0, min(255, v)))
			m.SetRGBA(x, y, color.RGBA{c, uint8(fy * 200), 255 - c, 255})
		}
	}
	return m
}

// manyPages is a PDF of n pages of text.
func manyPages(n int) []byte {
	var b bytes.Buffer
	var offsets []int
	object := func(format string, a ...any) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(offsets), fmt.Sprintf(format, a...))
	}
	r := rand.New(rand.NewPCG(117, 0))
	b.WriteString("%PDF-1.4\n")
	var kids bytes.Buffer
	for i := range n {
		fmt.Fprintf(&kids, "%d 0 R ", 4+2*i)
	}
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object("<< /Type /Pages /Count %d /Kids [ %s] >>", n, kids.Bytes())
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
	for i := range n {
		var text bytes.Buffer
		for line := range 50 {
			fmt.Fprintf(&text, "BT /F1 11 Tf 50 %d Td (%s) Tj ET\n", 780-14*line, words(r, 80))
		}
		object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>", 5+2*i)
		object("<< /Length %d >>\nstream\n%s\nendstream", text.Len(), text.Bytes())
	}
	table := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, table)
	return b.Bytes()
}

// writeEPUB writes a book of one chapter with a cover.
func writeEPUB(path string) error {
	var cover, book bytes.Buffer
	if err := jpeg.Encode(&cover, picture(1600, 2400), nil); err != nil {
		return err
	}
	z := zip.NewWriter(&book)
	for _, f := range []struct {
		name, text string
		method     uint16
	}{
		{"mimetype", "application/epub+zip", zip.Store},
		{"META-INF/container.xml", `<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="p.opf" media-type="application/oebps-package+xml"/></rootfiles></container>`, zip.Deflate},
		{"p.opf", `<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="u"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="u">bench</dc:identifier><dc:title>Bench</dc:title><dc:language>en</dc:language></metadata><manifest><item id="c" href="c.jpg" media-type="image/jpeg" properties="cover-image"/><item id="t" href="t.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="t"/></spine></package>`, zip.Deflate},
		{"t.xhtml", `<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Bench</title></head><body><p>A quiet text.</p></body></html>`, zip.Deflate},
		{"c.jpg", cover.String(), zip.Store},
	} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: f.method})
		if err != nil {
			return err
		}
		if _, err := w.Write([]byte(f.text)); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, book.Bytes(), 0o600)
}
