package civil

import "time"

// reach is more than any zone has ever been away from UTC, so that an instant
// at which clocks show something lies within it of that something in UTC.
const reach = 24 * time.Hour

// First returns the first instant at which the clocks of zone show the date and
// time that wall shows (whose own zone does not matter). Of a time that comes
// twice it is the earlier one; for a time that is skipped, it is the instant at
// which the clocks jumped over it.
func First(wall time.Time, zone *time.Location) time.Time {
	shown := asUTC(wall)
	for at := shown.Add(-reach).In(zone); ; {
		end, hit := periodEnd(at), shown.Add(-offset(at)).In(zone)
		switch {
		case !hit.Before(end):
			at = end
		case hit.Before(at):
			return at
		default:
			return hit
		}
	}
}

// Until returns the instant from which on the clocks of zone never again show
// anything before the date and time that wall shows. It is First unless such a
// time comes again.
func Until(wall time.Time, zone *time.Location) time.Time {
	shown := asUTC(wall)
	var until time.Time
	for at := shown.Add(-reach).In(zone); at.Before(shown.Add(reach)); {
		end, hit := periodEnd(at), shown.Add(-offset(at)).In(zone)
		if hit.After(at) {
			until = hit
		}
		if hit.After(end) {
			until = end
		}
		at = end
	}
	return until
}

// periodEnd is an instant after t up to which the clocks run as they do at t:
// that of the next change, where Go knows it. Of the bounds that Go gives, the
// start may lie before the last change, and the end, on the last day of a leap
// year, before the day.
func periodEnd(t time.Time) time.Time {
	switch _, end := t.ZoneBounds(); {
	case end.IsZero():
		return t.Add(3 * reach)
	case !end.After(t):
		return t.Add(time.Hour)
	default:
		return end
	}
}

// asUTC is the instant at which a clock in UTC shows what t shows.
func asUTC(t time.Time) time.Time {
	return t.Add(offset(t)).UTC()
}

func offset(t time.Time) time.Duration {
	_, seconds := t.Zone()
	return time.Duration(seconds) * time.Second
}
