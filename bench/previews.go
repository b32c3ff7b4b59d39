package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"

	"onlibrary/internal/media"
)

// Twelve previews of each file count, after three that warm up.
const (
	previewsWarmUp = 3
	previewsRounds = 12
)

// previews makes the same small pictures as the usual tools do, by turns: ours
// through a child process that the server would use, theirs as a command.
func previews(b *bench) (figures []figure, err error) {
	p := media.New(media.Config{Executable: b.program, CacheDir: filepath.Join(b.dir, "pdfium"), TempDir: b.dir})
	defer func() { err = errors.Join(err, p.Close()) }()
	if err := p.Warm(context.Background()); err != nil {
		return nil, err
	}
	pdf, pdfSaid, err := b.pdf()
	if err != nil {
		return nil, err
	}
	photograph, err := b.photograph(6000, 4000)
	if err != nil {
		return nil, err
	}
	out := filepath.Join(b.dir, "theirs")
	cases := []preview{
		{"preview of a PDF", pdfSaid + ", page 1", pdf, media.Type{ContentType: "application/pdf", Kind: media.KindDocument}, 2,
			[]string{"pdftoppm", "-f", "1", "-l", "1", "-singlefile", "-jpeg", "-scale-to", "512", pdf, out}},
		{"preview of a JPEG", "generated, 24 megapixels", photograph, media.Type{ContentType: "image/jpeg", Kind: media.KindImage}, 3,
			[]string{"vipsthumbnail", "--size", "512x512", "-o", out + ".jpg", photograph}},
	}
	if installed("ffmpeg") {
		video, err := b.video()
		if err != nil {
			return nil, err
		}
		cases = append(cases, preview{"preview of a video", "generated, 1080p H.264, 20 s", video, media.Type{ContentType: "video/mp4", Kind: media.KindVideo}, 1.3,
			[]string{"ffmpeg", "-v", "error", "-ss", "2", "-i", video, "-frames:v", "1", "-y", out + ".jpg"}})
	}
	for _, c := range cases {
		f, err := c.measure(p)
		if err != nil {
			return figures, fmt.Errorf("%s: %w", c.what, err)
		}
		figures = append(figures, shown(f))
	}
	return figures, nil
}

type preview struct {
	what, data string
	path       string
	is         media.Type
	times      float64
	rival      []string
}

func (c preview) measure(p *media.Previewer) (figure, error) {
	f := figure{What: c.what, Data: c.data, Unit: "ms", Rival: c.rival[0], Times: c.times}
	acts := []func() error{func() error {
		made, err := p.Preview(context.Background(), c.path, c.is)
		if err == nil && made.Thumbnail == nil {
			err = fmt.Errorf("no picture: %s", made.Detail)
		}
		return err
	}}
	if installed(c.rival[0]) {
		acts = append(acts, func() error {
			if out, err := exec.Command(c.rival[0], c.rival[1:]...).CombinedOutput(); err != nil {
				return fmt.Errorf("%s: %w: %s", c.rival[0], err, out)
			}
			return nil
		})
	} else {
		f.Rival += " is not installed"
	}
	times, err := inTurns(previewsWarmUp, previewsRounds, acts...)
	if err != nil {
		return f, err
	}
	f.Ours = times[0]
	if len(times) > 1 {
		f.Theirs = times[1]
	}
	return f, nil
}

func installed(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}
