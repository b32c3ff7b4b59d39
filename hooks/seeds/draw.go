package seeds

import (
	"hash/fnv"
	"image"
	"image/color"
	"math/rand/v2"
)

// draw makes a calm abstract picture of hills below a sun, always the same for
// the same seed.
func draw(seed string, width, height int) image.Image {
	h := fnv.New64a()
	_, _ = h.Write([]byte(seed))                // never fails
	dice := rand.New(rand.NewPCG(h.Sum64(), 7)) //nolint:gosec // for a picture, not a secret
	palettes := [][4]color.RGBA{
		{{0xf6, 0xe3, 0xc5, 255}, {0xe0, 0x7a, 0x3f, 255}, {0x8a, 0x4b, 0x16, 255}, {0x3b, 0x2a, 0x1e, 255}},
		{{0xd9, 0xe8, 0xe6, 255}, {0xf2, 0xc1, 0x4e, 255}, {0x3f, 0x7d, 0x75, 255}, {0x1d, 0x3c, 0x45, 255}},
		{{0xef, 0xe1, 0xe9, 255}, {0xd9, 0x5d, 0x7b, 255}, {0x6d, 0x4a, 0x84, 255}, {0x2e, 0x25, 0x4c, 255}},
		{{0xe4, 0xea, 0xf4, 255}, {0xf0, 0x9a, 0x6b, 255}, {0x4a, 0x6f, 0xa5, 255}, {0x1f, 0x2f, 0x4f, 255}},
	}
	p := palettes[dice.IntN(len(palettes))]
	sunX, sunY, radius := width/4+dice.IntN(width/2), height/5+dice.IntN(height/4), width/8+dice.IntN(width/8)
	var slopes [2][3]float64
	for i := range slopes {
		slopes[i] = [3]float64{0.5 + 0.2*float64(i) + 0.1*dice.Float64(), dice.Float64() - 0.5, 0.3 + 0.4*dice.Float64()}
	}
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := p[0]
			if dx, dy := x-sunX, y-sunY; dx*dx+dy*dy < radius*radius {
				c = p[1]
			}
			at := float64(x)/float64(width) - 0.5
			for i, s := range slopes {
				if float64(y) > float64(height)*(s[0]+0.3*s[1]*at+s[2]*at*at) {
					c = p[2+i]
				}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}
