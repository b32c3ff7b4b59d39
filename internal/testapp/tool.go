package testapp

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Tool finds a program that tests use, such as "mailpit", where the Makefile
// puts it or in the PATH. The test is skipped without it, but not in CI.
func Tool(t testing.TB, name string) string {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; root != filepath.Dir(root); root = filepath.Dir(root) {
		path := filepath.Join(root, ".cache", "tools", name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is missing: make need-tools", name)
	}
	t.Skipf("%s is missing: make need-tools", name)
	return ""
}
