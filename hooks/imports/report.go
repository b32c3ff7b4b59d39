package imports

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Outcomes of a row.
const (
	moved     = "moved"
	unchanged = "unchanged" // it was there already
	skipped   = "skipped"   // for a reason that lies in the old data
	failed    = "failed"    // and worth another run
)

// line is what became of a row.
type line struct {
	kind    string
	old     int64
	outcome string
	notes   []string
}

// noteMost is how long a note is at most, in characters.
const noteMost = 1000

// note notes on one line and in bounds what may repeat the old data. Nothing in
// it gives orders to a terminal.
func (l *line) note(format string, values ...any) {
	text := []rune(strings.Join(strings.Fields(fmt.Sprintf(format, values...)), " "))
	if len(text) > noteMost {
		text = append(text[:noteMost-1], '…')
	}
	l.notes = append(l.notes, strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, string(text)))
}

// report prints a line for every row: kind, old id, what became of it and why,
// parted by tabs. On a terminal it prints those alone of which there is more to
// say, and how far it is.
type report struct {
	out      io.Writer
	progress io.Writer // nil where there is no terminal
	dry      bool
	kinds    []string
	counts   map[string]map[string]int
}

func newReport(cmd *cobra.Command, dry bool) *report {
	r := &report{out: cmd.OutOrStdout(), dry: dry, counts: map[string]map[string]int{}}
	if f, ok := r.out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		r.progress = f
	}
	return r
}

func (r *report) add(l line) error {
	if r.counts[l.kind] == nil {
		r.kinds = append(r.kinds, l.kind)
		r.counts[l.kind] = map[string]int{}
	}
	r.counts[l.kind][l.outcome]++
	if r.progress != nil {
		n := 0
		for _, count := range r.counts[l.kind] {
			n += count
		}
		if len(l.notes) == 0 && l.outcome != failed {
			_, err := fmt.Fprintf(r.progress, "\r\x1b[K%s %d", l.kind, n)
			return err
		}
		if _, err := io.WriteString(r.progress, "\r\x1b[K"); err != nil {
			return err
		}
	}
	outcome := l.outcome
	if r.dry && outcome == moved {
		outcome = "would be moved"
	}
	_, err := fmt.Fprintf(r.out, "%s\t%d\t%s\t%s\n", l.kind, l.old, outcome, strings.Join(l.notes, "; "))
	return err
}

// changes is how many rows were moved.
func (r *report) changes() (n int) {
	for _, c := range r.counts {
		n += c[moved]
	}
	return n
}

// end prints how many rows there were of each outcome, and returns an error if
// any has failed.
func (r *report) end() error {
	if r.progress != nil {
		if _, err := io.WriteString(r.progress, "\r\x1b[K"); err != nil {
			return err
		}
	}
	total := map[string]int{}
	text := fmt.Sprintf("\n%-22s%10s%10s%10s%10s\n", "", moved, unchanged, skipped, failed)
	for _, kind := range r.kinds {
		c := r.counts[kind]
		text += fmt.Sprintf("%-22s%10d%10d%10d%10d\n", kind, c[moved], c[unchanged], c[skipped], c[failed])
		for outcome, n := range c {
			total[outcome] += n
		}
	}
	changes := fmt.Sprintf("%d changes", r.changes())
	if r.dry {
		changes = fmt.Sprintf("0 changes, %d without --dry-run", r.changes())
	}
	if _, err := fmt.Fprintf(r.out, "%s%s\n", text, changes); err != nil {
		return err
	}
	if n := total[failed]; n > 0 {
		return fmt.Errorf("%d rows failed; what is moved stays, and another run goes on from there", n)
	}
	return nil
}
