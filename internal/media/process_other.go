//go:build !linux

package media

import (
	"os"
	"syscall"
)

func self() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

// A sandbox is how a child is kept apart by the kernel: here not at all.
type sandbox struct{ name string }

func sandboxes() []sandbox { return []sandbox{{"no namespaces"}} }

func (sandbox) attr() *syscall.SysProcAttr { return nil }

func killedFromOutside(state *os.ProcessState) bool { return !state.Exited() }

// resident is not known: only GOMEMLIMIT bounds the child here.
func resident(int) int64 { return 0 }

func killTree(child *os.Process, exited <-chan struct{}) {
	select {
	case <-exited:
	default:
		_ = child.Kill()
	}
}
