package swap

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Where the data folder is a mount, or the folder of files in it is one, of
// another device or of the same, the contents are exchanged within it.
func TestMounts(t *testing.T) {
	for name, mount := range map[string]func(at, from string) error{
		"device": func(at, _ string) error { return syscall.Mount("tmpfs", at, "tmpfs", 0, "size=4m") },
		"bind":   func(at, from string) error { return syscall.Mount(from, at, "", syscall.MS_BIND, "") },
	} {
		for _, point := range []string{".", "storage"} {
			t.Run(name+" "+point, func(t *testing.T) {
				dir := t.TempDir()
				at := filepath.Join(dir, point)
				fill(t, at, nil)
				if point != "." {
					fill(t, at, map[string]string{"x": ""})
				}
				if err := mount(at, t.TempDir()); err != nil {
					t.Skipf("nothing can be mounted here, which takes root: %v", err)
				}
				t.Cleanup(func() {
					if err := syscall.Unmount(at, syscall.MNT_DETACH); err != nil {
						t.Error(err)
					}
				})
				fill(t, dir, map[string]string{"data.db": "old", "storage/c/r/old.txt": "old"})
				if err := begin(t, dir).Commit(); err != nil {
					t.Fatal(err)
				}
				want := fresh2()
				want[Aside+"/"+aside+"/data.db"] = "old"
				if point == "." {
					want[Aside+"/"+aside+"/storage/c/r/old.txt"] = "old"
				} else {
					want["storage/"+Aside+"/"+aside+"/c/r/old.txt"] = "old"
				}
				if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}
