package upgrade

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A marker that names no copy, or one elsewhere, has nothing moved or removed.
func TestMarkerLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"{}", "", "[", `{"copy":"."}`, `{"copy":".."}`, `{"copy":"../../storage","putBack":true}`, `{"copy":"a/b"}`, `{"copy":"/etc"}`,
		`{"copy":"a","putBack":true,"aside":"../b"}`,
	} {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, folder, "a"), 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, folder, markerFile)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := readMarker(dir)
		if m != nil || err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v %v", text, m, err)
		}
	}
}
