package seeds

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"image/jpeg"
	"math"
	"strings"
)

// file makes the work's file: its name and its bytes.
func (w work) file() (string, []byte, error) {
	var content []byte
	var err error
	switch w.Format {
	case "epub":
		content, err = w.epub()
	case "pdf":
		content = w.pdf()
	case "cbz":
		content, err = w.cbz()
	case "jpg":
		content, err = picture(w.Code, 1200, 900)
	case "wav":
		content = chime()
	case "csv":
		content, err = w.csv()
	case "txt":
		content = []byte(w.text())
	default:
		err = fmt.Errorf("no such format: %q", w.Format)
	}
	return strings.ToLower(strings.ReplaceAll(w.Code, "-", "_")) + "." + w.Format, content, err
}

func picture(seed string, width, height int) ([]byte, error) {
	var b bytes.Buffer
	err := jpeg.Encode(&b, draw(seed, width, height), &jpeg.Options{Quality: 85})
	return b.Bytes(), err
}

// cbz is a comic without words: a page a chapter.
func (w work) cbz() ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range w.Chapters {
		page, err := picture(fmt.Sprint(w.Code, i), 900, 1300)
		if err != nil {
			return nil, err
		}
		f, err := z.Create(fmt.Sprintf("%03d.jpg", i+1))
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(page); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return b.Bytes(), err
}

func (w work) csv() ([]byte, error) {
	var b bytes.Buffer
	c := csv.NewWriter(&b)
	for _, row := range w.Chapters {
		if err := c.Write([]string{row.Title, row.Text}); err != nil {
			return nil, err
		}
	}
	c.Flush()
	return b.Bytes(), c.Error()
}

func (w work) text() string {
	var b strings.Builder
	b.WriteString(w.Title + "\n")
	for _, c := range w.Chapters {
		b.WriteString("\n" + c.Title + "\n\n" + c.Text + "\n")
	}
	return b.String()
}

// pdf is a page of text a chapter, in Helvetica, Latin letters only.
// ISO 32000-1, 7.5: header, objects, cross-reference table, trailer.
func (w work) pdf() []byte {
	var b bytes.Buffer
	var at []int
	object := func(format string, args ...any) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n"+format+"\nendobj\n", append([]any{len(at)}, args...)...)
	}
	b.WriteString("%PDF-1.4\n")
	const firstPage = 5
	kids := make([]string, 0, len(w.Chapters))
	for i := range w.Chapters {
		kids = append(kids, fmt.Sprintf("%d 0 R", firstPage+2*i))
	}
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(kids))
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
	object("<< /Title (%s) /Author (%s) >>", escapePDF(w.Title), escapePDF(strings.Join(w.Authors, ", ")))
	for i, c := range w.Chapters {
		var s strings.Builder
		fmt.Fprintf(&s, "BT /F 22 Tf 72 740 Td (%s) Tj /F 12 Tf 0 -36 Td 17 TL", escapePDF(c.Title))
		for _, line := range wrap(c.Text, 78) {
			fmt.Fprintf(&s, " (%s) Tj T*", escapePDF(line))
		}
		s.WriteString(" ET")
		object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources << /Font << /F 3 0 R >> >> >>", firstPage+2*i+1)
		object("<< /Length %d >>\nstream\n%s\nendstream", s.Len(), s.String())
	}
	table := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, offset := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R /Info 4 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, table)
	return b.Bytes()
}

// escapePDF writes Latin-1 text as the inside of a PDF string.
func escapePDF(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case strings.ContainsRune(`()\`, r):
			b.WriteString(`\` + string(r))
		case r < 0x80:
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\%03o`, r)
		default:
			b.WriteByte('?')
		}
	}
	return b.String()
}

func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}

// chime is six seconds of a falling chord as a WAV file: PCM, 16 bits, mono.
func chime() []byte {
	const rate, seconds = 22050, 6
	var b bytes.Buffer
	b.WriteString("RIFF")
	size := uint32(rate * seconds * 2)
	for _, part := range []any{
		36 + size, []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1), uint32(rate), uint32(rate * 2), uint16(2), uint16(16), []byte("data"), size,
	} {
		_ = binary.Write(&b, binary.LittleEndian, part) // a buffer takes everything
	}
	notes := []float64{659.25, 523.25, 392.00, 329.63, 261.63, 196.00}
	for i := range rate * seconds {
		t := float64(i) / rate
		v := 0.0
		for n, f := range notes {
			if since := t - float64(n); since >= 0 {
				v += math.Sin(2*math.Pi*f*since) * math.Exp(-1.6*since)
			}
		}
		_ = binary.Write(&b, binary.LittleEndian, int16(v*6000))
	}
	return b.Bytes()
}
