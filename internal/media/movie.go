package media

import "encoding/binary"

// movieSeconds reads the duration of an MP4 or QuickTime file from its movie header
// (ISO/IEC 14496-12 §8.2.2); 0 where it does not tell, as in fragments.
func (f *file) movieSeconds() (seconds float64) {
	f.boxes([]string{"moov"}, func(kind string, b []byte) {
		if kind != "mvhd" || len(b) < 32 {
			return
		}
		scale, length := uint64(binary.BigEndian.Uint32(b[12:])), uint64(binary.BigEndian.Uint32(b[16:]))
		if length == 0xFFFFFFFF {
			length = 0
		}
		if b[0] == 1 {
			scale, length = uint64(binary.BigEndian.Uint32(b[20:])), binary.BigEndian.Uint64(b[24:])
		}
		if scale > 0 {
			seconds = float64(length) / float64(scale)
		}
	})
	if seconds > maxSeconds {
		return 0
	}
	return seconds
}
