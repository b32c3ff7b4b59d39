package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// module begins the path of every package.
const module = "onlibrary"

type event struct {
	Action, Package, Test, Output, ImportPath string
}

// collect reads what go test -json prints, shows each package's result and the
// whole output of what failed, and writes the names of the tests that passed to
// file, one a line, as hooks/catalogue.TestIntake/epub. It fails when any did.
func collect(in io.Reader, out io.Writer, file string) error {
	var passed []string
	failed := false
	said := map[string][]string{}   // by package and test, until it has passed
	unfinished := map[string]bool{} // packages
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Fprintln(out, lines.Text()) // a word of the go command itself
			continue
		}
		key := e.Package + " " + e.Test
		switch e.Action {
		case "start":
			unfinished[e.Package] = true
		case "output":
			if e.Test == "" && (strings.HasPrefix(e.Output, "ok ") || strings.HasPrefix(e.Output, "FAIL\t")) {
				fmt.Fprint(out, e.Output)
				continue
			}
			said[key] = append(said[key], e.Output)
		case "build-output":
			fmt.Fprint(out, e.Output)
		case "pass":
			delete(said, key)
			if e.Test != "" {
				passed = append(passed, name(e))
			}
		case "skip":
			if e.Test != "" {
				fmt.Fprint(out, strings.Join(said[key], ""))
			}
		case "fail":
			failed = true
			fmt.Fprint(out, strings.Join(said[key], ""))
		case "build-fail":
			failed = true
		}
		if e.Test == "" && (e.Action == "pass" || e.Action == "skip" || e.Action == "fail") {
			delete(unfinished, e.Package)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the results: %w", err)
	}
	slices.Sort(passed)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(file, []byte(strings.Join(passed, "\n")+"\n"), 0o600); err != nil {
		return err
	}
	switch {
	case failed:
		return errors.New("some tests failed")
	case len(unfinished) > 0:
		return fmt.Errorf("no end of %s", strings.Join(slices.Sorted(maps.Keys(unfinished)), ", "))
	case len(passed) == 0:
		return errors.New("no test passed")
	}
	return nil
}

func name(e event) string {
	p := strings.TrimPrefix(strings.TrimPrefix(e.Package, module), "/")
	if p == "" {
		p = "main"
	}
	return p + "." + e.Test
}
