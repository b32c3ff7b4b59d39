package jpeg8

import (
	"encoding/binary"
	"io"
)

// input reads bytes, and bits of entropy-coded data, where a stuffed zero follows
// each 0xFF and a marker ends them (§F.1.2.3). Past the end there are zeros.
type input struct {
	r      io.Reader
	buf    [64 << 10]byte
	at, to int
	err    error // of r, io.EOF included

	acc    uint64 // n bits, from the top
	n      uint
	past   int  // bits made up past the end of the data
	marker byte // that ended the data
}

func (in *input) byte() byte {
	if in.at == in.to {
		if in.err != nil {
			return 0
		}
		in.at = 0
		in.to, in.err = io.ReadAtLeast(in.r, in.buf[:], 1)
		if in.to > 0 {
			in.err = nil
		}
		if in.to == 0 {
			if in.err == nil {
				in.err = io.EOF
			}
			return 0
		}
	}
	b := in.buf[in.at]
	in.at++
	return b
}

func (in *input) u16() int { return int(in.byte())<<8 | int(in.byte()) }

func (in *input) skip(n int) {
	for n > 0 && in.err == nil {
		step := min(n, in.to-in.at)
		in.at += step
		if n -= step; n > 0 {
			in.byte()
			n--
		}
	}
}

// fill makes at least 32 bits ready.
func (in *input) fill() {
	if in.to-in.at >= 4 && in.marker == 0 {
		v := binary.BigEndian.Uint32(in.buf[in.at:])
		if inv := ^v; (inv-0x01010101)&^inv&0x80808080 == 0 { // no 0xFF among them
			in.acc |= uint64(v) << (32 - in.n)
			in.n += 32
			in.at += 4
			return
		}
	}
	for in.n <= 56 {
		var b byte
		if in.marker == 0 && in.err == nil {
			b = in.byte()
			if b == 0xFF {
				m := in.byte()
				for m == 0xFF {
					m = in.byte()
				}
				if m != 0 {
					in.marker, b = m, 0
				}
			}
		}
		if in.marker != 0 || in.err != nil {
			in.past += 8
		}
		in.acc |= uint64(b) << (56 - in.n)
		in.n += 8
	}
}

func (in *input) drop(n uint) {
	in.acc <<= n
	in.n -= n
}

// bits reads up to 16 bits.
func (in *input) bits(n uint) uint32 {
	if in.n < n {
		in.fill()
	}
	v := uint32(in.acc >> (64 - n))
	in.drop(n)
	return v
}

// overrun says whether bits were used that were made up.
func (in *input) overrun() bool { return in.past > int(in.n) }

func (in *input) resetBits() { in.acc, in.n, in.past = 0, 0, 0 }

// restartMarker ends an interval and skips to the marker that begins the next.
func (in *input) restartMarker() bool {
	in.resetBits()
	for in.marker == 0 && in.err == nil {
		if in.byte() == 0xFF {
			m := in.byte()
			for m == 0xFF {
				m = in.byte()
			}
			in.marker = m
		}
	}
	if in.marker < 0xD0 || in.marker > 0xD7 {
		return false
	}
	in.marker = 0
	return true
}
