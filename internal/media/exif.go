package media

import "encoding/binary"

// orientation reads how a picture is to be turned, 1 to 8 as EXIF 2.32 §4.6.4.A
// (tag 0x0112) has it, from a JPEG, PNG or WebP; 1, as it is, where nothing is told.
func (f *file) orientation() int {
	switch {
	case f.is(0, "\xff\xd8"):
		o := 1
		f.jpegSegments(func(marker byte, from, to int64) bool {
			if marker == 0xE1 && string(f.at(from, 6)) == "Exif\x00\x00" {
				o = tiffOrientation(f.at(from+6, int(min(to-from-6, 64<<10))))
				return false
			}
			return true
		})
		return o
	case f.is(0, "\x89PNG"):
		return f.chunkOrientation(8, "eXIf", 8, binary.BigEndian, 4)
	case f.is(0, "RIFF"):
		return f.chunkOrientation(12, "EXIF", 8, binary.LittleEndian, 0)
	}
	return 1
}

// chunkOrientation walks the chunks of a PNG, which have length before name and a sum
// behind, or of a RIFF file, which have name before length and are padded.
func (f *file) chunkOrientation(at int64, name string, header int64, order binary.ByteOrder, sum int64) int {
	for range 1000 {
		b := f.at(at, 8)
		if len(b) < 8 {
			return 1
		}
		kind, length := string(b[4:]), int64(order.Uint32(b))
		if sum == 0 {
			kind, length = string(b[:4]), int64(order.Uint32(b[4:]))
		}
		if kind == name {
			return tiffOrientation(f.at(at+header, int(min(length, 64<<10))))
		}
		at += header + length + sum
		if sum == 0 {
			at += length % 2
		}
	}
	return 1
}

// tiffOrientation finds the tag in the first directory of a TIFF structure (TIFF 6.0
// §2), as EXIF embeds it.
func tiffOrientation(b []byte) int {
	if len(b) > 6 && string(b[:6]) == "Exif\x00\x00" { // some WebP files repeat it
		b = b[6:]
	}
	if len(b) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if string(b[:2]) == "MM" {
		order = binary.BigEndian
	}
	dir := int64(order.Uint32(b[4:]))
	if dir+2 > int64(len(b)) {
		return 1
	}
	b = b[dir:]
	n := int(order.Uint16(b))
	for b = b[2:]; n > 0 && len(b) >= 12; n, b = n-1, b[12:] {
		if order.Uint16(b) == 0x0112 {
			if o := int(order.Uint16(b[8:])); o >= 1 && o <= 8 {
				return o
			}
			return 1
		}
	}
	return 1
}
