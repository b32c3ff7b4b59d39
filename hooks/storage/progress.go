package storage

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/term"
)

// progress tells how far a move is: on a terminal in one line that changes,
// elsewhere in a line every ten seconds. What fails has a line of its own.
type progress struct {
	mu                     sync.Mutex
	out                    io.Writer
	terminal               bool
	every                  time.Duration
	began, told            time.Time
	total, copied, already int
	gone, bad              int
	bytes                  int64
}

func newProgress(out io.Writer) *progress {
	p := &progress{out: out, every: 10 * time.Second}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.terminal, p.every = true, 200*time.Millisecond
	}
	return p
}

func (p *progress) begin(total int) {
	p.total, p.began, p.told = total, time.Now(), time.Now()
}

func (p *progress) done(copied bool, bytes int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if copied {
		p.copied++
	} else {
		p.already++
	}
	p.bytes += bytes
	if time.Since(p.told) < p.every {
		return nil
	}
	p.told = time.Now()
	return p.line(fmt.Sprintf("%d of %d files, %s", p.copied+p.already+p.gone+p.bad, p.total, p.speed()), !p.terminal)
}

func (p *progress) missing(key string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone++
	return p.line("missing\t"+key, true)
}

func (p *progress) failed(key string, why error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bad++
	return p.line("failed\t"+key+"\t"+oneLine(why.Error()), true)
}

// end sums up.
func (p *progress) end() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.line(fmt.Sprintf("%d files: %d copied, %d there already, %d missing, %d failed; %s",
		p.total, p.copied, p.already, p.gone, p.bad, p.speed()), true)
}

func (p *progress) say(text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.line(text, true)
}

func (p *progress) speed() string {
	took := time.Since(p.began)
	return fmt.Sprintf("%.1f MB in %s, %.1f MB/s", float64(p.bytes)/1e6, took.Round(time.Second), float64(p.bytes)/1e6/took.Seconds())
}

// line writes a line that stays, or one that the next one takes the place of.
func (p *progress) line(text string, stays bool) error {
	if p.terminal {
		text = "\r\x1b[K" + text
	}
	if stays {
		text += "\n"
	}
	_, err := io.WriteString(p.out, text)
	return err
}

// oneLine bounds what another program said, without the XML that it came in.
func oneLine(s string) string {
	s, _, _ = strings.Cut(s, "(RAW:")
	r := []rune(strings.Join(strings.FieldsFunc(s, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }), " "))
	if len(r) > 500 {
		r = append(r[:499], '…')
	}
	return string(r)
}
