package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Ends of a job that the child did not answer, by the file's fault.
var (
	errMemory  = errors.New("out of memory")
	errTime    = errors.New("out of time")
	errCrashed = errors.New("crashed")
)

// exitCPU is the child's exit code when its processor time is used up.
const exitCPU = 152

// process is a running child, seen from the parent. One goroutine uses it at a time.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.ReadCloser
	stderr *tail
	exited chan struct{} // closed when it has been waited for
	jobs   int
	idle   *time.Timer
}

// start runs the program as a child and waits for its greeting.
func start(ctx context.Context, executable string, attr *syscall.SysProcAttr, tempDir string, args ...string) (*process, error) {
	p := &process{stderr: &tail{}, exited: make(chan struct{})}
	p.cmd = exec.Command(executable, append([]string{ChildArg}, args...)...)
	p.cmd.Env = environment(tempDir)
	p.cmd.Dir = os.TempDir()
	p.cmd.Stderr = p.stderr
	p.cmd.SysProcAttr = attr
	p.cmd.WaitDelay = time.Second
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start previewer: %w", err)
	}
	if p.out, err = p.cmd.StdoutPipe(); err != nil {
		return nil, fmt.Errorf("start previewer: %w", err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start previewer: %w", err)
	}
	go func() {
		// How it ended is in ProcessState.
		_ = p.cmd.Wait()
		close(p.exited)
	}()
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if _, err := p.await(ctx, fullMemory); err != nil {
		p.kill()
		return nil, fmt.Errorf("start previewer: %w: %s", err, p.stderr)
	}
	return p, nil
}

// environment is all that a child inherits.
func environment(tempDir string) []string {
	env := []string{"GOMEMLIMIT=128MiB", "GOTRACEBACK=single", "LC_ALL=C", "TMPDIR=" + tempDir}
	for _, name := range []string{"SystemRoot", "GOCOVERDIR"} { // Windows wants the first, coverage the second
		if v := os.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// ask gives the child a job and waits for its answer, at most for that time, while
// it and all that it started together stay below that memory. After an error the
// child is of no more use: errMemory, errTime and errCrashed are the file's fault,
// any other is the machine's.
func (p *process) ask(ctx context.Context, req request, memory int64, wall time.Duration) (response, error) {
	p.jobs++
	p.stderr.reset()
	if err := writeFrame(p.in, req); err != nil {
		return response{}, fmt.Errorf("ask previewer: %w", err)
	}
	limited, cancel := context.WithTimeoutCause(ctx, wall, errTime)
	defer cancel()
	return p.await(limited, memory)
}

// await reads one message.
func (p *process) await(ctx context.Context, memory int64) (response, error) {
	type result struct {
		resp response
		err  error
	}
	answer := make(chan result, 1)
	go func() {
		var r result
		r.err = readFrame(p.out, &r.resp)
		answer <- r
	}()
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		select {
		case r := <-answer:
			if r.err != nil {
				return response{}, p.ended(r.err)
			}
			return r.resp, nil
		case <-tick.C:
			if resident(p.cmd.Process.Pid) > memory {
				return response{}, errMemory
			}
		case <-ctx.Done():
			return response{}, context.Cause(ctx)
		}
	}
}

// ended says why a child that closed its output did so.
func (p *process) ended(err error) error {
	select {
	case <-p.exited:
	case <-time.After(time.Second):
		return fmt.Errorf("%w: output ended: %w", errCrashed, err)
	}
	state := p.cmd.ProcessState
	if code := state.ExitCode(); code == exitCPU {
		return errTime
	}
	if killedFromOutside(state) {
		return fmt.Errorf("the previewer was ended from outside: %s", state)
	}
	return fmt.Errorf("%w: %s", errCrashed, state)
}

// lives says whether the child has not ended by itself.
func (p *process) lives() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// kill ends the child and all that it started, at once, and waits for its end.
func (p *process) kill() {
	if p.idle != nil {
		p.idle.Stop()
	}
	killTree(p.cmd.Process, p.exited)
	<-p.exited
}

// tail keeps the first and the last KiB of what is written to it.
type tail struct {
	mu          sync.Mutex
	first, last []byte
}

const tailBytes = 1024

// Write never fails, so that whoever writes for ever is not blocked by it.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(b)
	if room := tailBytes - len(t.first); room > 0 {
		take := min(room, len(b))
		t.first, b = append(t.first, b[:take]...), b[take:]
	}
	if len(b) > tailBytes {
		b = b[len(b)-tailBytes:]
	}
	t.last = append(t.last, b...)
	if len(t.last) > tailBytes {
		t.last = t.last[len(t.last)-tailBytes:]
	}
	return n, nil
}

func (t *tail) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.first, t.last = nil, nil
}

// String returns what was kept, on one line.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(strings.Fields(strings.ToValidUTF8(string(t.first)+string(t.last), "?")), " ")
}
