//go:build ops && linux

package packaging

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"onlibrary/internal/testapp"
)

// store is a place for images of its own.
type store struct {
	t    *testing.T
	dir  string
	tool string
}

func (s store) cmd(args ...string) *exec.Cmd {
	return exec.Command(s.tool, append([]string{"--root", filepath.Join(s.dir, "root"), "--runroot", filepath.Join(s.dir, "run"), "--storage-driver", "vfs"}, args...)...)
}

func (s store) do(args ...string) string {
	s.t.Helper()
	out, err := s.cmd(args...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("buildah %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// base makes an image out of a fresh Debian and what this machine has, in the
// place of one of that name that would be fetched. The script comes last.
func (s store) base(name string, extra map[string]string, script string, env ...string) {
	s.t.Helper()
	c := s.do("from", "scratch")
	s.do("add", c, filepath.Join(cache, "debian-12.tar"), "/")
	for from, to := range extra {
		s.do("add", c, from, to)
	}
	s.do("run", "--isolation", "chroot", c, "--", "sh", "-ec", script)
	for _, e := range env {
		s.do("config", "--env", e, c)
	}
	s.do("commit", "--quiet", "--rm", c, name)
}

// TestOpsImage builds the image by the Dockerfile with buildah, of base images
// that stand in for those of a registry, which cannot be reached where the tests
// run; and has a container serve, preview with its FFmpeg and tell that it is well.
func TestOpsImage(t *testing.T) {
	fresh(t) // and so there is one
	dir := t.TempDir()
	s := store{t, dir, testapp.Tool(t, "buildah")}
	path := "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	line := func(name string, args ...string) string { return strings.TrimSpace(do(t, name, args...)) }
	node, npm := testapp.Tool(t, "node"), filepath.Join(line("npm", "root", "-g"), "npm")
	s.base("docker.io/library/debian:bookworm-slim", nil, "true", "PATH="+path)
	s.base("docker.io/library/node:22-bookworm-slim", map[string]string{node: "/usr/bin/node", npm: "/usr/lib/node_modules/npm"},
		"ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/bin/npm && npm --version", "PATH="+path)
	s.base("docker.io/library/golang:1.27-bookworm", map[string]string{line("go", "env", "GOROOT"): "/usr/local/go"},
		"/usr/local/go/bin/go version", "PATH=/usr/local/go/bin:"+path, "GOPATH=/go", "GOCACHE=/go/cache", "GOTOOLCHAIN=local", "GOFLAGS=-buildvcs=false", "GOPROXY="+line("go", "env", "GOPROXY"))
	archives, err := filepath.Abs(filepath.Join(cache, "archives"))
	must(t, err)
	must(t, os.MkdirAll(filepath.Join(archives, "partial"), 0o755))
	build := s.cmd("build", "--pull-never", "--isolation", "chroot", "--build-arg", "VERSION=0.0.1", "--format", "docker", "--tag", "onlibrary",
		"--volume", line("go", "env", "GOMODCACHE")+":/go/pkg/mod", "--volume", line("go", "env", "GOCACHE")+":/go/cache",
		"--volume", archives+":/var/cache/apt/archives", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	var image struct {
		Docker struct {
			Config struct {
				User        string
				Healthcheck struct{ Test []string }
				Volumes     map[string]any
				Entrypoint  []string
				Cmd         []string
				Env         []string
			} `json:"config"`
		}
	}
	must(t, json.Unmarshal([]byte(s.do("inspect", "onlibrary")), &image))
	c := image.Docker.Config
	if c.User != "10001:10001" || strings.Join(c.Healthcheck.Test, " ") != "CMD onlibrary health" || c.Volumes["/var/lib/onlibrary"] == nil || len(c.Entrypoint) == 0 {
		t.Errorf("%+v", c)
	}
	t.Setenv("BUILDAH_ISOLATION", "chroot")
	container := s.do("from", "--pull-never", "onlibrary")
	run := func(args ...string) *exec.Cmd {
		return s.cmd(append([]string{"run", "--env", "ONLIBRARY_SUPERUSER_EMAIL=" + email, "--env", "ONLIBRARY_SUPERUSER_PASSWORD=" + password, container, "--"}, args...)...)
	}
	if out, err := run("sh", "-c", "id -u; ! touch /usr/bin/onlibrary; stat -c %a:%u /var/lib/onlibrary").CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "10001\n") || !strings.Contains(string(out), "700:10001") {
		t.Errorf("%v: %s", err, out)
	}
	server := run(append(c.Entrypoint, c.Cmd...)...)
	server.Stdout, server.Stderr = os.Stderr, os.Stderr
	must(t, server.Start())
	defer func() { _ = server.Process.Signal(os.Interrupt); _ = server.Wait() }()
	ada := &reader{t: t, base: "http://127.0.0.1:8090", http: &http.Client{Timeout: 30 * time.Second}}
	ada.awaits()
	if out, err := run(c.Healthcheck.Test[1:]...).CombinedOutput(); err != nil {
		t.Errorf("it says that it is not well: %v: %s", err, out)
	}
	ada.signIn(email, password)
	if d := ada.uploads("film.mp4", film(t)); d.State != "ready" || d.StateDetail != "" || d.Thumbnail == "" {
		t.Errorf("no preview: %+v", d)
	}
}
