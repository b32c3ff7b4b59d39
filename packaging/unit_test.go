package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"onlibrary/internal/testapp"
)

const program = "/usr/bin/onlibrary"

// units are copies of the unit files of which the program exists, as
// systemd-analyze wants.
func units(t *testing.T) (dir string, names []string) {
	t.Helper()
	dir = t.TempDir()
	stand := filepath.Join(dir, "onlibrary")
	if err := os.WriteFile(stand, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob("../systemd/onlibrary*")
	if err != nil || len(found) != 3 {
		t.Fatalf("units: %v, %v", found, err)
	}
	for _, f := range found {
		text := strings.ReplaceAll(read(t, f), program, stand)
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(f)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		names = append(names, filepath.Base(f))
	}
	return dir, names
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestUnitExposesLittle wants an overall exposure of 2.0 at most, which
// systemd-analyze says by its exit code.
func TestUnitExposesLittle(t *testing.T) {
	dir, _ := units(t)
	tool := testapp.Tool(t, "systemd-analyze")
	out, err := exec.Command(tool, "security", "--offline=true", "--threshold=20", "--no-pager", filepath.Join(dir, "onlibrary.service")).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestUnitsAreClean wants nothing in them that systemd does not know.
func TestUnitsAreClean(t *testing.T) {
	dir, names := units(t)
	args := []string{"verify", "--man=no", "--recursive-errors=no"}
	for _, n := range names {
		args = append(args, filepath.Join(dir, n))
	}
	out, err := exec.Command(testapp.Tool(t, "systemd-analyze"), args...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestEveryLineOfTheUnitSaysWhy wants a comment above each group of settings
// that keep the service from something.
func TestEveryLineOfTheUnitSaysWhy(t *testing.T) {
	for _, group := range strings.Split(read(t, "../systemd/onlibrary.service"), "\n\n")[2:] {
		told := false
		for line := range strings.Lines(strings.TrimSpace(group)) {
			switch {
			case strings.HasPrefix(line, "#"):
				told = true
			case strings.HasPrefix(line, "[") || strings.HasPrefix(line, "WantedBy="):
				told = true
			case !told:
				t.Errorf("no word on %s", line)
			}
		}
	}
}

// TestUnitLeavesWhatPreviewsNeed wants what the children that make previews
// do, to which nothing else in the unit points, to stay allowed.
func TestUnitLeavesWhatPreviewsNeed(t *testing.T) {
	text := read(t, "../systemd/onlibrary.service")
	for _, line := range []string{
		"RestrictNamespaces=user pid net ipc", // their sandbox
		"SystemCallFilter=landlock_create_ruleset landlock_add_rule landlock_restrict_self",
		"AmbientCapabilities=CAP_NET_BIND_SERVICE",
		"OOMPolicy=continue",
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("%s is missing", line)
		}
	}
	for _, line := range []string{"MemoryDenyWriteExecute=", "PrivateUsers=", "PrivateNetwork="} {
		if strings.Contains(text, "\n"+line) {
			t.Errorf("%s would break it", line)
		}
	}
}
