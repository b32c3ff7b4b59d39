package jpeg8

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// scene is a picture with edges and colours, of an odd size.
func scene(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), uint8((x/16 + y/16) % 2 * 200), 255})
		}
	}
	return img
}

func encode(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// distance is the mean difference of a channel between got and the whole picture
// averaged by blocks.
func distance(t *testing.T, whole image.Image, got *image.RGBA) float64 {
	t.Helper()
	b := whole.Bounds()
	if want := image.Rect(0, 0, (b.Dx()+7)/8, (b.Dy()+7)/8); got.Bounds() != want {
		t.Fatalf("bounds %v, want %v", got.Bounds(), want)
	}
	sum, n := 0.0, 0
	for y := range b.Dy() / 8 {
		for x := range b.Dx() / 8 {
			var mean [3]int
			for j := range 8 {
				for i := range 8 {
					r, g, bl, _ := whole.At(b.Min.X+8*x+i, b.Min.Y+8*y+j).RGBA()
					mean[0] += int(r >> 8)
					mean[1] += int(g >> 8)
					mean[2] += int(bl >> 8)
				}
			}
			for k := range 3 {
				d := mean[k]/64 - int(got.Pix[y*got.Stride+4*x+k])
				sum += float64(max(d, -d))
				n++
			}
		}
	}
	return sum / float64(n)
}

func TestDecode(t *testing.T) {
	t.Parallel()
	grey := image.NewGray(image.Rect(0, 0, 333, 77))
	for i := range grey.Pix {
		grey.Pix[i] = uint8(i)
	}
	for name, img := range map[string]image.Image{"colour": scene(517, 301), "grey": grey, "small": scene(3, 5), "narrow": scene(1, 400)} {
		data := encode(t, img)
		whole, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(bytes.NewReader(data), 1<<30)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := distance(t, whole, got); d > 6 {
			t.Errorf("%s: differs by %.1f", name, d)
		}
	}
}

// TestVariants decodes what another encoder writes.
func TestVariants(t *testing.T) {
	t.Parallel()
	vips, err := exec.LookPath("vips")
	if err != nil {
		t.Skip("vips (libvips-tools) is not installed")
	}
	whole := scene(517, 301)
	dir := t.TempDir()
	in := filepath.Join(dir, "in.jpg")
	if err := os.WriteFile(in, encode(t, whole), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, options := range map[string]string{
		"progressive": "[interlace]", "444": "[subsample-mode=off]", "optimized": "[optimize-coding]", "restart": "[restart-interval=3]",
		"progressive restart": "[interlace,restart-interval=5]", "trellis": "[interlace,optimize-scans,trellis-quant]",
	} {
		out := filepath.Join(dir, name+".jpg")
		if msg, err := exec.Command(vips, "copy", in, out+options).CombinedOutput(); err != nil {
			t.Logf("%s: vips can't: %s", name, msg)
			continue
		}
		data, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(bytes.NewReader(data), 1<<30)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := distance(t, whole, got); d > 6 {
			t.Errorf("%s: differs by %.1f", name, d)
		}
	}
}

func TestBroken(t *testing.T) {
	t.Parallel()
	data := encode(t, scene(517, 301))
	if _, err := Decode(bytes.NewReader(data), 1000); !errors.Is(err, ErrFormat) {
		t.Errorf("too large: %v", err)
	}
	if _, err := Decode(bytes.NewReader(data[:len(data)*9/10]), 1<<30); err != nil {
		t.Errorf("cut near its end: %v", err)
	}
	for _, cut := range []int{0, 1, 2, 20, 200, 620, len(data) / 4} {
		if _, err := Decode(bytes.NewReader(data[:cut]), 1<<30); !errors.Is(err, ErrFormat) {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
	fault := errors.New("fault")
	if _, err := Decode(io.MultiReader(bytes.NewReader(data[:1000]), failing{fault}), 1<<30); !errors.Is(err, fault) {
		t.Errorf("a failing reader: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func FuzzDecode(f *testing.F) {
	f.Add(encode(f, scene(40, 30)))
	f.Add(encode(f, image.NewGray(image.Rect(0, 0, 9, 9))))
	f.Fuzz(func(t *testing.T, data []byte) {
		img, err := Decode(bytes.NewReader(data), 1<<20)
		if err == nil && (img.Bounds().Empty() || img.Bounds().Dx()*img.Bounds().Dy() > 1<<20) {
			t.Errorf("bounds %v", img.Bounds())
		}
	})
}
