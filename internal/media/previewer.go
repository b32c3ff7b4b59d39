package media

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
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

const places = 2

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

// needOf says how many places a file's job takes, or that there is nothing to do.
func needOf(path string, t Type) (need int64, ok bool, err error) {
	fi, err := os.Stat(path)
	if err != nil {
		return 0, false, err
	}
	if !fi.Mode().IsRegular() {
		return 0, false, fmt.Errorf("%s is not a file", path)
	}
	switch t.Kind {
	case KindVideo:
		return places, true, nil
	case KindImage:
		f, err := os.Open(path)
		if err != nil {
			return 0, false, err
		}
		defer f.Close()
		w, h, err := ImageSize(f, fi.Size())
		if errors.Is(err, errNoSize) {
			return 1, true, nil
		}
		if err != nil {
			return 0, false, err
		}
		// A large JPEG is decoded at an eighth; others take up to 8 bytes a pixel.
		if large := int64(w)*int64(h) > 8_000_000; large && !(t.ContentType == "image/jpeg" && max(w, h) >= eighthSide) {
			return places, true, nil
		}
		return 1, true, nil
	case KindArchive, KindOther:
		return 0, false, nil
	}
	switch t.ContentType {
	case "text/plain", "text/csv", "application/rtf", "application/msword", "application/vnd.ms-excel", "application/x-mobipocket-ebook", "application/vnd.comicbook-rar":
		return 0, false, nil
	}
	return 1, true, nil
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

// tried returns the strictest sandbox in which a child starts on this machine.
func (p *Previewer) tried(ctx context.Context) (sandbox, error) {
	p.sandboxing.Lock()
	defer p.sandboxing.Unlock()
	if p.sandbox != nil {
		return *p.sandbox, nil
	}
	var errs []error
	for _, s := range sandboxes() {
		ctx, cancel := context.WithTimeout(ctx, startTime)
		cmd := exec.CommandContext(ctx, p.cfg.Executable, ChildArg, probeArg)
		cmd.SysProcAttr, cmd.Env = s.attr(), environment(p.cfg.TempDir)
		err := cmd.Run()
		cancel()
		if err == nil {
			p.sandbox = &s
			return s, nil
		}
		errs = append(errs, fmt.Errorf("with %s: %w", s.name, err))
	}
	return sandbox{}, fmt.Errorf("no previewer can be started: %w", errors.Join(errs...))
}

// Sandbox says in English what bounds hold on this machine, or why no child starts.
func (p *Previewer) Sandbox() string {
	s, err := p.tried(p.ctx)
	if err != nil {
		return err.Error()
	}
	bounds := []string{s.name}
	if abi := landlockABI(); abi > 0 {
		bounds = append(bounds, fmt.Sprintf("Landlock %d for FFmpeg", abi))
	}
	if runtime.GOOS == "linux" {
		bounds = append(bounds, "resource limits")
	}
	return strings.Join(bounds, ", ")
}

// Warm compiles PDFium into the cache, in a child, where that is not done yet (about
// 5 s of one core, once a version; a third of a second to see that it is done). It
// may run in the background from the start of the server.
func (p *Previewer) Warm(ctx context.Context) error {
	ctx, done, err := p.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	_, err = p.compile(ctx)
	return err
}

// compile sees once in its life that PDFium is in the cache and starts, and returns
// the folder. The cache of another version, or of another processor, is of no use.
func (p *Previewer) compile(ctx context.Context) (string, error) {
	p.compiling.Lock()
	defer p.compiling.Unlock()
	if p.compiled {
		return p.cacheDir, nil
	}
	if err := p.makeCache(); err != nil {
		return "", fmt.Errorf("compile PDFium: %w", err)
	}
	if err := p.gate.Acquire(ctx, places); err != nil {
		return "", err
	}
	defer p.gate.Release(places)
	p.mu.Lock()
	idle := p.idle
	p.mu.Unlock()
	p.dismiss(idle)
	s, err := p.tried(ctx)
	if err != nil {
		return "", err
	}
	c, err := start(ctx, p.cfg.Executable, s.attr(), p.cfg.TempDir, compileArg)
	if err != nil {
		return "", err
	}
	defer c.kill()
	resp, err := c.ask(ctx, request{Compile: true, CacheDir: p.cacheDir, Memory: fullMemory * 3 / 4}, compileMemory, compileTime)
	if err == nil && resp.Fault != "" {
		err = errors.New(resp.Fault)
		// A damaged cache mends itself when it is made anew.
		err = errors.Join(err, os.RemoveAll(p.cacheDir))
	}
	if err != nil {
		return "", fmt.Errorf("compile PDFium: %w: %s", err, c.stderr)
	}
	p.compiled = true
	return p.cacheDir, nil
}

// makeCache makes the folder of this version and removes those of others.
func (p *Previewer) makeCache() error {
	root := p.cfg.CacheDir
	if root == "" {
		if p.ownCache {
			return os.MkdirAll(p.cacheDir, 0o700)
		}
		var err error
		if root, err = os.MkdirTemp(p.cfg.TempDir, "onlibrary-pdfium-"); err != nil {
			return err
		}
		p.ownCache = true
	}
	name := "pdfium-" + engineVersion()
	p.cacheDir = filepath.Join(root, name)
	if err := os.MkdirAll(p.cacheDir, 0o700); err != nil {
		return err
	}
	others, err := filepath.Glob(filepath.Join(root, "pdfium-*"))
	if err != nil {
		return err
	}
	for _, other := range others {
		if other != p.cacheDir {
			if err := os.RemoveAll(other); err != nil {
				return err
			}
		}
	}
	return nil
}

// engineVersion names the versions that the compiled form depends on.
func engineVersion() string {
	version := runtime.GOARCH
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == "github.com/klippa-app/go-pdfium" || dep.Path == "github.com/tetratelabs/wazero" {
				version += "-" + strings.TrimPrefix(dep.Version, "v")
			}
		}
	}
	return version
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
