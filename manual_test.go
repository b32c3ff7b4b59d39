package main

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// TestManual writes the manual, a page a command, and the completions of the
// shells into the folder named by MANUAL, as `make manual` asks, else into one of
// its own. It wants a page of every command, with its flags, and nothing of the
// machine that it was written on.
func TestManual(t *testing.T) {
	data, home := t.TempDir(), t.TempDir()
	t.Chdir(home)
	root, err := command([]string{"--data-dir", data})
	if err != nil {
		t.Fatal(err)
	}
	dir := os.Getenv("MANUAL")
	if dir == "" {
		dir = t.TempDir()
	}
	man, packed, shells := filepath.Join(dir, "man"), filepath.Join(dir, "man-gz"), filepath.Join(dir, "completions")
	for _, d := range []string{man, packed, shells} {
		if err := os.RemoveAll(d); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}

	root.InitDefaultCompletionCmd()
	root.DisableAutoGenTag = true
	day := time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC) // the same whenever it is built
	if err := doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "OnLibrary", Manual: "OnLibrary", Date: &day}, man); err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func(string) error{
		"onlibrary.bash": func(f string) error { return root.GenBashCompletionFileV2(f, true) },
		"onlibrary.fish": func(f string) error { return root.GenFishCompletionFile(f, true) },
		"_onlibrary":     root.GenZshCompletionFile,
	} {
		if err := write(filepath.Join(shells, name)); err != nil {
			t.Fatal(err)
		}
	}

	var every func(c *cobra.Command)
	every = func(c *cobra.Command) {
		page := filepath.Join(man, strings.ReplaceAll(c.CommandPath(), " ", "-")+".1")
		text, err := os.ReadFile(page)
		if err != nil {
			t.Error(err)
			return
		}
		if c.Short == "" || !bytes.Contains(text, []byte("NAME")) || !bytes.Contains(text, []byte(`--data-dir`)) {
			t.Errorf("%s does not say what the command does, or with which settings", page)
		}
		pack(t, text, filepath.Join(packed, filepath.Base(page)+".gz"))
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() && sub.Name() != "help" {
				every(sub)
			}
		}
	}
	every(root)

	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".gz") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, own := range []string{data, home} {
			if bytes.Contains(text, []byte(own)) {
				t.Errorf("%s tells of %s", path, own)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// pack compresses as packages want it: as far as it goes, the same each time.
func pack(t *testing.T, text []byte, path string) {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
