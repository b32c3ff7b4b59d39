package server

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// With no room left it says so, goes on answering, and takes up again by itself
// once there is room.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64m"); err != nil {
		t.Skipf("a small disk cannot be made here, which takes root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	r := start(t, dir)
	for name, size := range map[string]int64{"while it is received": 100 << 20, "while it is stored": 35 << 20} {
		if _, _, status := r.send(t, size); status != 503 {
			t.Errorf("%s: %d", name, status)
		}
	}
	ballast := filepath.Join(dir, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	for err = nil; err == nil; {
		_, err = f.Write(make([]byte, 64<<10))
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if status := r.do(t, "GET", "/api/collections/library/records", nil, "", nil); status != 200 {
		t.Errorf("reading from a full disk: %d", status)
	}
	for range 50 { // the database has some room of its own
		body := strings.NewReader(`{"description":"` + strings.Repeat("x", 1900) + `"}`)
		if status := r.do(t, "PATCH", "/api/collections/library/records/library00000000", body, "application/json", nil); status != 200 && status != 503 {
			t.Errorf("writing to a full disk: %d", status)
		}
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if u, sum, status := r.send(t, 1<<20); status != 200 || u.SHA256 != sum {
		t.Errorf("with room again: %d", status)
	}
	left, err := filepath.Glob(filepath.Join(dir, "storage", "*", "*", "*.txt"))
	if err != nil || len(left) != 1 {
		t.Errorf("stored %v: %v", left, err)
	}
	if code := r.stop(t); code != 0 {
		t.Errorf("ended with %d: %s", code, r.stderr)
	}
}
