package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"onlibrary/internal/media/jpeg8"
)

// errHeavy is a picture that takes more memory than this job was given.
var errHeavy = errors.New("a picture that takes more memory")

// errUnsupported is a picture that can't be drawn here, though nothing may be wrong
// with it.
var errUnsupported = errors.New("a picture that can't be drawn here")

const (
	// eighthSide is the longer side in pixels from which an eighth of a JPEG is enough.
	eighthSide = 4000
	// maxDecoded bounds the bytes of a decoded picture.
	maxDecoded  = 224 << 20
	jpegQuality = 82
)

// thumbnail draws a picture (JPEG, PNG, GIF, WebP) as a JPEG of at most 512x512,
// upright, on white. What is beyond the bounds or not known is errUnsupported, what
// takes more than most bytes to decode errHeavy; any other error says that the picture
// is broken, or is the reader's.
func thumbnail(r io.ReaderAt, size, most int64) ([]byte, error) {
	f := &file{r: r, size: size}
	f.head = f.at(0, headSize)
	src, err := f.picture(most)
	if f.err != nil {
		return nil, f.err
	}
	if err != nil {
		return nil, err
	}
	return encode(turn(shrink(src), f.orientation()))
}

func encode(img image.Image) ([]byte, error) {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: jpegQuality}); err != nil {
		return nil, fmt.Errorf("encode thumbnail: %w", err)
	}
	return out.Bytes(), nil
}

// picture decodes what is known, after a look at how large it would be.
func (f *file) picture(most int64) (image.Image, error) {
	w, h, err := ImageSize(f, f.size)
	if err != nil {
		return nil, err
	}
	if tooLarge(w, h) {
		return nil, errUnsupported
	}
	switch need := f.decoded(w, h); {
	case need > maxDecoded:
		return nil, errUnsupported
	case need > most:
		return nil, errHeavy
	}
	whole := io.NewSectionReader(f, 0, f.size)
	switch {
	case f.is(0, "\xff\xd8"):
		if max(w, h) >= eighthSide {
			return jpeg8.Decode(whole, MaxPixels)
		}
		img, err := jpeg.Decode(whole)
		if err != nil {
			// It bears with files that are cut short or that break the rules a little.
			return jpeg8.Decode(io.NewSectionReader(f, 0, f.size), MaxPixels)
		}
		return img, nil
	case f.is(0, "\x89PNG"):
		return png.Decode(whole)
	case f.is(0, "GIF8"):
		return gif.Decode(whole)
	case f.is(0, "RIFF"):
		return f.webp()
	}
	return nil, errUnsupported
}

// decoded returns about how many bytes a picture takes once decoded.
func (f *file) decoded(w, h int) int64 {
	pixels := int64(w) * int64(h)
	switch {
	case f.is(0, "\xff\xd8"):
		if max(w, h) >= eighthSide {
			return pixels / 8
		}
		return pixels * 4 // several times as much if it is progressive
	case f.is(0, "\x89PNG"):
		return pixels * int64(f.pngDepth())
	case f.is(0, "RIFF"):
		return pixels * 4
	}
	return pixels
}

// pngDepth returns the bytes of a pixel once decoded (PNG 3 §11.2.1).
func (f *file) pngDepth() int {
	if len(f.head) < 26 {
		return 8
	}
	depth := 1
	if kind := f.head[25]; kind == 2 || kind == 4 || kind == 6 {
		depth = 4
	}
	if f.head[24] == 16 {
		depth *= 2
	}
	return depth
}

// webp decodes a still WebP, or the first frame of an animated one, whose chunks make
// a WebP of their own (RFC 9649 §2.7.1.1).
func (f *file) webp() (image.Image, error) {
	at := int64(12)
	for range 1000 {
		b := f.at(at, 8)
		if len(b) < 8 {
			break
		}
		length := int64(binary.LittleEndian.Uint32(b[4:]))
		if string(b[:4]) == "ANMF" {
			if length < 16 || length > f.size-at-8 || length > maxDecoded {
				return nil, errNoSize
			}
			return stillWebP(f.at(at+8+16, int(length-16)))
		}
		at += 8 + length + length%2
	}
	return webp.Decode(io.NewSectionReader(f, 0, f.size))
}

// stillWebP wraps the chunks of a frame, an ALPH among them if it is transparent.
func stillWebP(chunks []byte) (image.Image, error) {
	head := []byte("RIFF\x00\x00\x00\x00WEBP")
	if bytes.HasPrefix(chunks, []byte("ALPH")) {
		frame := &file{r: bytes.NewReader(append([]byte("RIFF\x00\x00\x00\x00WEBP"), chunks...)), size: int64(12 + len(chunks))}
		w, h := frame.webpSize()
		if w < 1 || h < 1 {
			return nil, errNoSize
		}
		head = append(head, "VP8X\x0a\x00\x00\x00\x10\x00\x00\x00"...)
		head = append(head, byte(w-1), byte((w-1)>>8), byte((w-1)>>16), byte(h-1), byte((h-1)>>8), byte((h-1)>>16))
	}
	head = append(head, chunks...)
	binary.LittleEndian.PutUint32(head[4:], uint32(len(head)-8))
	return webp.Decode(bytes.NewReader(head))
}

// shrink draws src on white, at most 512 pixels a side and never larger than it is.
// Boxes are averaged first, then the rest goes by a finer filter.
func shrink(src image.Image) *image.RGBA {
	b := src.Bounds()
	w, h := b.Dx(), b.Dy()
	long := max(w, h)
	boxed := boxes(src, max(1, long/(2*ThumbnailSide)))
	if long <= ThumbnailSide {
		return boxed
	}
	dst := image.NewRGBA(image.Rect(0, 0, max(1, (w*ThumbnailSide+long/2)/long), max(1, (h*ThumbnailSide+long/2)/long)))
	draw.CatmullRom.Scale(dst, dst.Bounds(), boxed, boxed.Bounds(), draw.Src, nil)
	return dst
}

// boxes draws src on white with each box of k by k pixels as one, strip by strip.
func boxes(src image.Image, k int) *image.RGBA {
	b := src.Bounds()
	dst := image.NewRGBA(image.Rect(0, 0, (b.Dx()+k-1)/k, (b.Dy()+k-1)/k))
	strip := dst
	if k > 1 {
		strip = image.NewRGBA(image.Rect(0, 0, b.Dx(), k))
	}
	white := image.NewUniform(color.White)
	for y := range dst.Rect.Dy() {
		if k == 1 {
			draw.Draw(dst, dst.Rect, white, image.Point{}, draw.Src)
			draw.Draw(dst, dst.Rect, src, b.Min, draw.Over)
			break
		}
		rows := min(k, b.Dy()-y*k)
		r := image.Rect(0, 0, b.Dx(), rows)
		draw.Draw(strip, r, white, image.Point{}, draw.Src)
		draw.Draw(strip, r, src, image.Pt(b.Min.X, b.Min.Y+y*k), draw.Over)
		out := dst.Pix[y*dst.Stride:]
		for x := range dst.Rect.Dx() {
			columns := min(k, b.Dx()-x*k)
			var sum [3]int
			for j := range rows {
				px := strip.Pix[j*strip.Stride+4*x*k:][:4*columns]
				for i := 0; i < len(px); i += 4 {
					sum[0] += int(px[i])
					sum[1] += int(px[i+1])
					sum[2] += int(px[i+2])
				}
			}
			n := rows * columns
			out[4*x], out[4*x+1], out[4*x+2], out[4*x+3] = byte((sum[0]+n/2)/n), byte((sum[1]+n/2)/n), byte((sum[2]+n/2)/n), 255
		}
	}
	return dst
}

// turn makes a picture upright by its EXIF orientation.
func turn(src *image.RGBA, orientation int) *image.RGBA {
	if orientation <= 1 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		dst = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			tx, ty := x, y
			switch orientation {
			case 2:
				tx = w - 1 - x
			case 3:
				tx, ty = w-1-x, h-1-y
			case 4:
				ty = h - 1 - y
			case 5:
				tx, ty = y, x
			case 6:
				tx, ty = h-1-y, x
			case 7:
				tx, ty = h-1-y, w-1-x
			case 8:
				tx, ty = y, w-1-x
			}
			dst.SetRGBA(tx, ty, src.RGBAAt(x, y))
		}
	}
	return dst
}
