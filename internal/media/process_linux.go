package media

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// self is this program even when its file has been replaced since it started.
func self() string { return "/proc/self/exe" }

// A sandbox is how a child is kept apart by the kernel.
type sandbox struct {
	flags uintptr // of clone(2)
	name  string
}

// sandboxes returns the ways, the strictest first. Not every machine allows each: a
// user namespace may be forbidden to all, others want one or the superuser.
func sandboxes() []sandbox {
	const apart = syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC
	return []sandbox{
		{syscall.CLONE_NEWUSER | apart, "own user, process, network and IPC namespaces"},
		{apart, "own process, network and IPC namespaces"},
		{syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET, "own user and network namespaces"},
		{0, "no namespaces"},
	}
}

// attr asks for a process group of its own, an end with its parent, and the sandbox.
func (s sandbox) attr() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Cloneflags: s.flags}
	if s.flags&syscall.CLONE_NEWUSER == 0 {
		return a
	}
	// Each id stays what it is, so that files stay readable; the superuser keeps all of
	// them, though no power outside of the namespace.
	uid, gid, n := os.Getuid(), os.Getgid(), 1
	if uid == 0 {
		uid, gid, n = 0, 0, 1<<31-1
	}
	a.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: n}}
	a.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: n}}
	return a
}

// killedFromOutside tells the end by a signal that neither a fault nor a limit sends.
func killedFromOutside(state *os.ProcessState) bool {
	ws, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !ws.Signaled() {
		return false
	}
	switch ws.Signal() {
	case syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT:
		return true
	}
	return false
}

// resident returns the bytes of memory that a process and all its descendants hold.
func resident(pid int) int64 {
	var pages int64
	for _, p := range append(descendants(pid), pid) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p))
		if err != nil {
			continue // it has just ended
		}
		if fields := strings.Fields(string(b)); len(fields) > 1 {
			n, err := strconv.ParseInt(fields[1], 10, 64)
			if err == nil {
				pages += n
			}
		}
	}
	return pages * int64(os.Getpagesize())
}

// descendants returns the processes below pid. Orphans among them are still found, as
// the child takes them over (PR_SET_CHILD_SUBREAPER, or as init of its namespace).
func descendants(pid int) []int {
	var out []int
	for next := []int{pid}; len(next) > 0 && len(out) < 10_000; {
		children := childrenOf(next[0])
		next = append(next[1:], children...)
		out = append(out, children...)
	}
	return out
}

// childrenOf reads the children of each thread (proc_pid_task(5); all kernels that
// distributions ship have it).
func childrenOf(pid int) []int {
	dir := fmt.Sprintf("/proc/%d/task/", pid)
	tasks, err := os.ReadDir(dir)
	if err != nil {
		return nil // it has ended
	}
	var out []int
	for _, task := range tasks {
		b, err := os.ReadFile(dir + task.Name() + "/children")
		if err != nil {
			continue
		}
		for _, field := range bytes.Fields(b) {
			if n, err := strconv.Atoi(string(field)); err == nil {
				out = append(out, n)
			}
		}
	}
	return out
}

// killTree ends a child and all below it. The child goes last: while it lives it takes
// over every orphan, so none can slip away; it is stopped, so that it starts no more.
// In a process namespace its end alone would do.
func killTree(child *os.Process, exited <-chan struct{}) {
	select {
	case <-exited:
		return
	default:
	}
	pid := child.Pid
	_ = syscall.Kill(pid, syscall.SIGSTOP)
	for range 200 {
		living := 0
		for _, p := range descendants(pid) {
			if !isZombie(p) {
				living++
				_ = syscall.Kill(p, syscall.SIGKILL)
			}
		}
		if living == 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	_ = child.Kill()
}

func isZombie(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true // it is gone
	}
	_, after, _ := bytes.Cut(b, []byte(") "))
	return bytes.HasPrefix(after, []byte("Z")) || bytes.HasPrefix(after, []byte("X"))
}
