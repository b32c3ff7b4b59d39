//go:build !unix

package swap

import (
	"os"
	"path/filepath"
	"strings"
)

// onOtherDevice tells whether an entry is a link to a folder.
func onOtherDevice(dir, name string) (bool, error) {
	info, err := os.Lstat(filepath.Join(dir, name))
	if err != nil || info.Mode()&(os.ModeSymlink|os.ModeIrregular) == 0 {
		return false, err
	}
	to, err := os.Stat(filepath.Join(dir, name))
	return err == nil && to.IsDir(), nil
}

// SameDevice tells whether two folders lie on one volume, so that a file can be
// moved from one to the other.
func SameDevice(a, b string) bool {
	return strings.EqualFold(filepath.VolumeName(a), filepath.VolumeName(b))
}
