package media

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/ledongthuc/pdf"

	"onlibrary/internal/bibliography"
)

const (
	maxXMP     = 4 << 20  // bytes of a packet; what is beyond them is not read
	maxXMPRead = 16 << 20 // bytes of a PDF read on the way to its packet
	xmpTime    = 5 * time.Second
)

// xmp reads the catalogue's metadata stream (PDF 2.0 §14.3.2), which PDFium does not
// give away. A second reader follows the references from the file's end to it and
// loads nothing else: 2 ms and 1 MB for a PDF of 117 pages as for one of 100 MB, where
// pdfcpu takes the whole file into memory. It repairs no broken file, and may go round
// in circles in a hostile one: hence the bounds. What can't be read is left out.
// PDFium itself reads the whole packet as it opens a PDF, for the child's bounds to
// stop: one of 50 MB is the end of the preview.
func (j *job) xmp() bibliography.Work {
	packet := make(chan []byte, 1)
	go func() {
		p, err := xmpPacket(j.file.r, j.file.size)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		packet <- p
	}()
	select {
	case p := <-packet:
		return xmpWork(p)
	case <-time.After(xmpTime):
		fmt.Fprintln(os.Stderr, "read XMP: out of time")
		j.spent = true // the reader ends with this child
		return bibliography.Work{}
	}
}

// xmpPacket returns the packet, or nil where there is none. With an error it is what
// could be read of it.
func xmpPacket(r io.ReaderAt, size int64) (packet []byte, err error) {
	defer func() {
		if r := recover(); r != nil { // the reader's way to tell of a broken file
			err = fmt.Errorf("read XMP: %v", r)
		}
	}()
	doc, err := pdf.NewReader(&pdfBytes{r: r, left: maxXMPRead}, size)
	if err != nil {
		return nil, fmt.Errorf("read XMP: %w", err)
	}
	metadata := doc.Trailer().Key("Root").Key("Metadata")
	if metadata.Kind() != pdf.Stream {
		return nil, nil
	}
	packet, err = io.ReadAll(io.LimitReader(metadata.Reader(), maxXMP))
	if err != nil {
		return packet, fmt.Errorf("read XMP: %w", err)
	}
	return packet, nil
}

// pdfBytes bounds how much of a PDF is read, and so how often.
type pdfBytes struct {
	r    io.ReaderAt
	left int
}

// ReadAt shows a PDF 2.0 as 1.7, the last version that the reader knows by name: it is
// built no differently.
func (b *pdfBytes) ReadAt(p []byte, off int64) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errors.New("too much to read")
	}
	n, err := b.r.ReadAt(p, off)
	if off == 0 && n > 8 && string(p[:7]) == "%PDF-2." {
		p[5], p[7] = '1', '7'
	}
	return n, err
}
