package swap

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// isApart tells whether an entry of a folder cannot be moved together with its
// contents: it is a mount, or leads elsewhere.
func isApart(dir, name string) (bool, error) {
	if apart, err := onOtherDevice(dir, name); apart || err != nil {
		return apart, err
	}
	// A folder may be mounted from the same device. Where /proc is closed, the
	// exchange fails on such a one, and is undone.
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return false, nil //nolint:nilerr // see above
	}
	defer f.Close()
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false, err
	}
	want := strings.NewReplacer(`\`, `\134`, " ", `\040`, "\t", `\011`, "\n", `\012`).Replace(filepath.Join(real, name))
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) > 4 && fields[4] == want {
			return true, nil
		}
	}
	return false, lines.Err()
}

// flushAll brings all that was written on the folder's file system to the disk:
// one call, however many files there are.
func flushAll(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Syncfs(int(f.Fd()))
}
