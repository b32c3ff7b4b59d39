package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// load is the machine's load over the last minute.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// status returns a line of /proc/PID/status that counts kB, as MB of 1,000,000 bytes.
func status(pid int, name string) (float64, error) {
	return kilobytes(fmt.Sprintf("/proc/%d/status", pid), name)
}

func kilobytes(path, name string) (float64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			n, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return n * 1024 / 1e6, err
		}
	}
	return 0, fmt.Errorf("%s: no %s", path, name)
}

// tree returns the process and all that descend from it.
func tree(root int) ([]int, error) {
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // ended meanwhile
		}
		if err != nil {
			return nil, err
		}
		// The name in parentheses may hold anything; the parent is second after it.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		parent, err := strconv.Atoi(fields[1])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		children[parent] = append(children[parent], pid)
	}
	all := []int{root}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all, nil
}

// resident is the resident memory of a process and its descendants in MB;
// pages that they share count once.
func resident(root int) (float64, error) {
	pids, err := tree(root)
	if err != nil {
		return 0, err
	}
	var sum float64
	for _, pid := range pids {
		mb, err := kilobytes(fmt.Sprintf("/proc/%d/smaps_rollup", pid), "Pss")
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // ended meanwhile
		}
		if err != nil && pid != root {
			continue // ending: its memory is gone already
		}
		if err != nil {
			return 0, err
		}
		sum += mb
	}
	return sum, nil
}

// watch samples measure every 50 ms until stop is called, which returns the
// highest that it saw.
func watch(measure func() (float64, error)) (stop func() (float64, error)) {
	done := make(chan struct{})
	type peak struct {
		mb  float64
		err error
	}
	result := make(chan peak, 1)
	go func() {
		var p peak
		for {
			mb, err := measure()
			p.mb, p.err = max(p.mb, mb), errors.Join(p.err, err)
			select {
			case <-done:
				result <- p
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return func() (float64, error) {
		close(done)
		p := <-result
		return p.mb, p.err
	}
}
