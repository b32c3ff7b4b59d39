package media

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
)

// isBaseMedia says whether the file begins with a box of the ISO base media file
// format (ISO/IEC 14496-12 §4.2) of one of these types.
func (f *file) isBaseMedia(types ...string) bool {
	if !f.is(4, types...) {
		return false
	}
	n := int64(binary.BigEndian.Uint32(f.head))
	return n == 0 || n == 1 || n >= 8 && n <= f.size
}

// brands returns the major and the compatible brands of the ftyp box.
func (f *file) brands() []string {
	n := min(int(binary.BigEndian.Uint32(f.head)), len(f.head))
	var out []string
	for at := 8; at+4 <= n; at += 4 {
		if at != 12 { // the minor version
			out = append(out, string(f.head[at:at+4]))
		}
	}
	return out
}

// pictureBrand is the test for AVIF or HEIC (ISO/IEC 23008-12 §10, AV1 Image File
// Format §6), which share the container with movies.
func pictureBrand(t Type) func(*file) (Type, error) {
	return func(f *file) (Type, error) {
		if !f.isBaseMedia("ftyp") || pictureType(f.brands()) != t.ContentType {
			return Type{}, errMismatch
		}
		return t, nil
	}
}

// pictureType returns the type of picture that the brands tell, or "" of a movie.
func pictureType(brands []string) string {
	if len(brands) == 0 {
		return ""
	}
	has := func(of []string, names ...string) bool {
		return slices.ContainsFunc(of, func(b string) bool { return slices.Contains(names, b) })
	}
	heic := []string{"heic", "heix", "heim", "heis", "hevc", "hevx"}
	major := brands[:1]
	general := has(major, "mif1", "msf1", "miaf")
	switch {
	case has(major, "avif", "avis"), general && has(brands, "avif", "avis"):
		return "image/avif"
	case has(major, heic...), general:
		return "image/heic"
	}
	return ""
}

// movie is the test for MP4 and QuickTime. Each is taken under the other's name, and
// told by its brand; QuickTime files of old have none.
func movie(t Type) func(*file) (Type, error) {
	return func(f *file) (Type, error) {
		switch {
		case f.isBaseMedia("ftyp"):
			brands := f.brands()
			if len(brands) == 0 || pictureType(brands) != "" {
				return Type{}, errMismatch
			}
			if t.Kind == KindVideo {
				t.ContentType = "video/mp4"
				if brands[0] == "qt  " {
					t.ContentType = "video/quicktime"
				}
			}
			return t, nil
		case t.ContentType == "video/quicktime" && f.isBaseMedia("moov", "mdat", "wide", "free", "skip", "pnot"):
			return t, nil
		}
		return Type{}, errMismatch
	}
}

// matroska is the test for an EBML file (RFC 8794 §11.2.8) of one of these DocTypes.
func matroska(docTypes ...string) func(*file) (Type, error) {
	return func(f *file) (Type, error) {
		if !f.is(0, "\x1a\x45\xdf\xa3") {
			return Type{}, errMismatch
		}
		head := f.head[:min(len(f.head), 256)]
		for _, d := range docTypes {
			if bytes.Contains(head, append([]byte{0x42, 0x82, 0x80 | byte(len(d))}, d...)) {
				return Type{"video/" + d, KindVideo}, nil
			}
		}
		return Type{}, errMismatch
	}
}

// ogg is the test for an Ogg file (RFC 3533) by the first packet of its first page.
func ogg(ext string) func(*file) (Type, error) {
	return func(f *file) (Type, error) {
		if !f.is(0, "OggS") || len(f.head) < 28 {
			return Type{}, errMismatch
		}
		packet := 27 + int(f.head[26])
		switch {
		case f.is(packet, "OpusHead"), ext == "ogg" && f.is(packet, "\x01vorbis", "\x7fFLAC", "Speex   "):
			return Type{"audio/ogg", KindAudio}, nil
		case ext == "ogg" && f.is(packet, "\x80theora", "fishead\x00"):
			return Type{"video/ogg", KindVideo}, nil
		}
		return Type{}, errMismatch
	}
}

// afterID3 returns where an ID3v2 tag ends (ID3v2.4 §3.1), 0 without one.
func (f *file) afterID3() int64 {
	if !f.is(0, "ID3") || len(f.head) < 10 {
		return 0
	}
	n := int64(10)
	if f.head[5]&0x10 != 0 {
		n += 10 // a footer
	}
	for i, b := range f.head[6:10] {
		n += int64(b&0x7F) << (7 * (3 - i))
	}
	return n
}

// sniffFLAC takes FLAC (RFC 9639 §8), which some tag with ID3 in front.
func sniffFLAC(f *file) (Type, error) {
	if string(f.at(f.afterID3(), 4)) != "fLaC" {
		return Type{}, errMismatch
	}
	return Type{"audio/flac", KindAudio}, nil
}

// sniffMP3 looks for two MPEG audio frames in a row, near the begin or after the
// tag; some files pad there.
func sniffMP3(f *file) (Type, error) {
	b := f.at(f.afterID3(), 64<<10)
	if strings.HasPrefix(string(b), "fLaC") {
		return Type{}, errMismatch
	}
	for i := 0; i+4 <= len(b); i++ {
		n := mpegFrame(b[i:])
		if n == 0 {
			continue
		}
		// The next must be of the same version, layer and sample rate.
		if next := i + n; next+4 <= len(b) && mpegFrame(b[next:]) > 0 && b[i+1]&0xFE == b[next+1]&0xFE && b[i+2]&0x0C == b[next+2]&0x0C {
			return Type{"audio/mpeg", KindAudio}, nil
		}
	}
	return Type{}, errMismatch
}

// mpegFrame returns the length in bytes of the MPEG audio frame whose header (ISO/IEC
// 11172-3 §2.4.1.3, 13818-3) b begins with, or 0.
func mpegFrame(b []byte) int {
	if len(b) < 4 || b[0] != 0xFF || b[1]&0xE0 != 0xE0 {
		return 0
	}
	version, layer := b[1]>>3&3, b[1]>>1&3 // 0 is 2.5, 2 is 2, 3 is 1; 1 is III, 2 is II, 3 is I
	rate, freq, pad := int(b[2]>>4), b[2]>>2&3, int(b[2]>>1&1)
	if version == 1 || layer == 0 || rate == 0 || rate == 15 || freq == 3 {
		return 0
	}
	kbps := [...][14]int{
		{32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448}, // 1, layer I
		{32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},    // 1, layer II
		{32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},     // 1, layer III
		{32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},    // 2, layer I
		{8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},         // 2, layers II and III
	}
	row := 3 - int(layer)
	if version != 3 {
		row = 3 + min(row, 1)
	}
	hz := []int{44100, 48000, 32000}[freq]
	switch version {
	case 2:
		hz /= 2
	case 0:
		hz /= 4
	}
	bps := kbps[row][rate-1] * 1000
	switch {
	case layer == 3:
		return (12*bps/hz + pad) * 4
	case layer == 1 && version != 3:
		return 72*bps/hz + pad
	}
	return 144*bps/hz + pad
}
