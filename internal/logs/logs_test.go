package logs

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

const forged = "a\r\nlevel=ERROR msg=forged\u2028\x1b[31m\u009bred"

// Whatever stands in a record, it is one line, with no control in it and no
// secret, in each format.
func TestNothingForgesALine(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{"text": {}, "json": {JSON: true}, "journal": {Journal: true}} {
		var b bytes.Buffer
		log := New(&b, o)
		log.Info(forged, "text", forged, "error", errors.New(forged), "list", []string{forged}, "password", "hunter22", "hash", struct{ Token string }{jwt})
		log.With("more", forged).WithGroup("group").Warn("again", "token", "hunter22", "n", 1)
		out := b.String()
		if n := strings.Count(out, "\n"); n != 2 || !strings.HasSuffix(out, "\n") {
			t.Errorf("%s: two records take %d lines:\n%s", name, n, out)
		}
		if i := strings.IndexFunc(strings.ReplaceAll(out, "\n", ""), func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 }); i >= 0 {
			t.Errorf("%s: a control stands in %q", name, out)
		}
		if strings.Contains(out, "hunter22") || strings.Contains(out, jwt[:12]) {
			t.Errorf("%s: a secret stands in %s", name, out)
		}
		if o.JSON {
			for line := range strings.Lines(out) {
				if !json.Valid([]byte(line)) {
					t.Errorf("no JSON: %s", line)
				}
			}
		}
	}
}

// systemd's journal notes the time and reads the level; a terminal does neither.
func TestJournal(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	log := New(&b, Options{Journal: true, Level: slog.LevelDebug})
	log.Debug("a")
	log.Info("b")
	log.Warn("c")
	log.With("x", 1).Error("d")
	if want := "<7>level=DEBUG msg=a\n<6>level=INFO msg=b\n<4>level=WARN msg=c\n<3>level=ERROR msg=d x=1\n"; b.String() != want {
		t.Errorf("got %s", b.String())
	}
	b.Reset()
	New(&b, Options{Level: slog.LevelWarn}).Info("below")
	if New(&b, Options{}).Info("a"); !strings.HasPrefix(b.String(), "time=") {
		t.Errorf("got %s", b.String())
	}
	b.Reset()
	if New(&b, Options{Journal: true, JSON: true}).Info("a"); !strings.HasPrefix(b.String(), `<6>{"time":`) {
		t.Errorf("got %s", b.String())
	}
}
