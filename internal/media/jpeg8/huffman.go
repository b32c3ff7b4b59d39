package jpeg8

// lookBits is how many bits of a code are looked up at once.
const lookBits = 10

// table is a Huffman table (§C). look has symbol<<8 | length for every code of up to
// lookBits; longer ones go by max, the greatest code of each length.
type table struct {
	ok     bool
	look   [1 << lookBits]uint16
	max    [17]int32
	offset [17]int32
	values [256]byte
}

func (d *decoder) huffmanTables(b []byte) error {
	for len(b) > 0 {
		if len(b) < 17 || b[0]>>4 > 1 || b[0]&15 > 3 {
			return d.fault("Huffman table")
		}
		total := 0
		for _, n := range b[1:17] {
			total += int(n)
		}
		if total == 0 || total > 256 || len(b) < 17+total {
			return d.fault("Huffman table")
		}
		t := &d.huffman[b[0]>>4][b[0]&15]
		*t = table{ok: true}
		copy(t.values[:], b[17:17+total])
		code, at := int32(0), int32(0)
		for length := 1; length <= 16; length++ {
			n := int32(b[length])
			t.offset[length] = at - code
			if code+n > 1<<length {
				return d.fault("Huffman codes")
			}
			if length <= lookBits {
				for i := range n {
					shift := lookBits - length
					first := (code + i) << shift
					for j := range int32(1) << shift {
						t.look[first+j] = uint16(t.values[at+i])<<8 | uint16(length)
					}
				}
			}
			code, at = code+n, at+n
			t.max[length] = code - 1
			if n == 0 {
				t.max[length] = -1
			}
			code <<= 1
		}
		b = b[17+total:]
	}
	return nil
}

// decode reads one symbol.
func (t *table) decode(in *input) (byte, bool) {
	if in.n < 32 {
		in.fill()
	}
	if e := t.look[in.acc>>(64-lookBits)]; e != 0 {
		in.drop(uint(e & 0xFF))
		return byte(e >> 8), true
	}
	for length := lookBits + 1; length <= 16; length++ {
		if code := int32(in.acc >> (64 - length)); code <= t.max[length] {
			in.drop(uint(length))
			return t.values[(code+t.offset[length])&0xFF], true
		}
	}
	return 0, false
}
