package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// page is a page that holds: every row of every part with a test of its own.
type page struct {
	rows   map[string][]string // by part
	passed []string
	tap    string
}

func whole() *page {
	p := &page{rows: map[string][]string{}}
	for part, n := range want() {
		for i := range n {
			test := fmt.Sprintf("hooks/x.Test%s/%d", part, i)
			p.passed = append(p.passed, test)
			p.rows[part] = append(p.rows[part], fmt.Sprintf("| %d | was | is | `%s` |", i, test))
		}
	}
	return p
}

// wrong is what check says of the page.
func (p *page) wrong(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	fmt.Fprintln(&text, "# Parity\n\n| # | of no part | |\n| --- | --- | --- |\n| 1 | x | `none` |")
	for _, part := range slices.Sorted(maps.Keys(p.rows)) {
		fmt.Fprintf(&text, "\n## %s of old\n\n| # | before | here | tests |\n| --- | --- | --- | --- |\n%s\n", part, strings.Join(p.rows[part], "\n"))
	}
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	err := check(file("parity.md", text.String()), file("go.txt", strings.Join(p.passed, "\n")), []string{file("e2e.tap", p.tap)})
	if err == nil {
		return ""
	}
	return err.Error()
}

func wants(t *testing.T, got string, want ...string) {
	t.Helper()
	lines := strings.Split(got, "\n")[1:]
	if len(lines) != len(want) {
		t.Fatalf("%d complaints, want %d: %s", len(lines), len(want), got)
	}
	for i, w := range want {
		if !strings.Contains(lines[i], w) {
			t.Errorf("says %q, want %q", lines[i], w)
		}
	}
}

func TestPageThatHolds(t *testing.T) {
	if got := whole().wrong(t); got != "" {
		t.Error(got)
	}
}

func TestMissingTestIsFound(t *testing.T) {
	p := whole()
	p.rows["Tables"][3] = "| 3 | was | is | `hooks/x.TestNowhere` |"
	wants(t, p.wrong(t), `Tables: "3 was" names hooks/x.TestNowhere, which did not run or did not pass`)
}

func TestRowWithoutTestIsFound(t *testing.T) {
	p := whole()
	p.rows["Settings"][30] = "| 30 | was | `is` | hooks/x.TestSettings/30 |"
	wants(t, p.wrong(t), `Settings: "30 was" names no test`)
}

func TestOnlyDefectsMayNotOccur(t *testing.T) {
	p := whole()
	p.rows["Defects"][0] = "| 0 | was | is | cannot occur: there is none |"
	p.rows["Routes"][0] = "| 0 | was | is | cannot occur: there is none |"
	wants(t, p.wrong(t), `Routes: "0 was" names no test`)
}

func TestMissingRowIsFoundInEachPart(t *testing.T) {
	for part, n := range want() {
		p := whole()
		p.rows[part] = p.rows[part][1:]
		wants(t, p.wrong(t), fmt.Sprintf("%s: %d rows, want %d", part, n-1, n))
		p = whole()
		delete(p.rows, part)
		wants(t, p.wrong(t), fmt.Sprintf("%s: 0 rows, want %d", part, n))
	}
}

func TestSixRowsOnOneTestAreFound(t *testing.T) {
	p := whole()
	for i := range 5 {
		p.rows["Routes"][i] = "| 0 | was | is | `hooks/x.TestRoutes/9` `hooks/x.TestRoutes/1` |"
	}
	wants(t, p.wrong(t), "hooks/x.TestRoutes/9 stands for 6 rows")
}

func TestEndToEndTestsCountWhenTheyPassed(t *testing.T) {
	p := whole()
	for i, title := range []string{"passes", "fails", "is skipped", "is to be done", "has a # in it", "is within"} {
		p.rows["Routes"][i] = fmt.Sprintf("| %d | was | is | `e2e: %s` |", i, title)
	}
	p.tap = `TAP version 13
ok 1 - passes
not ok 2 - fails
ok 3 - is skipped # SKIP no browser
ok 4 - is to be done # TODO
ok 5 - has a \# in it
    ok 1 - is within
`
	wants(t, p.wrong(t), "e2e: fails", "e2e: is skipped", "e2e: is to be done")
}
