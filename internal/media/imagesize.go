package media

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

// errNoSize is a picture whose header does not tell its size.
var errNoSize = errors.New("no readable image header")

// tooLarge says whether a picture is beyond what is ever decoded.
func tooLarge(w, h int) bool {
	return w > MaxSide || h > MaxSide || int64(w)*int64(h) > MaxPixels
}

// ImageSize reads the width and height of a picture from its header, without
// decoding it: JPEG, PNG, GIF, WebP, AVIF and HEIC. Where a file tells several (a
// canvas and its frame, the tiles of a grid) it is the largest of each. The size is
// as stored, before any orientation. It reads at most some KiB of the file; an error
// says that this is no such picture, or is the reader's.
func ImageSize(r io.ReaderAt, size int64) (w, h int, err error) {
	f := &file{r: r, size: size}
	f.head = f.at(0, 64)
	switch {
	case f.err != nil:
	case f.is(0, "\xff\xd8"):
		w, h = f.jpegSize()
	case f.is(0, "\x89PNG\r\n\x1a\n") && f.is(12, "IHDR") && len(f.head) >= 24:
		w, h = int(binary.BigEndian.Uint32(f.head[16:])), int(binary.BigEndian.Uint32(f.head[20:]))
	case f.is(0, "GIF8") && len(f.head) >= 10:
		w, h = int(binary.LittleEndian.Uint16(f.head[6:])), int(binary.LittleEndian.Uint16(f.head[8:]))
	case f.is(0, "RIFF") && f.is(8, "WEBP"):
		w, h = f.webpSize()
	case f.is(4, "ftyp"):
		w, h = f.heifSize()
	}
	if f.err != nil {
		return 0, 0, f.err
	}
	if w <= 0 || h <= 0 {
		return 0, 0, errNoSize
	}
	return w, h, nil
}

// jpegSegments calls visit with each segment up to the scan (ITU T.81 §B.1.1.4): its
// marker and where its content begins and ends. It stops when visit says so.
func (f *file) jpegSegments(visit func(marker byte, from, to int64) (more bool)) {
	for at, n := int64(2), 0; n < 1000; n++ {
		b := f.at(at, 4)
		if len(b) < 4 || b[0] != 0xFF {
			return
		}
		marker := b[1]
		switch {
		case marker == 0xFF: // fill
			at++
			continue
		case marker == 0x01, marker >= 0xD0 && marker <= 0xD8: // no length
			at += 2
			continue
		}
		end := at + 2 + int64(binary.BigEndian.Uint16(b[2:]))
		if !visit(marker, at+4, end) || marker == 0xDA || marker == 0xD9 {
			return
		}
		at = end
	}
}

// jpegSize reads the frame header (ITU T.81 §B.2.2).
func (f *file) jpegSize() (w, h int) {
	f.jpegSegments(func(marker byte, from, _ int64) bool {
		if marker < 0xC0 || marker > 0xCF || marker == 0xC4 || marker == 0xC8 || marker == 0xCC {
			return true
		}
		if b := f.at(from, 5); len(b) == 5 {
			w, h = int(binary.BigEndian.Uint16(b[3:])), int(binary.BigEndian.Uint16(b[1:]))
		}
		return false
	})
	return w, h
}

// webpSize looks at the canvas and at each frame's own header (RFC 9649 §2.5-2.7):
// what is decoded is the frame, whatever the canvas says.
func (f *file) webpSize() (w, h int) {
	u24 := func(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
	grow := func(fw, fh int) { w, h = max(w, fw), max(h, fh) }
	for at, n := int64(12), 0; n < 1000; n++ {
		b := f.at(at, 18)
		if len(b) < 8 {
			return w, h
		}
		length := int64(binary.LittleEndian.Uint32(b[4:]))
		switch kind := string(b[:4]); {
		case kind == "VP8X" && len(b) >= 18:
			grow(u24(b[12:])+1, u24(b[15:])+1)
		case kind == "VP8 " && len(b) >= 18:
			grow(int(binary.LittleEndian.Uint16(b[14:])&0x3FFF), int(binary.LittleEndian.Uint16(b[16:])&0x3FFF))
		case kind == "VP8L" && len(b) >= 13:
			bits := binary.LittleEndian.Uint32(b[9:])
			grow(int(bits&0x3FFF)+1, int(bits>>14&0x3FFF)+1)
		case kind == "ANMF":
			at += 8 + 16 // the frame's own chunks follow its header
			continue
		}
		at += 8 + length + length%2
	}
	return w, h
}

// heifSize looks for the image spatial extents (ISO/IEC 23008-12 §6.5.3) within meta,
// iprp and ipco. A sequence (AVIS) has them in its still picture.
func (f *file) heifSize() (w, h int) {
	f.boxes([]string{"meta", "iprp", "ipco"}, func(kind string, body []byte) {
		if kind == "ispe" && len(body) >= 12 {
			w = max(w, int(binary.BigEndian.Uint32(body[4:])))
			h = max(h, int(binary.BigEndian.Uint32(body[8:])))
		}
	})
	return w, h
}

// boxes visits the boxes (ISO/IEC 14496-12 §4.2) of the file, with the first 32 bytes
// of each, and those within the boxes of some types.
func (f *file) boxes(enter []string, visit func(kind string, body []byte)) {
	visited := 0
	var walk func(from, to int64, depth int)
	walk = func(from, to int64, depth int) {
		for at := from; at+8 <= to && visited < 10_000; visited++ {
			b := f.at(at, 48)
			if len(b) < 8 {
				return
			}
			length, header := int64(binary.BigEndian.Uint32(b)), int64(8)
			switch {
			case length == 1 && len(b) >= 16:
				length, header = int64(binary.BigEndian.Uint64(b[8:])), 16
			case length == 0:
				length = to - at
			}
			if length < header || length > to-at {
				return
			}
			kind := string(b[4:8])
			visit(kind, b[min(header, int64(len(b))):min(length, int64(len(b)))])
			if slices.Contains(enter, kind) && depth < 8 {
				inner := at + header
				if kind == "meta" {
					inner += 4 // a full box, with version and flags
				}
				walk(inner, at+length, depth+1)
			}
			at += length
		}
	}
	walk(0, f.size, 0)
}
