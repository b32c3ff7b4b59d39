package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// gather collects the events, and returns the names of what passed and what was shown.
func gather(t *testing.T, events ...string) (passed, shown string, err error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "new", "go.txt")
	var out strings.Builder
	err = collect(strings.NewReader(strings.Join(events, "\n")), &out, file)
	text, readErr := os.ReadFile(file)
	if readErr != nil {
		t.Fatal(readErr)
	}
	return strings.TrimSpace(string(text)), out.String(), err
}

const (
	begun  = `{"Action":"start","Package":"onlibrary/a"}`
	good   = `{"Action":"pass","Package":"onlibrary/a","Test":"TestGood/in_part"}`
	ended  = `{"Action":"pass","Package":"onlibrary/a"}`
	failed = `{"Action":"fail","Package":"onlibrary/a"}`
)

func TestWhatPassedIsKept(t *testing.T) {
	passed, shown, err := gather(t, begun, `{"Action":"output","Package":"onlibrary/a","Test":"TestGood","Output":"noise\n"}`, good,
		`{"Action":"pass","Package":"onlibrary","Test":"TestRoot"}`,
		`{"Action":"output","Package":"onlibrary/a","Output":"ok  \tonlibrary/a\t1s\n"}`, ended)
	if err != nil || passed != "a.TestGood/in_part\nmain.TestRoot" || shown != "ok  \tonlibrary/a\t1s\n" {
		t.Errorf("%q %q: %v", passed, shown, err)
	}
}

func TestFailureIsShownAndFails(t *testing.T) {
	passed, shown, err := gather(t, begun, good,
		`{"Action":"output","Package":"onlibrary/a","Test":"TestBad","Output":"    a_test.go:1: why\n"}`,
		`{"Action":"fail","Package":"onlibrary/a","Test":"TestBad"}`, failed)
	if err == nil || passed != "a.TestGood/in_part" || !strings.Contains(shown, "a_test.go:1: why") {
		t.Errorf("%q %q: %v", passed, shown, err)
	}
}

func TestSkippedIsShownAndNotKept(t *testing.T) {
	passed, shown, err := gather(t, begun, good, `{"Action":"output","Package":"onlibrary/a","Test":"TestPoor","Output":"no disk\n"}`,
		`{"Action":"skip","Package":"onlibrary/a","Test":"TestPoor"}`, ended)
	if err != nil || passed != "a.TestGood/in_part" || shown != "no disk\n" {
		t.Errorf("%q %q: %v", passed, shown, err)
	}
}

func TestWhatDidNotBuildFails(t *testing.T) {
	_, shown, err := gather(t, begun, good, ended, `{"Action":"build-output","ImportPath":"onlibrary/b","Output":"b.go:1: syntax error\n"}`,
		`{"Action":"build-fail","ImportPath":"onlibrary/b"}`)
	if err == nil || !strings.Contains(shown, "syntax error") {
		t.Errorf("%q: %v", shown, err)
	}
}

// The go command's own failure comes as an event without a package.
func TestFailureOfTheCommandFails(t *testing.T) {
	if _, _, err := gather(t, begun, good, ended, `{"Action":"fail"}`); err == nil {
		t.Error("it holds")
	}
}

func TestPackageWithoutEndFails(t *testing.T) {
	if _, _, err := gather(t, begun, good); err == nil || !strings.Contains(err.Error(), "onlibrary/a") {
		t.Errorf("%v", err)
	}
}

func TestNothingAtAllFails(t *testing.T) {
	if _, shown, err := gather(t, "go: no such thing"); err == nil || !strings.Contains(shown, "no such thing") {
		t.Errorf("%q: %v", shown, err)
	}
}
