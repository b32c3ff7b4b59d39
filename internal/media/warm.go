package media

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
)

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
