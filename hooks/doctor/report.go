package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// State is how a check ended.
type State string

// What a State may be. Only Failed makes the command fail.
const (
	OK      State = "ok"
	Off     State = "off"     // what it looks at is not in use
	Warning State = "warning" // works, but not for ever or not well
	Failed  State = "failed"
	Skipped State = "skipped" // another fault keeps it from looking
)

// Finding is what one check found.
type Finding struct {
	Name   string `json:"name"`
	State  State  `json:"state"`
	Detail string `json:"detail"`         // in English, one line
	Hint   string `json:"hint,omitempty"` // what to do about it
}

// Report is what all checks found.
type Report struct {
	At      time.Time `json:"at"`
	Version string    `json:"version"`
	OK      bool      `json:"ok"` // nothing failed
	Checks  []Finding `json:"checks"`
}

// failed counts what failed.
func (r *Report) failed() (n int) {
	for _, f := range r.Checks {
		if f.State == Failed {
			n++
		}
	}
	return n
}

// print writes the report for people.
func (r *Report) print(w io.Writer) error {
	width := 0
	for _, f := range r.Checks {
		width = max(width, len(f.Name))
	}
	var b strings.Builder
	for _, f := range r.Checks {
		fmt.Fprintf(&b, "%-8s %-*s  %s\n", f.State, width, f.Name, f.Detail)
		if f.Hint != "" {
			fmt.Fprintf(&b, "%-8s %-*s  → %s\n", "", width, "", f.Hint)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// keptName is the file, in the data folder, with the last report.
const keptName = ".doctor.json"

// Apart are the entries of the data folder that belong to it and not to the
// library: no backup holds them, so that none brings an old report back.
func Apart() []string { return []string{keptName} }

// keep has the report outlive the process.
func keep(dataDir string, report *Report) error {
	text, err := json.Marshal(report)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dataDir, keptName) // of mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(dataDir, keptName))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// kept returns the last report; nil: there is none.
func kept(dataDir string) (*Report, error) {
	text, err := os.ReadFile(filepath.Join(dataDir, keptName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // see above
	}
	if err != nil {
		return nil, err
	}
	var report Report
	if err := json.Unmarshal(text, &report); err != nil {
		return nil, fmt.Errorf("read %s: %w", keptName, err)
	}
	return &report, nil
}

func ok(format string, a ...any) Finding {
	return Finding{State: OK, Detail: fmt.Sprintf(format, a...)}
}

func off(detail string) Finding { return Finding{State: Off, Detail: detail} }

func warn(hint, format string, a ...any) Finding {
	return Finding{State: Warning, Hint: hint, Detail: fmt.Sprintf(format, a...)}
}

func fail(hint, format string, a ...any) Finding {
	return Finding{State: Failed, Hint: hint, Detail: fmt.Sprintf(format, a...)}
}
