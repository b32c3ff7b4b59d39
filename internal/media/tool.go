package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"time"
)

// Ends of a native tool, besides errTime and errCrashed.
var (
	errToolMissing = errors.New("tool is not installed")
	errToolFailed  = errors.New("tool refused the file")
)

const (
	maxToolOutput = 3 << 20
	toolDelay     = 500 * time.Millisecond
)

// tool runs a native program on the file and returns its output. errToolFailed,
// errCrashed and errTime are the file's fault, any other error the machine's. What
// it leaves running is ended with the child, which is spent by this.
func (j *job) tool(ctx context.Context, program string, args []string) ([]byte, error) {
	j.spent = true
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := &bounded{full: cancel}
	stderr := &tail{}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = []string{"LC_ALL=C"}
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = out, stderr
	cmd.WaitDelay = toolDelay
	confined := make(chan error)
	// The thread that starts a confined process can't be used for anything else, and
	// has to live as long as the process does.
	go func() { confined <- runConfined(cmd, program, j.request.Path) }()
	err := <-confined
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound):
		return nil, errToolMissing
	case out.exceeded:
		return nil, fmt.Errorf("%w: it wrote more than %d bytes", errToolFailed, maxToolOutput)
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		return out.Bytes(), nil
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return nil, fmt.Errorf("run %s: %w", program, err)
	}
	if usedUp(exit.ProcessState) {
		return nil, errTime
	}
	if killedFromOutside(exit.ProcessState) {
		return nil, fmt.Errorf("%s was ended from outside: %w", program, err)
	}
	if exit.ExitCode() < 0 || exit.ExitCode() >= 128 {
		return nil, fmt.Errorf("%w: %w: %s", errCrashed, err, stderr)
	}
	return nil, fmt.Errorf("%w: %w: %s", errToolFailed, err, stderr)
}

// bounded takes in so much, then calls full.
type bounded struct {
	bytes.Buffer
	exceeded bool
	full     func()
}

// Write fails once there is too much.
func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxToolOutput {
		b.exceeded = true
		b.full()
		return 0, bytes.ErrTooLarge
	}
	return b.Buffer.Write(p)
}
