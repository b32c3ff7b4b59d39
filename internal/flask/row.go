package flask

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Row is a row of a table, by column in lower case, as the driver gives it.
type Row map[string]any

// ID returns the row's id.
func (r Row) ID() int64 { return r.Number("id") }

// Text returns a column as text: trimmed, valid UTF-8, without NUL; empty if it
// is null or missing.
func (r Row) Text(column string) string {
	s := ""
	switch v := r[column].(type) {
	case nil:
	case string:
		s = v
	case []byte:
		s = string(v)
	case time.Time:
		s = v.Format("2006-01-02 15:04:05.999999")
	default:
		s = fmt.Sprint(v)
	}
	return strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", ""))
}

// Number returns a column as a whole number, 0 if it is none.
func (r Row) Number(column string) int64 {
	switch v := r[column].(type) {
	case int64:
		return v
	case int32:
		return int64(v)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v)
		}
		return 0
	case bool:
		if v {
			return 1
		}
		return 0
	case json.Number:
		n, err := v.Int64()
		if err != nil {
			return 0
		}
		return n
	}
	n, err := strconv.ParseInt(r.Text(column), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Has tells whether a column holds anything.
func (r Row) Has(column string) bool { return r.Text(column) != "" }

// Instant returns a date-time, which the old system keeps without a zone, as
// it was written in zone; zero if it is null. A time that the clocks skipped is
// read by the offset before it, one that came twice as its first (time.Date
// promises one of the two, not which).
func (r Row) Instant(column string, zone *time.Location) (time.Time, error) {
	clock, err := r.clock(column)
	if err != nil || clock.IsZero() {
		return time.Time{}, err
	}
	t := time.Date(clock.Year(), clock.Month(), clock.Day(), clock.Hour(), clock.Minute(), clock.Second(), clock.Nanosecond(), zone)
	_, offset := t.Add(-3 * time.Hour).Zone()
	first := clock.Add(-time.Duration(offset) * time.Second).In(zone)
	if sameClock(clock, first) || !sameClock(clock, t) {
		t = first
	}
	return t.UTC(), nil
}

func sameClock(a, b time.Time) bool {
	return a.Hour() == b.Hour() && a.Minute() == b.Minute() && a.Day() == b.Day()
}

// Day returns a date as YYYY-MM-DD; empty if it is null.
func (r Row) Day(column string) (string, error) {
	clock, err := r.clock(column)
	if err != nil || clock.IsZero() {
		return "", err
	}
	return clock.Format(time.DateOnly), nil
}

// clock is what stands in the column, as if it were UTC.
func (r Row) clock(column string) (time.Time, error) {
	if t, ok := r[column].(time.Time); ok {
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC), nil
	}
	s := r.Text(column)
	if s == "" || strings.HasPrefix(s, "0000-00-00") { // MySQL's null of old
		return time.Time{}, nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%s: %q is no time", column, s)
}
