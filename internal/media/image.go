package media

import (
	"bytes"
	"image"
	"image/color"
	_ "image/gif"
	"image/jpeg"
	_ "image/png"
	"io"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"
)

// ImageSize reads the width and height of a picture from its header, without
// decoding it: JPEG, PNG, GIF, WebP, AVIF and HEIC. The size is as stored, before
// any EXIF orientation.
func ImageSize(r io.ReaderAt, size int64) (w, h int, err error) {
	c, _, err := image.DecodeConfig(io.NewSectionReader(r, 0, size))
	return c.Width, c.Height, err
}

func imageThumbnail(r io.ReaderAt, size int64) ([]byte, string) {
	w, h, err := ImageSize(r, size)
	if err != nil || w*h > MaxPixels {
		return nil, DetailBroken
	}
	src, _, err := image.Decode(io.NewSectionReader(r, 0, size))
	if err != nil {
		return nil, DetailBroken
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, shrink(src), &jpeg.Options{Quality: 82}); err != nil {
		return nil, DetailBroken
	}
	return out.Bytes(), ""
}

func shrink(src image.Image) image.Image {
	b := src.Bounds()
	w, h := b.Dx(), b.Dy()
	if m := max(w, h); m > ThumbnailSide {
		w, h = max(1, w*ThumbnailSide/m), max(1, h*ThumbnailSide/m)
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(dst, dst.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.ApproxBiLinear.Scale(dst, dst.Bounds(), src, b, draw.Over, nil)
	return dst
}
