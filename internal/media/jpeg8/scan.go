package jpeg8

// scan reads a scan header (§B.2.3) and decodes the means of its blocks. A scan that
// has none of them is left to be skipped.
func (d *decoder) scan(b []byte) error {
	if !d.seenFrame || len(b) < 1 || len(b) != 4+2*int(b[0]) || b[0] < 1 || int(b[0]) > len(d.components) {
		return d.fault("scan header")
	}
	n := int(b[0])
	var in []*component
	blocks := 0
	for i := range n {
		var found *component
		for j := range d.components {
			if d.components[j].id == int(b[1+2*i]) {
				found = &d.components[j]
			}
		}
		if found == nil {
			return d.fault("scan component")
		}
		for _, c := range in {
			if c == found {
				return d.fault("repeated component")
			}
		}
		found.dcTable, found.ac = int(b[2+2*i]>>4), int(b[2+2*i]&15)
		if found.dcTable > 3 || found.ac > 3 {
			return d.fault("scan table")
		}
		in = append(in, found)
		blocks += found.h * found.v
	}
	if n > 1 && blocks > 10 {
		return d.fault("too many blocks")
	}
	start, high, low := b[1+2*n], b[3+2*n]>>4, b[3+2*n]&15
	if d.progressive && start > 0 {
		return nil
	}
	if low > 13 || high > 13 {
		return d.fault("successive approximation")
	}
	if !d.progressive {
		high, low = 0, 0
	}
	for _, c := range in {
		if high == 0 && !d.huffman[0][c.dcTable].ok || !d.progressive && !d.huffman[1][c.ac].ok {
			return d.fault("missing table")
		}
	}
	return d.blocks(in, high > 0, uint(low))
}

// blocks decodes every block of a scan (§F.2.2, §G.2): one by one for a single
// component, else MCU by MCU.
func (d *decoder) blocks(in []*component, refine bool, low uint) error {
	columns, rows := ceil(d.width, 8*d.maxH), d.rows
	single := len(in) == 1
	if single {
		columns, rows = in[0].width, in[0].height
	}
	d.in.resetBits()
	left := d.restart
	for _, c := range in {
		c.predicted = 0
	}
	for y := range rows {
		for x := range columns {
			if d.restart > 0 {
				if left == 0 {
					if !d.in.restartMarker() {
						return d.ended()
					}
					for _, c := range in {
						c.predicted = 0
					}
					left = d.restart
				}
				left--
			}
			for _, c := range in {
				h, v := c.h, c.v
				if single {
					h, v = 1, 1
				}
				for j := range v {
					for i := range h {
						if err := d.block(c, (y*v+j)*c.stride+x*h+i, refine, low); err != nil {
							return err
						}
					}
				}
			}
			if d.in.overrun() {
				return d.ended()
			}
		}
		if !refine && in[0] == &d.components[0] {
			d.decodedRows = (y + 1) * d.rows / rows
		}
	}
	d.scanned = true
	d.in.resetBits()
	return nil
}

// ended is the end of data before the end of a scan: what has been decoded decides.
func (d *decoder) ended() error {
	d.scanned = true
	d.in.resetBits()
	return nil
}

func (d *decoder) block(c *component, at int, refine bool, low uint) error {
	if refine {
		c.dc[at] |= int32(d.in.bits(1)) << low
		return nil
	}
	size, ok := d.huffman[0][c.dcTable].decode(&d.in)
	if !ok || size > 15 {
		return d.fault("mean")
	}
	if size > 0 {
		v := int32(d.in.bits(uint(size)))
		if v < 1<<(size-1) {
			v += -1<<size + 1
		}
		c.predicted += v
	}
	// Beyond 16 bits no valid mean lies; without the bound they would overflow.
	c.predicted = max(-1<<16, min(1<<16, c.predicted))
	c.dc[at] = c.predicted << low
	if d.progressive {
		return nil
	}
	ac := &d.huffman[1][c.ac]
	for k := 1; k < 64; k++ {
		symbol, ok := ac.decode(&d.in)
		if !ok {
			return d.fault("coefficient")
		}
		run, size := symbol>>4, symbol&15
		if size == 0 {
			if run != 15 {
				break
			}
			k += 15
			continue
		}
		k += int(run)
		d.in.bits(uint(size))
	}
	return nil
}
