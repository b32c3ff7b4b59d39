// Package bound reads ZIP and XML that strangers made, within bounds that hold
// whatever their headers say.
package bound

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Bounds of a ZIP container.
const (
	MaxEntries = 10_000
	MaxEntry   = 200 << 20 // bytes of one entry, unpacked
	MaxTotal   = 1 << 30   // bytes unpacked from one Zip in all
	MaxRatio   = 200       // unpacked to packed, past the first MiB of an entry

	maxDirectory = 4 << 20
)

// Errors of a Zip, besides the reader's own.
var (
	ErrNotZip    = errors.New("no readable ZIP directory")
	ErrTooLarge  = errors.New("a ZIP beyond the bounds")
	ErrEncrypted = errors.New("an encrypted ZIP entry")
	ErrNoEntry   = errors.New("no such ZIP entry")
)

// Zip is a container whose entries are read by name, never written anywhere. It is
// not safe for concurrent use.
type Zip struct {
	files map[string]*zip.File
	names []string
	spent int64
}

// OpenZip reads the directory: at most 4 MiB and MaxEntries, else ErrTooLarge. What
// has no readable one is ErrNotZip.
func OpenZip(r io.ReaderAt, size int64) (*Zip, error) {
	lr := &limitedReaderAt{r: r, left: maxDirectory + 1<<20}
	if toldTooMany(lr, size) {
		return nil, ErrTooLarge
	}
	zr, err := zip.NewReader(lr, size)
	lr.left = -1
	if lr.exceeded {
		return nil, ErrTooLarge
	}
	if lr.err != nil {
		return nil, lr.err
	}
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, fmt.Errorf("%w: %w", ErrNotZip, err)
	}
	if len(zr.File) > MaxEntries {
		return nil, ErrTooLarge
	}
	z := &Zip{files: make(map[string]*zip.File, len(zr.File))}
	for _, f := range zr.File {
		name := strings.ReplaceAll(f.Name, `\`, "/")
		if strings.HasSuffix(name, "/") || z.files[name] != nil {
			continue
		}
		z.files[name] = f
		z.names = append(z.names, name)
	}
	return z, nil
}

// toldTooMany looks for a ZIP64 end of directory (APPNOTE 6.3.10 §4.3.14) that tells of
// more than MaxEntries: package zip makes room for as many before it reads one.
func toldTooMany(r io.ReaderAt, size int64) bool {
	tail := make([]byte, min(size, 22+65535+20))
	n, err := r.ReadAt(tail, max(0, size-int64(len(tail))))
	if err != nil && err != io.EOF {
		return false // it will fail again
	}
	for tail = tail[:n]; ; tail = tail[4:] {
		at := bytes.Index(tail, []byte("PK\x06\x07"))
		if at < 0 || len(tail)-at < 20 {
			return false
		}
		tail = tail[at:]
		var end [40]byte
		if _, err := r.ReadAt(end[:], int64(binary.LittleEndian.Uint64(tail[8:]))); err != nil {
			continue // no such place
		}
		if string(end[:4]) == "PK\x06\x06" && binary.LittleEndian.Uint64(end[32:]) > MaxEntries {
			return true
		}
	}
}

// Names returns the names of the entries that are files, in the directory's order,
// with slashes for backslashes.
func (z *Zip) Names() []string { return z.names }

// Has says whether there is a file of that name.
func (z *Zip) Has(name string) bool { return z.files[name] != nil }

// Packed returns how many bytes a file takes in the container, as the directory has
// it; 0 if there is none of that name.
func (z *Zip) Packed(name string) uint64 {
	if f := z.files[name]; f != nil {
		return f.CompressedSize64
	}
	return 0
}

// Encrypted says whether the entry wants a password.
func (z *Zip) Encrypted(name string) bool {
	f := z.files[name]
	return f != nil && f.Flags&1 != 0
}

// Read unpacks a file of at most max bytes and MaxEntry. One that is larger, or too
// much in all or for its packed size, is ErrTooLarge.
func (z *Zip) Read(name string, max int64) ([]byte, error) {
	f := z.files[name]
	if f == nil {
		return nil, fmt.Errorf("%w: %.100q", ErrNoEntry, name)
	}
	if f.Flags&1 != 0 {
		return nil, ErrEncrypted
	}
	raw, err := f.OpenRaw()
	if err != nil {
		return nil, fmt.Errorf("open ZIP entry: %w", err)
	}
	packed := &countingReader{r: raw}
	var in io.Reader = packed
	switch f.Method {
	case zip.Store:
	case zip.Deflate:
		fr := flate.NewReader(bufio.NewReaderSize(packed, 32<<10))
		defer fr.Close()
		in = fr
	default:
		return nil, zip.ErrAlgorithm
	}
	max = min(max, MaxEntry, MaxTotal-z.spent)
	var out []byte
	chunk := make([]byte, 32<<10)
	for {
		n, err := in.Read(chunk)
		z.spent += int64(n)
		out = append(out, chunk[:n]...)
		if size := int64(len(out)); size > max || size > 1<<20 && size > MaxRatio*packed.n {
			return nil, ErrTooLarge
		}
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("unpack ZIP entry: %w", err)
		}
	}
}

type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// limitedReaderAt ends after left bytes; a negative left is no limit. Package zip
// reads as many directory entries as there are, whatever their told number.
type limitedReaderAt struct {
	r        io.ReaderAt
	left     int64
	exceeded bool
	err      error
}

func (l *limitedReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 { // a hostile header's, no fault
		return 0, io.EOF
	}
	if l.left < 0 {
		return l.r.ReadAt(p, off)
	}
	if int64(len(p)) > l.left {
		l.exceeded = true
		return 0, ErrTooLarge
	}
	n, err := l.r.ReadAt(p, off)
	l.left -= int64(n)
	if err != nil && err != io.EOF {
		l.err = err
	}
	return n, err
}
