package backups

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// On a full disk a backup says so in one line and leaves nothing; what is there
// stays, and with room again the next goes well. A restore that has no room
// changes nothing.
func TestFullDisk(t *testing.T) {
	h := furnish(t)
	for range 8 {
		h.document(t, strings.Repeat("a long text ", 100_000))
	}
	small := t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=24m"); err != nil {
		t.Skipf("a small disk cannot be made here, which takes root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(small, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	refused := func(what string, args ...string) {
		t.Helper()
		out, err := h.command(t, args...)
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "of room") {
			t.Errorf("%s: %s %v", what, out, err)
		}
		if left, err := os.ReadDir(small); err != nil || len(left) > 0 {
			t.Errorf("%s: left %v %v", what, left, err)
		}
	}
	refused("a full disk", "create", filepath.Join(small, "b.zip"))
	elsewhere := filepath.Join(t.TempDir(), "b.zip")
	if out, err := h.command(t, "create", elsewhere); err != nil {
		t.Fatal(out, err)
	}
	refused("no room to verify", "verify", "--scratch", small, elsewhere)
	h.workOn(filepath.Join(small, "data"))
	refused("no room to restore", "restore", "--yes", elsewhere)
}

// A disk that fills up while the backup is written is no different.
func TestDiskFillsUp(t *testing.T) {
	h := furnish(t)
	for range 8 {
		h.document(t, strings.Repeat("a long text ", 100_000))
	}
	small := t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=40m"); err != nil {
		t.Skipf("a small disk cannot be made here, which takes root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(small, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	ballast := filepath.Join(small, "ballast")
	filled := false
	o := &order{file: filepath.Join(small, "b.zip"), progress: func(int64, int64) {
		if filled {
			return
		}
		filled = true
		if err := os.WriteFile(ballast, make([]byte, 36<<20), 0o600); err != nil {
			t.Log(err) // it is full by then
		}
	}}
	err := h.CreateBackup(contextWith(t, o), "b.zip")
	if err == nil || !strings.Contains(err.Error(), "the disk is full") || strings.Contains(err.Error(), "\n") {
		t.Error(err)
	}
	if left := texts(t, small); len(left) != 1 {
		t.Errorf("left %v", left)
	}
}
