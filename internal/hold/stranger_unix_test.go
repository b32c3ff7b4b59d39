//go:build unix

package hold

import (
	"os"
	"strings"
	"testing"
)

// Root leaves nothing in another user's folder, and is told as whom to come.
func TestRootIsAStranger(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chown(dir, 4321, -1); err != nil {
		t.Skipf("a folder of another user's takes root: %v", err)
	}
	if _, err := Share(dir); err == nil || !strings.Contains(err.Error(), dir+" belongs to #4321") {
		t.Errorf("held: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v: %v", left, err)
	}
}
