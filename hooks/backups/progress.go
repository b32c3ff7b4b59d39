package backups

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// amount is a number of bytes in words.
func amount(n int64) string {
	const k = 1000
	if n < k {
		return fmt.Sprintf("%d B", n)
	}
	size, units := float64(n)/k, "kMGTPE"
	for size >= k && len(units) > 1 {
		size, units = size/k, units[1:]
	}
	return fmt.Sprintf("%.1f %cB", size, units[0])
}

// speed is how much went through in a time.
func speed(n int64, took time.Duration) string {
	return fmt.Sprintf("%.1f s, %s/s", took.Seconds(), amount(int64(float64(n)/max(took.Seconds(), 0.001))))
}

// tally adds up what several goroutines did.
func tally(all int64, progress func(done, all int64)) func(n int) {
	var mu sync.Mutex
	var done int64
	return func(n int) {
		mu.Lock()
		defer mu.Unlock()
		done += int64(n)
		progress(done, all)
	}
}

// meter shows how far something is: on a terminal in one line that changes,
// elsewhere in a line every ten seconds.
type meter struct {
	out          io.Writer
	terminal     bool
	every        time.Duration
	what         string
	began, shown time.Time
}

func newMeter(out io.Writer, what string) *meter {
	now := time.Now()
	m := &meter{out: out, every: 10 * time.Second, what: what, began: now, shown: now}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		m.terminal, m.every = true, 200*time.Millisecond
	}
	return m
}

func (m *meter) progress(done, all int64) {
	if time.Since(m.shown) < m.every {
		return
	}
	m.shown = time.Now()
	line := fmt.Sprintf("%s %d %% of %s, %s", m.what, 100*done/max(all, 1), amount(all), speed(done, time.Since(m.began)))
	if m.terminal {
		fmt.Fprint(m.out, "\r\x1b[K"+line)
		return
	}
	fmt.Fprintln(m.out, line)
}

// end takes the line away.
func (m *meter) end() {
	if m.terminal {
		fmt.Fprint(m.out, "\r\x1b[K")
	}
}
