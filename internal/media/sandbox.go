package media

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
)

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
