package doctor

import (
	"errors"
	"os"
	"syscall"
	"testing"
)

func TestFullDiskIsFound(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64m,mode=700"); err != nil {
		if os.Getenv("CI") == "true" && !errors.Is(err, syscall.EPERM) {
			t.Fatal(err)
		}
		t.Skipf("a small disk cannot be made here, which takes root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	p := healthy(t)
	p.Config.DataDir = dir
	if f := newRoom(p.Deps).disk(t.Context(), p); f.State != Failed || f.Hint == "" {
		t.Errorf("%+v", f)
	}
}
