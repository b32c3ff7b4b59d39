// Package logs writes the program's own log, to be read by a person or a
// machine beside what PocketBase keeps in its database: text or JSON, a record a
// line, without secrets, and with nothing in it that a terminal would obey.
package logs

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"sync"
)

// Options is how a log is written.
type Options struct {
	JSON  bool       // else as key=value
	Level slog.Level // the least that is written
	// Journal says that the log ends in systemd's journal, which notes the time
	// itself and reads the level from a prefix (sd-daemon(3)).
	Journal bool
}

// New returns a logger that writes to w as o says, each record by one Write.
func New(w io.Writer, o Options) *slog.Logger {
	options := &slog.HandlerOptions{Level: o.Level, ReplaceAttr: o.clean}
	out := &prefixed{w: w}
	handler := func(w io.Writer) slog.Handler {
		if o.JSON {
			return slog.NewJSONHandler(w, options)
		}
		return slog.NewTextHandler(w, options)
	}
	if o.Journal {
		return slog.New(journal{handler(out), out})
	}
	return slog.New(handler(w))
}

// clean takes secrets and characters that are not printed out of an attribute,
// the message included.
func (o Options) clean(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey && o.Journal && !o.JSON {
		return slog.Attr{}
	}
	var text string
	switch a.Value.Kind() {
	case slog.KindString:
		text = a.Value.String()
	case slog.KindAny:
		switch v := a.Value.Any().(type) {
		case nil, slog.Level:
			return a
		case error:
			text = v.Error()
		case fmt.Stringer:
			text = v.String()
		default:
			raw, err := json.Marshal(v)
			if err != nil {
				raw = fmt.Append(nil, v)
			}
			text = string(raw)
		}
	default:
		return a
	}
	if text != "" && Secret(a.Key) {
		text = Redacted
	}
	a.Value = slog.StringValue(printable(Scrub(text)))
	return a
}

// journal tells systemd's journal the level of each record.
type journal struct {
	slog.Handler
	out *prefixed
}

func (j journal) Handle(ctx context.Context, r slog.Record) error {
	j.out.mu.Lock()
	defer j.out.mu.Unlock()
	switch {
	case r.Level >= slog.LevelError:
		j.out.prefix = "<3>"
	case r.Level >= slog.LevelWarn:
		j.out.prefix = "<4>"
	case r.Level >= slog.LevelInfo:
		j.out.prefix = "<6>"
	default:
		j.out.prefix = "<7>"
	}
	return j.Handler.Handle(ctx, r)
}

func (j journal) WithAttrs(attrs []slog.Attr) slog.Handler {
	return journal{j.Handler.WithAttrs(attrs), j.out}
}

func (j journal) WithGroup(name string) slog.Handler {
	return journal{j.Handler.WithGroup(name), j.out}
}

// prefixed puts a prefix before what is written. Its lock spans setting the one
// and writing the other.
type prefixed struct {
	mu     sync.Mutex
	w      io.Writer
	prefix string
}

func (p *prefixed) Write(line []byte) (int, error) {
	n, err := p.w.Write(append([]byte(p.prefix), line...))
	return max(n-len(p.prefix), 0), err
}
