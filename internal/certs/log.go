package certs

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"
)

// logs passes on what CertMagic logs. Of a try in vain it says several lines, of
// which one is told, as a failure of the authority; the rest are for who debugs.
type logs struct {
	authority *authority
	domain    string // empty: of no one domain
	fields    []zapcore.Field
}

// Enabled tells whether a level is logged at all.
func (l *logs) Enabled(level zapcore.Level) bool {
	return level >= zapcore.InfoLevel || l.authority.log.Enabled(context.Background(), slog.LevelDebug)
}

// With returns one that adds the fields to every line.
func (l *logs) With(fields []zapcore.Field) zapcore.Core {
	return &logs{l.authority, l.domain, append(slices.Clip(l.fields), fields...)}
}

// Check has the line written if its level is.
func (l *logs) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if l.Enabled(e.Level) {
		return checked.AddCore(e, l)
	}
	return checked
}

// Write passes a line on.
func (l *logs) Write(e zapcore.Entry, fields []zapcore.Field) error {
	values := zapcore.NewMapObjectEncoder()
	for _, f := range append(slices.Clip(l.fields), fields...) {
		f.AddTo(values)
	}
	wait, again := values.Fields["retrying_in"].(time.Duration)
	if reason, failed := values.Fields["error"].(string); failed && l.domain != "" && (again || e.Message == "job failed") {
		if !strings.Contains(reason, context.Canceled.Error()) { // the server stops
			l.authority.failed(l.domain, errors.New(reason), wait)
		}
		return nil
	}
	attrs := []any{"domain", l.domain, "from", e.LoggerName}
	for name, value := range values.Fields {
		attrs = append(attrs, name, value)
	}
	l.authority.log.Log(context.Background(), slog.LevelDebug, "certmagic: "+e.Message, attrs...)
	return nil
}

// Sync has nothing to do: nothing is held back.
func (*logs) Sync() error { return nil }
