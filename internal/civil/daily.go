package civil

import (
	"fmt"
	"time"
)

// Daily is a time of every day, to the minute, by the clocks of a zone. On a day
// whose clocks jump over it, it comes as they jump; where they show it twice, the
// first is meant. A day that the zone left out has none.
type Daily struct {
	hour, minute int
	zone         *time.Location
}

// ParseDaily reads the time from HH:MM, 00:00 to 23:59.
func ParseDaily(clock string, zone *time.Location) (Daily, error) {
	t, err := time.Parse("15:04", clock)
	if err != nil {
		return Daily{}, fmt.Errorf("a time of the day: %w", err)
	}
	return Daily{t.Hour(), t.Minute(), zone}, nil
}

// Last is the latest day, as YYYY-MM-DD, whose time has come at now.
func (d Daily) Last(now time.Time) string {
	// Tomorrow first: a clock that was put back over midnight shows yesterday's
	// date again.
	for day := today(now, d.zone).AddDate(0, 0, 1); ; day = day.AddDate(0, 0, -1) {
		if at, is := d.on(day); is && !at.After(now) {
			return day.Format(time.DateOnly)
		}
	}
}

// Next is the first instant after now at which the time of a day comes.
func (d Daily) Next(now time.Time) time.Time {
	for day := today(now, d.zone).AddDate(0, 0, -1); ; day = day.AddDate(0, 0, 1) {
		if at, is := d.on(day); is && at.After(now) {
			return at
		}
	}
}

// on is when the time comes on a day, and whether the zone has that day at all.
func (d Daily) on(day time.Time) (at time.Time, is bool) {
	if !First(day, d.zone).Before(First(day.AddDate(0, 0, 1), d.zone)) {
		return time.Time{}, false
	}
	return First(day.Add(time.Duration(d.hour)*time.Hour+time.Duration(d.minute)*time.Minute), d.zone), true
}

// Today is the day, as YYYY-MM-DD, that the calendars of zone show at now.
func Today(now time.Time, zone *time.Location) string {
	return today(now, zone).Format(time.DateOnly)
}

func today(now time.Time, zone *time.Location) time.Time {
	y, m, d := now.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
