package main

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

// most is how many rows one test may stand for.
const most = 5

// want is how many rows each part of the page has, by the first word of its heading.
func want() map[string]int {
	return map[string]int{"Routes": 84, "Tables": 13, "Operators": 13, "Settings": 31, "Defects": 47}
}

// row is one line of a table: what it is of, and the tests that it names.
type row struct {
	part, title string
	tests       []string
	cannot      bool // it says why it cannot occur, and needs no test
}

func check(page, goFile string, tapFiles []string) error {
	passed := map[string]bool{}
	text, err := os.ReadFile(goFile)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		passed[strings.TrimSpace(line)] = true
	}
	for _, f := range tapFiles {
		if err := readTAP(f, passed); err != nil {
			return err
		}
	}
	rows, err := readPage(page)
	if err != nil {
		return err
	}
	var wrong []string
	counts, uses := map[string]int{}, map[string][]string{}
	for _, r := range rows {
		counts[r.part]++
		if len(r.tests) == 0 && !(r.part == "Defects" && r.cannot) {
			wrong = append(wrong, fmt.Sprintf("%s: %q names no test", r.part, r.title))
		}
		for _, t := range r.tests {
			uses[t] = append(uses[t], r.title)
			if !passed[t] {
				wrong = append(wrong, fmt.Sprintf("%s: %q names %s, which did not run or did not pass", r.part, r.title, t))
			}
		}
	}
	for part, n := range want() {
		if counts[part] != n {
			wrong = append(wrong, fmt.Sprintf("%s: %d rows, want %d", part, counts[part], n))
		}
	}
	for _, t := range slices.Sorted(maps.Keys(uses)) {
		if len(uses[t]) > most {
			wrong = append(wrong, fmt.Sprintf("%s stands for %d rows, at most %d may lean on one", t, len(uses[t]), most))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%s does not hold:\n  %s", page, strings.Join(wrong, "\n  "))
	}
	fmt.Printf("%s: %d rows, proven by %d tests\n", page, len(rows), len(uses))
	return nil
}

// readPage reads the rows of the tables below the headings that want names. The
// last cell names the tests in backquotes, or says "cannot occur" and why.
func readPage(page string) ([]row, error) {
	text, err := os.ReadFile(page)
	if err != nil {
		return nil, err
	}
	quoted := regexp.MustCompile("`([^`]+)`")
	var rows []row
	part := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			part, _, _ = strings.Cut(heading, " ")
			if want()[part] == 0 {
				part = ""
			}
			continue
		}
		if part == "" || !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| ---") || strings.HasPrefix(line, "| # ") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), " | ")
		last := cells[len(cells)-1]
		r := row{part: part, title: strings.TrimSpace(cells[0] + " " + cells[min(1, len(cells)-1)]), cannot: strings.Contains(last, "cannot occur")}
		for _, m := range quoted.FindAllStringSubmatch(last, -1) {
			r.tests = append(r.tests, m[1])
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// readTAP adds the tests that passed in the Test Anything Protocol's output of
// node --test, as "e2e: name of the test".
func readTAP(file string, passed map[string]bool) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	point := regexp.MustCompile(`^\s*ok \d+ - (.*)$`)
	undone := regexp.MustCompile(`[^\\]# (SKIP|TODO)\b`) // a # of the title is escaped
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		if m := point.FindStringSubmatch(lines.Text()); m != nil && !undone.MatchString(m[1]) {
			passed["e2e: "+strings.ReplaceAll(strings.TrimSpace(m[1]), `\#`, "#")] = true
		}
	}
	return lines.Err()
}
