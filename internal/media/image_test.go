package media

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"testing"
)

func draw1(t testing.TB, data []byte) []byte {
	t.Helper()
	thumb, err := thumbnail(bytes.NewReader(data), int64(len(data)), maxDecoded)
	if err != nil {
		t.Fatal(err)
	}
	return thumb
}

func TestThumbnail(t *testing.T) {
	t.Parallel()
	clear := image.NewNRGBA(image.Rect(0, 0, 40, 20))
	for name, c := range map[string]struct {
		data []byte
		w, h int
		want string
	}{
		"JPEG":           {jpegOf(t, quarters(1200, 800)), 512, 341, "rgbw"},
		"large JPEG":     {jpegOf(t, quarters(4096, 2048)), 512, 256, "rgbw"},
		"small JPEG":     {jpegOf(t, quarters(40, 20)), 40, 20, "rgbw"},
		"tall PNG":       {pngOf(t, quarters(30, 3000)), 5, 512, "rgbw"},
		"GIF":            {gifOf(t, quarters(1100, 600)), 512, 279, "rgbw"},
		"clear on white": {pngOf(t, clear), 40, 20, "wwww"},
		"lossless WebP":  {unbase64(t, losslessWebP), 16, 16, "rgbw"},
		"lossy WebP":     {unbase64(t, lossyWebP), 16, 16, "rgbw"},
		"animated WebP":  {animatedWebP(unbase64(t, lossyWebP), false), 16, 16, "rgbw"},
		"clear frame":    {animatedWebP(unbase64(t, lossyWebP), true), 16, 16, "rgww"},
	} {
		thumb := draw1(t, c.data)
		size, _, err := image.DecodeConfig(bytes.NewReader(thumb))
		if err != nil || size.Width != c.w || size.Height != c.h {
			t.Errorf("%s: %dx%d, %v; want %dx%d", name, size.Width, size.Height, err, c.w, c.h)
		}
		if got := corners(t, thumb); got != c.want {
			t.Errorf("%s: corners %q, want %q", name, got, c.want)
		}
	}
}

func TestOrientation(t *testing.T) {
	t.Parallel()
	want := map[int]string{0: "rgbw", 1: "rgbw", 2: "grwb", 3: "wbgr", 4: "bwrg", 5: "rbgw", 6: "brwg", 7: "wgbr", 8: "gwrb", 9: "rgbw"}
	for orientation, want := range want {
		for _, size := range []image.Point{{100, 50}, {4000, 160}} {
			upright := jpegOf(t, quarters(size.X, size.Y))
			for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
				thumb := draw1(t, oriented(upright, order, orientation))
				if got := corners(t, thumb); got != want {
					t.Errorf("JPEG of %v turned by %d in %v: %q, want %q", size, orientation, order, got, want)
				}
				if c, _, err := image.DecodeConfig(bytes.NewReader(thumb)); err != nil || (c.Width < c.Height) != (orientation >= 5 && orientation <= 8) {
					t.Errorf("turned by %d is %dx%d, %v", orientation, c.Width, c.Height, err)
				}
			}
		}
	}
	data := pngOf(t, quarters(100, 50))
	data = append(append(bytes.Clone(data[:33]), pngChunk("eXIf", exif(binary.BigEndian, 6))...), data[33:]...)
	if got := corners(t, draw1(t, data)); got != "brwg" {
		t.Errorf("PNG turned: %q", got)
	}
}

func TestThumbnailRefuses(t *testing.T) {
	t.Parallel()
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 7000), 7000)
	deep := append([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", append(head, 16, 6, 0, 0, 0))...)
	good := jpegOf(t, quarters(300, 300))
	side := 20_000
	if raceDetected {
		side = 8000 // so that it is made in time
	}
	bomb := blackPNG(t, side, side)
	for name, c := range map[string]struct {
		data        []byte
		unsupported bool
	}{
		"a bomb":         {bomb, true},
		"16 bits a lot":  {deep, true},
		"no picture":     {[]byte("hello"), false},
		"cut JPEG":       {good[:len(good)/4], false},
		"cut PNG":        {pngOf(t, quarters(300, 300))[:100], false},
		"no WebP inside": {[]byte("RIFF\x1e\x00\x00\x00WEBPVP8 \x0a\x00\x00\x00\x30\x01\x00\x9d\x01\x2a\x01\x00\x01\x00\x00\x00"), false},
	} {
		_, err := thumbnail(bytes.NewReader(c.data), int64(len(c.data)), maxDecoded)
		if err == nil || errors.Is(err, errUnsupported) != c.unsupported {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFramedCover(t *testing.T) {
	t.Parallel()
	picture := pngOf(t, quarters(60, 80))
	read := func(href string) ([]byte, error) {
		if href == "../img/c.png" {
			return picture, nil
		}
		return nil, fmt.Errorf("read %q", href)
	}
	for name, c := range map[string]struct {
		svg  string
		want bool
	}{
		"framed":       {`<?xml version="1.0"?><!DOCTYPE svg><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><title>x</title><g><rect/><image width="60" xlink:href="../img/c.png"/></g></svg>`, true},
		"within":       {`<svg><image href="data:image/png;base64,` + base64.StdEncoding.EncodeToString(picture) + `"/></svg>`, true},
		"drawn":        {`<svg><image href="../img/c.png"/><path d="M0 0"/></svg>`, false},
		"two pictures": {`<svg><image href="../img/c.png"/><image href="../img/c.png"/></svg>`, false},
		"remote":       {`<svg><image href="http://127.0.0.1/c.png"/></svg>`, false},
		"nested":       {`<svg><image href="data:image/svg+xml;base64,` + base64.StdEncoding.EncodeToString([]byte(`<svg><image href="../img/c.png"/></svg>`)) + `"/></svg>`, false},
		"bomb":         {`<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg><text>&a;</text></svg>`, false},
	} {
		thumb, err := coverThumbnail([]byte(c.svg), maxDecoded, read)
		if (err == nil) != c.want || c.want && corners(t, thumb) != "rgbw" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzThumbnail(f *testing.F) {
	small := quarters(20, 10)
	for _, data := range [][]byte{
		jpegOf(f, small), pngOf(f, small), gifOf(f, small), oriented(jpegOf(f, small), binary.LittleEndian, 6), unbase64(f, losslessWebP),
		unbase64(f, lossyWebP), animatedWebP(unbase64(f, lossyWebP), true), []byte(`<svg><image href="data:image/png;base64,` + base64.StdEncoding.EncodeToString(pngOf(f, small)) + `"/></svg>`),
	} {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if w, h, err := ImageSize(bytes.NewReader(data), int64(len(data))); err == nil && w*h > 1<<20 {
			return // slow, and no other
		}
		if thumb, err := thumbnail(bytes.NewReader(data), int64(len(data)), maxDecoded); err == nil {
			corners(t, thumb)
		}
		if thumb, err := coverThumbnail(data, maxDecoded, func(string) ([]byte, error) { return data, nil }); err == nil {
			corners(t, thumb)
		}
	})
}
