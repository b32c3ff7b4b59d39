//go:build ops

package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v3"

	"onlibrary/internal/testapp"
)

// release has goreleaser make the packages of a version for this machine, by
// the very file that makes all of a release, and returns the folder they are in.
// `make test-ops` has made the web app and the manual before.
func release(t *testing.T, version string) string {
	t.Helper()
	goreleaser := testapp.Tool(t, "goreleaser")
	var doc map[string]any
	if err := yaml.Unmarshal([]byte(read(t, "../.goreleaser.yaml")), &doc); err != nil {
		t.Fatal(err)
	}
	dist := t.TempDir()
	doc["dist"] = dist
	doc["builds"].([]any)[0].(map[string]any)["targets"] = []string{"linux_" + goarch(t)}
	doc["snapshot"] = map[string]any{"version_template": "{{ .Version }}"}
	text, err := yaml.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "goreleaser.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(goreleaser, "release", "--snapshot", "--clean", "--skip=before,sbom,archive", "--config", file)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "GORELEASER_CURRENT_TAG=v"+version)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dist
}

// deb is the Debian package of a version.
func deb(t *testing.T, version string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(release(t, version), "*.deb"))
	if err != nil || len(found) != 1 {
		t.Fatalf("packages: %v, %v", found, err)
	}
	return found[0]
}

func goarch(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOARCH").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out[:len(out)-1])
}
