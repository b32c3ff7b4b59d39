package media

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// Config says with what a Previewer works. Nothing in it is needed.
type Config struct {
	Executable string       // this program, which main lets act as the child; empty is the running one
	FFmpeg     string       // path; empty looks in PATH
	FFprobe    string       // path; empty looks beside FFmpeg, then in PATH
	CacheDir   string       // where PDFium is kept compiled (21 MB); empty is a temporary folder
	TempDir    string       // empty is os.TempDir
	Logger     *slog.Logger // empty is slog.Default
}

// Previewer makes previews of files, at most two at a time, each in a bounded child
// process. It is safe for concurrent use.
type Previewer struct {
	cfg             Config
	ffmpeg, ffprobe string
	gate            *semaphore.Weighted // a job of large need takes both places
	wall, idleFor   time.Duration

	ctx  context.Context // ended by Close
	stop context.CancelFunc
	work sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	idle     *process // kept between jobs, as PDFium takes a third of a second to be ready
	cacheDir string   // of this version of PDFium, once it is there
	ownCache bool     // to be removed

	sandboxing sync.Mutex
	sandbox    *sandbox // nil until one has been tried with success
	compiling  sync.Mutex
	compiled   bool
}

// New returns a Previewer. It starts nothing until it is used.
func New(cfg Config) *Previewer {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.TempDir == "" {
		cfg.TempDir = os.TempDir()
	}
	if cfg.Executable == "" {
		cfg.Executable = self()
	}
	p := &Previewer{cfg: cfg, gate: semaphore.NewWeighted(places), wall: wallTime, idleFor: idleTime}
	p.ctx, p.stop = context.WithCancel(context.Background())
	p.ffmpeg = lookUp(cfg.FFmpeg, "ffmpeg")
	beside := ""
	if p.ffmpeg != "" && cfg.FFmpeg != "" {
		beside = lookUp(filepath.Join(filepath.Dir(p.ffmpeg), "ffprobe"), "")
	}
	if p.ffprobe = lookUp(cfg.FFprobe, ""); p.ffprobe == "" {
		if p.ffprobe = beside; p.ffprobe == "" {
			p.ffprobe = lookUp("", "ffprobe")
		}
	}
	return p
}

// lookUp returns the absolute path of a program, or "" if there is none.
func lookUp(path, name string) string {
	if path == "" {
		path = name
	}
	if path == "" {
		return ""
	}
	found, err := exec.LookPath(path)
	if err != nil {
		return ""
	}
	if found, err = filepath.Abs(found); err != nil {
		return ""
	}
	return found
}

// FFmpeg returns the path of FFmpeg, or "" where there is none: then video has no
// picture, and audio no duration.
func (p *Previewer) FFmpeg() string {
	if p.ffprobe == "" {
		return ""
	}
	return p.ffmpeg
}

// Preview makes the preview of the file at path, which Inspect found to be of type t.
// It takes at most 30 s from when its turn comes. An error is a fault of the machine
// (no child, no disk, killed from outside, ctx ended) and worth another try; whatever
// the file itself causes is final and told in the Preview.
func (p *Previewer) Preview(ctx context.Context, path string, t Type) (Preview, error) {
	ctx, done, err := p.begin(ctx)
	if err != nil {
		return Preview{}, err
	}
	defer done()
	if path, err = filepath.Abs(path); err != nil {
		return Preview{}, fmt.Errorf("preview: %w", err)
	}
	need, ok, err := needOf(path, t)
	if err != nil {
		return Preview{}, fmt.Errorf("preview: %w", err)
	}
	if !ok {
		return Preview{Detail: DetailUnsupported}, nil
	}
	req := request{Path: path, Type: t, FFmpeg: p.ffmpeg, FFprobe: p.ffprobe}
	if t.ContentType == "application/pdf" {
		if req.CacheDir, err = p.compile(ctx); err != nil {
			return Preview{}, err
		}
	}
	if demuxer(t.ContentType) != "" {
		dir, err := os.MkdirTemp(p.cfg.TempDir, "onlibrary-preview-")
		if err != nil {
			return Preview{}, fmt.Errorf("preview: %w", err)
		}
		defer func() {
			if err := os.RemoveAll(dir); err != nil {
				p.cfg.Logger.Warn("remove a preview's folder", "error", err)
			}
		}()
		req.Input = filepath.Join(dir, "input")
		if err := os.Symlink(path, req.Input); err != nil {
			return Preview{}, fmt.Errorf("preview: %w", err)
		}
	}
	preview, took, err := p.attempt(ctx, req, need, p.wall)
	if errors.Is(err, errMemory) && need < places {
		// It took more than was thought: once more, with all there is.
		preview, _, err = p.attempt(ctx, req, places, max(p.wall-took, p.wall/6))
	}
	switch {
	case err == nil:
		return preview, nil
	case errors.Is(err, errTime):
		return Preview{Detail: DetailTimeout, Failed: true}, nil
	case errors.Is(err, errMemory), errors.Is(err, errCrashed):
		return Preview{Detail: DetailBroken, Failed: true}, nil
	}
	if req.CacheDir != "" {
		// PDFium may not have started: the next one sees to it first.
		p.compiling.Lock()
		p.compiled = false
		p.compiling.Unlock()
	}
	return Preview{}, fmt.Errorf("preview: %w", err)
}

// begin counts a piece of work, whose context ends with ctx or by Close.
func (p *Previewer) begin(ctx context.Context) (context.Context, func(), error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil, errors.New("the previewer is closed")
	}
	p.work.Add(1)
	ctx, cancel := context.WithCancel(ctx)
	unlink := context.AfterFunc(p.ctx, cancel)
	return ctx, func() { unlink(); cancel(); p.work.Done() }, nil
}

// attempt runs a job in a child, when there is room for it, and tells how long it ran.
func (p *Previewer) attempt(ctx context.Context, req request, need int64, wall time.Duration) (Preview, time.Duration, error) {
	if err := p.gate.Acquire(ctx, need); err != nil {
		return Preview{}, 0, err
	}
	defer p.gate.Release(need)
	memory := int64(lightMemory)
	if need == places {
		memory = fullMemory
	}
	req.Memory = memory * 3 / 4
	c, err := p.take(ctx)
	if err != nil {
		return Preview{}, 0, err
	}
	started := time.Now()
	resp, err := c.ask(ctx, req, memory, wall)
	took := time.Since(started)
	log := p.cfg.Logger.With("type", req.Type.ContentType, "path", req.Path)
	if err != nil {
		c.kill()
		log.Info("a previewer did not answer", "error", err, "output", c.stderr.String())
		return Preview{}, took, err
	}
	p.putBack(c, resp.Spent || resp.Fault != "" || resp.Preview.Failed)
	if resp.Preview.Failed {
		log.Info("a file has no preview", "detail", resp.Preview.Detail, "output", c.stderr.String())
	}
	if resp.Heavy {
		return Preview{}, took, errMemory
	}
	if resp.Fault != "" {
		return Preview{}, took, errors.New(resp.Fault)
	}
	return resp.Preview, took, nil
}

// take returns the child that idles, or starts one.
func (p *Previewer) take(ctx context.Context) (*process, error) {
	p.mu.Lock()
	c := p.idle
	p.idle = nil
	p.mu.Unlock()
	if c != nil {
		c.idle.Stop()
		if resident(c.cmd.Process.Pid) < idleMemory && c.lives() {
			return c, nil
		}
		c.kill()
	}
	s, err := p.tried(ctx)
	if err != nil {
		return nil, err
	}
	return start(ctx, p.cfg.Executable, s.attr(), p.cfg.TempDir)
}

// putBack keeps a child for the next job, one at most and for a while, or ends it.
func (p *Previewer) putBack(c *process, spent bool) {
	if spent || c.jobs >= jobsOfChild {
		c.kill()
		return
	}
	p.mu.Lock()
	keep := p.idle == nil && !p.closed
	if keep {
		p.idle = c
		c.idle = time.AfterFunc(p.idleFor, func() { p.dismiss(c) })
	}
	p.mu.Unlock()
	if !keep {
		c.kill()
	}
}

// dismiss ends a child unless it has work again.
func (p *Previewer) dismiss(c *process) {
	p.mu.Lock()
	idles := p.idle == c
	if idles {
		p.idle = nil
	}
	p.mu.Unlock()
	if idles && c != nil {
		c.kill()
	}
}

// Close ends every child at once; previews that run end with an error.
func (p *Previewer) Close() error {
	p.mu.Lock()
	p.closed = true
	c := p.idle
	p.mu.Unlock()
	p.stop()
	p.dismiss(c)
	p.work.Wait()
	if p.ownCache {
		return os.RemoveAll(filepath.Dir(p.cacheDir))
	}
	return nil
}
