package civil

import (
	"testing"
	"time"
)

func TestDaily(t *testing.T) {
	for name, tc := range map[string]struct{ zone, clock, now, last, next string }{
		"before its time":       {"America/Sao_Paulo", "10:00", "2026-11-24T12:59:59Z", "2026-11-23", "2026-11-24T13:00:00Z"},
		"at its time":           {"America/Sao_Paulo", "10:00", "2026-11-24T13:00:00Z", "2026-11-24", "2026-11-25T13:00:00Z"},
		"after midnight in UTC": {"America/Sao_Paulo", "10:00", "2026-11-25T02:00:00Z", "2026-11-24", "2026-11-25T13:00:00Z"},
		"at midnight":           {"Asia/Kathmandu", "00:00", "2026-11-23T18:15:00Z", "2026-11-24", "2026-11-24T18:15:00Z"},
		"the last minute":       {"Pacific/Kiritimati", "23:59", "2026-11-24T09:58:59Z", "2026-11-23", "2026-11-24T09:59:00Z"},

		"a gap is not reached":   {"Europe/Paris", "02:30", "2026-03-29T00:59:59Z", "2026-03-28", "2026-03-29T01:00:00Z"},
		"a gap is reached":       {"Europe/Paris", "02:30", "2026-03-29T01:00:00Z", "2026-03-29", "2026-03-30T00:30:00Z"},
		"no midnight":            {"America/Sao_Paulo", "00:00", "2018-11-04T03:00:00Z", "2018-11-04", "2018-11-05T02:00:00Z"},
		"half an hour is left":   {"Australia/Lord_Howe", "02:15", "2026-10-03T15:30:00Z", "2026-10-04", "2026-10-04T15:15:00Z"},
		"before the first of 2":  {"Europe/Paris", "02:30", "2026-10-25T00:29:59Z", "2026-10-24", "2026-10-25T00:30:00Z"},
		"between the two":        {"Europe/Paris", "02:30", "2026-10-25T01:15:00Z", "2026-10-25", "2026-10-26T01:30:00Z"},
		"after the second":       {"Europe/Paris", "02:30", "2026-10-25T01:30:00Z", "2026-10-25", "2026-10-26T01:30:00Z"},
		"a fold of half an hour": {"Australia/Lord_Howe", "01:45", "2026-04-04T15:00:00Z", "2026-04-05", "2026-04-05T15:15:00Z"},
		"put back over midnight": {"America/St_Johns", "00:00", "2010-11-07T02:45:00Z", "2010-11-07", "2010-11-08T03:30:00Z"},

		"before the day that was skipped": {"Pacific/Apia", "10:00", "2011-12-30T09:59:59Z", "2011-12-29", "2011-12-30T20:00:00Z"},
		"after the day that was skipped":  {"Pacific/Apia", "10:00", "2011-12-30T10:00:00Z", "2011-12-29", "2011-12-30T20:00:00Z"},
		"on the day after":                {"Pacific/Apia", "10:00", "2011-12-30T20:00:00Z", "2011-12-31", "2011-12-31T20:00:00Z"},
	} {
		now, err := time.Parse(time.RFC3339, tc.now)
		if err != nil {
			t.Fatal(err)
		}
		d, err := ParseDaily(tc.clock, zone(t, tc.zone))
		if err != nil {
			t.Fatal(err)
		}
		if last, next := d.Last(now), d.Next(now).UTC().Format(time.RFC3339); last != tc.last || next != tc.next {
			t.Errorf("%s: %s and then %s, want %s and %s", name, last, next, tc.last, tc.next)
		}
	}
	for _, bad := range []string{"", "24:00", "10", "10:60", "10:00:00", "noon"} {
		if _, err := ParseDaily(bad, time.UTC); err == nil {
			t.Errorf("%q is taken for a time of the day", bad)
		}
	}
}

// Every day of every zone has its time once, in their order: Next leads from one
// to the day that Last names then.
func TestDailyComesOnceADay(t *testing.T) {
	for i, z := range everyZone(t) {
		clock := []string{"00:00", "02:30", "23:59"}[i%3]
		d, err := ParseDaily(clock, z)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
		for range 366 {
			day := d.Last(at)
			next := d.Next(at)
			if before := d.Last(next.Add(-time.Second)); before != day {
				t.Fatalf("%s in %s: %s has come before %s", clock, z, before, next)
			}
			if after, want := d.Last(next), nextDay(t, day); after != want {
				t.Fatalf("%s in %s: after %s comes %s at %s", clock, z, day, after, next)
			}
			at = next
		}
	}
}

func nextDay(t *testing.T, day string) string {
	t.Helper()
	d, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	return d.AddDate(0, 0, 1).Format(time.DateOnly)
}

func TestToday(t *testing.T) {
	at := time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)
	for name, want := range map[string]string{"America/Sao_Paulo": "2026-11-23", "UTC": "2026-11-24", "Pacific/Apia": "2026-11-24"} {
		if got := Today(at, zone(t, name)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
