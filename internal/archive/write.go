package archive

import (
	"archive/zip"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"
)

const (
	chunkSize = 256 << 10 // bytes; small, so that requests beside a backup wait briefly for a processor
	chunks    = 16
)

// Writer writes an archive. The sums are taken beside the copying.
type Writer struct {
	zip   *zip.Writer
	files []File
	free  chan []byte
	work  chan chunk
	sums  chan []string
}

// chunk is a piece of a file; last says that the file ends with it.
type chunk struct {
	data []byte
	last bool
}

// NewWriter writes to w. Close or Abandon has to be called.
func NewWriter(w io.Writer) *Writer {
	a := &Writer{zip: zip.NewWriter(w), free: make(chan []byte, chunks), work: make(chan chunk, chunks), sums: make(chan []string, 1)}
	for range chunks {
		a.free <- make([]byte, chunkSize)
	}
	go a.sum()
	return a
}

// sum takes the sums of what Add copies, file by file.
func (a *Writer) sum() {
	var sums []string
	h := sha256.New()
	for c := range a.work {
		h.Write(c.data)
		a.free <- c.data[:chunkSize] // Add takes it only after it has written it
		if c.last {
			sums = append(sums, hex.EncodeToString(h.Sum(nil)))
			h.Reset()
		}
		runtime.Gosched()
	}
	a.sums <- sums
}

// Add copies a file into the archive, not compressed: most are so already. On
// an error the archive is of no use any more.
func (a *Writer) Add(ctx context.Context, name string, modified time.Time, r io.Reader) (size int64, err error) {
	header := &zip.FileHeader{Name: name, Method: zip.Store, Modified: modified}
	header.SetMode(0o600)
	w, err := a.zip.CreateHeader(header)
	if err != nil {
		return 0, err
	}
	for last := false; !last; runtime.Gosched() {
		if err := ctx.Err(); err != nil {
			return size, err
		}
		buffer := <-a.free
		n, err := io.ReadFull(r, buffer)
		last = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			a.free <- buffer
			return size, fmt.Errorf("read %s: %w", name, err)
		}
		a.work <- chunk{buffer[:n], last}
		if _, err := w.Write(buffer[:n]); err != nil {
			return size, err
		}
		size += int64(n)
	}
	a.files = append(a.files, File{Name: name, Size: size})
	return size, nil
}

// Close ends the archive with the manifest, whose Files it fills.
func (a *Writer) Close(m Manifest) error {
	close(a.work)
	for i, sum := range <-a.sums {
		a.files[i].SHA256 = sum
	}
	m.Format, m.Program, m.Files = Format, Program, nil
	a.zip.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	header := &zip.FileHeader{Name: ManifestName, Method: zip.Deflate, Modified: m.Created}
	header.SetMode(0o600)
	w, err := a.zip.CreateHeader(header)
	if err != nil {
		return err
	}
	if err := writeManifest(w, m, a.files); err != nil {
		return err
	}
	if err := a.zip.SetComment(comment); err != nil {
		return err
	}
	return a.zip.Close()
}

// Abandon ends the work on an archive that is not to be.
func (a *Writer) Abandon() {
	close(a.work)
	<-a.sums
}

// writeManifest writes the files one at a time: there may be many.
func writeManifest(w io.Writer, m Manifest, files []File) error {
	head, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if _, err := w.Write(append(head[:len(head)-1], `,"files":[`...)); err != nil {
		return err
	}
	for i, f := range files {
		line, err := json.Marshal(f)
		if err != nil {
			return err
		}
		if i > 0 {
			line = append([]byte{','}, line...)
		}
		if _, err := w.Write(append([]byte{'\n'}, line...)); err != nil {
			return err
		}
	}
	_, err = io.WriteString(w, "\n]}\n")
	return err
}
