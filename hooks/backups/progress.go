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

// meter shows on a terminal how far something is, and elsewhere nothing.
type meter struct {
	out   io.Writer // nil where there is no terminal
	what  string
	began time.Time
	shown time.Time
}

func newMeter(out io.Writer, what string) *meter {
	m := &meter{what: what, began: time.Now()}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		m.out = f
	}
	return m
}

func (m *meter) progress(done, all int64) {
	if m.out == nil || time.Since(m.shown) < 200*time.Millisecond {
		return
	}
	m.shown = time.Now()
	fmt.Fprintf(m.out, "\r\x1b[K%s %d %% of %s, %s", m.what, 100*done/max(all, 1), amount(all), speed(done, time.Since(m.began)))
}

// end takes the line away.
func (m *meter) end() {
	if m.out != nil {
		fmt.Fprint(m.out, "\r\x1b[K")
	}
}
