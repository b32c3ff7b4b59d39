package locale

import (
	"strconv"
	"strings"
	"time"

	"github.com/ganigeorgiev/fexpr"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/civil"
	"onlibrary/internal/filter"
)

// localiser puts instants in UTC in the place of what a filter says by the
// clock or the calendar of a zone.
type localiser struct {
	app        core.App
	collection *core.Collection // whose records are filtered
	now        time.Time        // in the zone
	frozen     bool             // whether @now and its like are fixed too
	changed    bool
}

// localise returns the filter with the dates and the macros that depend on the
// zone put in UTC; a filter that does not parse or names none is returned as it
// is, for PocketBase to judge.
func (l *localiser) localise(text string) string {
	// Nothing to change can be written without one of these.
	if !strings.ContainsAny(text, "@-") {
		return text
	}
	groups, err := fexpr.Parse(text)
	if err != nil {
		return text
	}
	l.groups(groups)
	if !l.changed {
		return text
	}
	printed, err := filter.Print(groups)
	if err != nil {
		l.app.Logger().Error("putting a filter in UTC", "error", err)
		return text
	}
	return printed
}

func (l *localiser) groups(groups []fexpr.ExprGroup) {
	for i, g := range groups {
		switch item := g.Item.(type) {
		case fexpr.Expr:
			left, right := item.Left, item.Right
			item.Left = l.operand(left, item.Op, right)
			item.Right = l.operand(right, item.Op, left)
			groups[i].Item = item
		case []fexpr.ExprGroup:
			l.groups(item)
		}
	}
}

// operand returns one side of an expression, other being what it is compared
// with.
func (l *localiser) operand(t fexpr.Token, op fexpr.SignOp, other fexpr.Token) fexpr.Token {
	switch t.Type {
	case fexpr.TokenFunction:
		args, _ := t.Meta.([]fexpr.Token)
		for i, a := range args {
			// What a function makes of its arguments is no field.
			args[i] = l.operand(a, op, fexpr.Token{})
		}
		return t
	case fexpr.TokenIdentifier:
		value, ok := l.macro(t.Literal)
		if !ok {
			return t
		}
		l.changed = true
		switch value := value.(type) {
		case time.Time:
			return fexpr.Token{Type: fexpr.TokenText, Literal: l.column(other).write(value)}
		case int:
			t = fexpr.Token{Type: fexpr.TokenNumber, Literal: strconv.Itoa(value)}
			// As a number of a filter is a float, "2026.0" would be looked for in a
			// text: PocketBase's own macro is an integer there.
			if strings.HasSuffix(string(op), "~") || l.column(other).text {
				t.Type = fexpr.TokenText
			}
			return t
		default:
			return l.date(fexpr.Token{Type: fexpr.TokenText, Literal: l.now.Format(time.DateOnly)}, other)
		}
	case fexpr.TokenText:
		return l.date(t, other)
	default:
		return t
	}
}

// date puts a text that is compared with an instant in UTC, if it is a date.
func (l *localiser) date(t, other fexpr.Token) fexpr.Token {
	at, ok := parseInstant(t.Literal, l.now.Location())
	if !ok {
		return t
	}
	column := l.column(other)
	if !column.instant {
		return t
	}
	utc := column.write(at)
	if utc != t.Literal {
		l.changed = true
		t.Literal = utc
	}
	return t
}

// macro is the value of a macro that depends on the zone: a number, an instant,
// or nothing for today's date.
func (l *localiser) macro(name string) (value any, ok bool) {
	zone := l.now.Location()
	year, month, day := l.now.Date()
	start := func(year int, month time.Month, day int) time.Time {
		return civil.First(time.Date(year, month, day, 0, 0, 0, 0, time.UTC), zone)
	}
	before := func(year int, month time.Month, day int) time.Time {
		return civil.Until(time.Date(year, month, day, 0, 0, 0, 0, time.UTC), zone).Add(-time.Millisecond)
	}
	switch name {
	case "@minute":
		return l.now.Minute(), true
	case "@hour":
		return l.now.Hour(), true
	case "@day":
		return day, true
	case "@weekday":
		return int(l.now.Weekday()), true
	case "@month":
		return int(month), true
	case "@year":
		return year, true
	case "@today":
		return nil, true
	case "@todayStart":
		return start(year, month, day), true
	case "@todayEnd":
		return before(year, month, day+1), true
	case "@monthStart":
		return start(year, month, 1), true
	case "@monthEnd":
		return before(year, month+1, 1), true
	case "@yearStart":
		return start(year, 1, 1), true
	case "@yearEnd":
		return before(year+1, 1, 1), true
	}
	if !l.frozen {
		return nil, false
	}
	// Whole seconds, since PocketBase remembers each filter that it has parsed.
	now := l.now.UTC().Truncate(time.Second)
	switch name {
	case "@now":
		return now, true
	case "@second":
		return now.Second(), true
	case "@yesterday":
		return now.AddDate(0, 0, -1), true
	case "@tomorrow":
		return now.AddDate(0, 0, 1), true
	default:
		return nil, false
	}
}

// parseInstant reads a date, or a date and a time of day; what has no Z and no
// offset is by the clocks of zone.
func parseInstant(s string, zone *time.Location) (at time.Time, ok bool) {
	const date, minute = len("2006-01-02"), len("2006-01-02T15:04")
	if len(s) < date || s[4] != '-' || s[7] != '-' {
		return time.Time{}, false
	}
	layout := time.DateOnly
	if len(s) > date {
		if s[date] != ' ' && s[date] != 'T' {
			return time.Time{}, false
		}
		s = s[:date] + "T" + s[date+1:]
		switch {
		case strings.ContainsAny(s[date:], "Z+-"):
			at, err := time.Parse(time.RFC3339, s)
			return at, err == nil
		case len(s) == minute:
			layout = "2006-01-02T15:04"
		default:
			layout = "2006-01-02T15:04:05"
		}
	}
	wall, err := time.Parse(layout, s)
	if err != nil {
		return time.Time{}, false
	}
	return civil.First(wall, zone), true
}
