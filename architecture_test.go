package main

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

type goPackage struct {
	ImportPath string
	Dir        string
	Imports    []string
	Deps       []string
	GoFiles    []string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Dir,Imports,Deps,GoFiles", "./...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var own []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return own
		} else if err != nil {
			t.Fatal(err)
		}
		if p.ImportPath == "onlibrary" || strings.HasPrefix(p.ImportPath, "onlibrary/") {
			own = append(own, p)
		}
	}
}

func TestImportsOnlyDownward(t *testing.T) {
	pure := []string{"onlibrary/internal/bibliography", "onlibrary/internal/epub", "onlibrary/internal/comic"}
	for _, p := range packages(t) {
		for _, i := range p.Imports {
			own := strings.HasPrefix(i, "onlibrary/")
			switch {
			case strings.HasPrefix(p.ImportPath, "onlibrary/hooks/") && strings.HasPrefix(i, "onlibrary/hooks/"):
				t.Errorf("room %s imports room %s", p.ImportPath, i)
			case strings.HasPrefix(p.ImportPath, "onlibrary/internal/") && own && !strings.HasPrefix(i, "onlibrary/internal/") &&
				p.ImportPath != "onlibrary/internal/testapp":
				t.Errorf("tool %s imports %s", p.ImportPath, i)
			case p.ImportPath == "onlibrary/pb_migrations" && own:
				t.Errorf("a migration imports %s", i)
			case i == "onlibrary/internal/testapp":
				t.Errorf("%s imports the tests' app", p.ImportPath)
			}
		}
		if slices.Contains(pure, p.ImportPath) {
			for _, d := range p.Deps {
				if d == "net/http" || d == "database/sql" || strings.HasPrefix(d, "github.com/pocketbase/") {
					t.Errorf("%s is pure, yet depends on %s", p.ImportPath, d)
				}
			}
		}
	}
}

func TestEachDoesItsOwn(t *testing.T) {
	// What only one package does, and how that looks in the source.
	for pattern, allowed := range map[string][]string{
		`\bos\.(Getenv|LookupEnv|Environ)\(`: {"onlibrary/internal/config", "onlibrary/pb_migrations", "onlibrary/internal/media", "onlibrary/internal/testapp"},
		`\bos\.Exit\(`:                       {"onlibrary", "onlibrary/internal/media"},
		`(?m)^func init\(\)`:                 {"onlibrary/pb_migrations"},
	} {
		re := regexp.MustCompile(pattern)
		for _, p := range packages(t) {
			if slices.Contains(allowed, p.ImportPath) || strings.HasPrefix(p.ImportPath, "onlibrary/bench") || p.ImportPath == "onlibrary/proof" {
				continue
			}
			for _, f := range p.GoFiles {
				text, err := os.ReadFile(filepath.Join(p.Dir, f))
				if err != nil {
					t.Fatal(err)
				}
				if re.Match(text) {
					t.Errorf("%s/%s: %s belongs to %v", p.ImportPath, f, re, allowed)
				}
			}
		}
	}
}

func TestMapIsTrue(t *testing.T) {
	text, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		listed[m[1]] = true
	}
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, "onlibrary/")
		if name == "onlibrary" {
			name = "main"
		}
		if !listed[name] && !strings.Contains(name, "testdata") && !strings.HasPrefix(name, "bench/") {
			t.Errorf("docs/architecture.md does not list %s", name)
		}
	}
	for name := range listed {
		if name == "main" {
			continue
		}
		if found, err := filepath.Glob(filepath.Join(name, "*.go")); err != nil || len(found) == 0 {
			t.Errorf("docs/architecture.md lists %s, which has no Go files (%v)", name, err)
		}
	}
	if err := filepath.WalkDir("internal", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && slices.Contains([]string{"utils", "util", "common", "helpers", "misc"}, d.Name()) {
			t.Errorf("%s says nothing of what is in it", path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
