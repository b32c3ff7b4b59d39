// Package jpeg8 decodes a JPEG (ITU T.81) at an eighth of its size, by the mean of
// each 8x8 block alone, as libjpeg does with scale 1/8: several times faster than
// decoding it whole, and in little memory however large or progressive it is.
//
// It is here because image/jpeg does not keep the previewer's bounds. Of 24 megapixels
// a preview takes 0.3 to 0.4 times as long as vipsthumbnail and a child of 34 MB, where
// image/jpeg takes 3.3 times and 72 MB; progressive ones take 35 MB, where image/jpeg
// holds every coefficient and goes beyond 352 MB. Of 50 megapixels, progressive or not,
// the child has 48 MB.
package jpeg8

import (
	"errors"
	"fmt"
	"image"
	"io"
)

// Errors of Decode, besides the reader's own.
var (
	ErrFormat      = errors.New("not a valid JPEG")
	ErrUnsupported = errors.New("an unsupported kind of JPEG")
)

type component struct {
	id, h, v, tq  int
	width, height int // in blocks that hold pixels
	stride        int // in blocks, of whole MCUs
	dc            []int32
	dcTable, ac   int // tables of the running scan
	predicted     int32
}

type decoder struct {
	in                      input
	width, height           int
	maxH, maxV              int
	progressive             bool
	components              []component
	quant                   [4]int32 // of the mean alone
	huffman                 [2][4]table
	restart                 int
	adobe                   bool
	transform               byte
	rows, decodedRows       int // of MCUs, and how many of these have been decoded
	scanned, seenFrame, rgb bool
}

// Decode returns the picture with each side divided by eight, rounded up. Baseline,
// extended and progressive JPEG of 8 bits are known, grey, in colour or CMYK. maxPixels
// bounds the size of the whole picture. A file that is cut short in its lower half
// still has a picture.
func Decode(r io.Reader, maxPixels int) (*image.RGBA, error) {
	d := &decoder{in: input{r: r}}
	if a, b := d.in.byte(), d.in.byte(); a != 0xFF || b != 0xD8 {
		return nil, d.fault("no start of image")
	}
	for {
		marker, ok := d.nextMarker()
		if !ok || marker == 0xD9 {
			break
		}
		if err := d.segment(marker, maxPixels); err != nil {
			return nil, err
		}
		if d.in.err != nil {
			break
		}
	}
	if d.in.err != nil && !errors.Is(d.in.err, io.EOF) {
		return nil, d.in.err
	}
	if !d.scanned || 2*d.decodedRows < d.rows {
		return nil, d.fault("no picture")
	}
	return d.picture(), nil
}

func (d *decoder) fault(what string) error {
	if d.in.err != nil && !errors.Is(d.in.err, io.EOF) {
		return d.in.err
	}
	return fmt.Errorf("%w: %s", ErrFormat, what)
}

// nextMarker skips to the next marker: over fill bytes, and over entropy-coded data
// that is of no interest.
func (d *decoder) nextMarker() (byte, bool) {
	if m := d.in.marker; m != 0 {
		d.in.marker = 0
		return m, true
	}
	for {
		for d.in.byte() != 0xFF {
			if d.in.err != nil {
				return 0, false
			}
		}
		m := d.in.byte()
		for m == 0xFF {
			m = d.in.byte()
		}
		if d.in.err != nil {
			return 0, false
		}
		if m != 0 && (m < 0xD0 || m > 0xD7) {
			return m, true
		}
	}
}

// segment reads one marker segment (§B.2) and, after a scan's header, the scan.
func (d *decoder) segment(marker byte, maxPixels int) error {
	if marker == 0x01 || marker >= 0xD0 && marker <= 0xD8 {
		return nil
	}
	n := d.in.u16() - 2
	if n < 0 {
		return d.fault("short segment")
	}
	wanted := marker == 0xC4 || marker == 0xDB || marker == 0xDD || marker == 0xDA || marker == 0xEE || marker >= 0xC0 && marker <= 0xC2
	if !wanted {
		if marker >= 0xC3 && marker <= 0xCF {
			return fmt.Errorf("%w: frame type %#x", ErrUnsupported, marker)
		}
		d.in.skip(n)
		return nil
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = d.in.byte()
	}
	if d.in.err != nil {
		return nil //nolint:nilerr // cut short: what has been decoded decides
	}
	switch marker {
	case 0xC4:
		return d.huffmanTables(b)
	case 0xDB:
		return d.quantTables(b)
	case 0xDD:
		if n != 2 {
			return d.fault("restart interval")
		}
		d.restart = int(b[0])<<8 | int(b[1])
	case 0xEE:
		if n >= 12 && string(b[:5]) == "Adobe" {
			d.adobe, d.transform = true, b[11]
		}
	case 0xDA:
		return d.scan(b)
	default:
		return d.frame(b, marker == 0xC2, maxPixels)
	}
	return nil
}

func (d *decoder) quantTables(b []byte) error {
	for len(b) > 0 {
		id, size := b[0]&15, 64
		if b[0]>>4 != 0 {
			size = 128
		}
		if id > 3 || len(b) < 1+size {
			return d.fault("quantization table")
		}
		if d.quant[id] = int32(b[1]); size == 128 {
			d.quant[id] = int32(b[1])<<8 | int32(b[2])
		}
		b = b[1+size:]
	}
	return nil
}

// frame reads the frame header (§B.2.2).
func (d *decoder) frame(b []byte, progressive bool, maxPixels int) error {
	if d.seenFrame || len(b) < 6 || len(b) != 6+3*int(b[5]) {
		return d.fault("frame header")
	}
	d.seenFrame, d.progressive = true, progressive
	if b[0] != 8 {
		return fmt.Errorf("%w: %d bits", ErrUnsupported, b[0])
	}
	d.height, d.width = int(b[1])<<8|int(b[2]), int(b[3])<<8|int(b[4])
	n := int(b[5])
	if d.width == 0 || d.height == 0 || d.width*d.height > maxPixels {
		return d.fault("picture size")
	}
	if n != 1 && n != 3 && n != 4 {
		return fmt.Errorf("%w: %d components", ErrUnsupported, n)
	}
	d.maxH, d.maxV = 1, 1
	for i := range n {
		c := component{id: int(b[6+3*i]), h: int(b[7+3*i] >> 4), v: int(b[7+3*i] & 15), tq: int(b[8+3*i])}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.tq > 3 {
			return d.fault("component")
		}
		if n == 1 {
			c.h, c.v = 1, 1 // a single component is never interleaved
		}
		d.maxH, d.maxV = max(d.maxH, c.h), max(d.maxV, c.v)
		d.components = append(d.components, c)
	}
	mcusX, mcusY := ceil(d.width, 8*d.maxH), ceil(d.height, 8*d.maxV)
	d.rows = mcusY
	for i := range d.components {
		c := &d.components[i]
		c.width, c.height = ceil(ceil(d.width*c.h, d.maxH), 8), ceil(ceil(d.height*c.v, d.maxV), 8)
		c.stride = mcusX * c.h
		c.dc = make([]int32, c.stride*mcusY*c.v)
	}
	d.rgb = n == 3 && d.components[0].id == 'R' && d.components[1].id == 'G' && d.components[2].id == 'B'
	return nil
}

func ceil(a, b int) int { return (a + b - 1) / b }

// picture turns the means into colours. A component of lower resolution is repeated.
func (d *decoder) picture() *image.RGBA {
	w, h := ceil(d.width, 8), ceil(d.height, 8)
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	var px [4]int32
	for y := range h {
		row := img.Pix[y*img.Stride:]
		for x := range w {
			for i := range d.components {
				c := &d.components[i]
				dc := c.dc[y*c.v/d.maxV*c.stride+x*c.h/d.maxH]
				px[i] = clamp((dc*d.quant[c.tq]+4)>>3 + 128)
			}
			r, g, b := px[0], px[0], px[0]
			if len(d.components) > 1 {
				r, g, b = px[0], px[1], px[2]
				if ycc := len(d.components) == 3 && !d.rgb && (!d.adobe || d.transform != 0) || len(d.components) == 4 && d.adobe && d.transform == 2; ycc {
					r, g, b = rgb(px[0], px[1]-128, px[2]-128)
				}
			}
			if len(d.components) == 4 {
				k := px[3]
				if !d.adobe { // Adobe stores CMYK inverted
					r, g, b, k = 255-r, 255-g, 255-b, 255-k
				}
				r, g, b = r*k/255, g*k/255, b*k/255
			}
			row[4*x], row[4*x+1], row[4*x+2], row[4*x+3] = byte(r), byte(g), byte(b), 255
		}
	}
	return img
}

// rgb converts from YCbCr as JFIF has it, in 16-bit fixed point.
func rgb(y, cb, cr int32) (r, g, b int32) {
	y = y<<16 + 1<<15
	return clamp((y + 91881*cr) >> 16), clamp((y - 22554*cb - 46802*cr) >> 16), clamp((y + 116130*cb) >> 16)
}

func clamp(v int32) int32 { return max(0, min(255, v)) }
