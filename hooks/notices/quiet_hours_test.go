package notices

import (
	"testing"
	"time"
)

func TestQuietHoursEnd(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ zone, from, to, now, want string }{
		"before":              {"UTC", "22:00", "23:00", "2026-01-01T21:59:59Z", "2026-01-01T21:59:59Z"},
		"at the start":        {"UTC", "22:00", "23:00", "2026-01-01T22:00:00Z", "2026-01-01T23:00:00Z"},
		"at the end":          {"UTC", "22:00", "23:00", "2026-01-01T23:00:00Z", "2026-01-01T23:00:00Z"},
		"before midnight":     {"America/Sao_Paulo", "22:00", "07:00", "2026-01-02T02:30:15Z", "2026-01-02T10:00:00Z"},
		"after midnight":      {"America/Sao_Paulo", "22:00", "07:00", "2026-01-02T05:00:00Z", "2026-01-02T10:00:00Z"},
		"by day":              {"America/Sao_Paulo", "22:00", "07:00", "2026-01-02T15:00:00Z", "2026-01-02T15:00:00Z"},
		"a zone of 45 min":    {"Asia/Kathmandu", "22:00", "07:00", "2026-01-01T16:20:00Z", "2026-01-02T01:15:00Z"},
		"clocks go forward":   {"Europe/Berlin", "22:00", "07:00", "2026-03-28T22:00:00Z", "2026-03-29T05:00:00Z"},
		"clocks go back":      {"Europe/Berlin", "22:00", "07:00", "2026-10-24T21:00:00Z", "2026-10-25T06:00:00Z"},
		"the end is left out": {"Europe/Berlin", "22:00", "02:30", "2026-03-28T23:00:00Z", "2026-03-29T01:00:00Z"},
		"the end comes twice": {"Europe/Berlin", "22:00", "02:30", "2026-10-24T21:00:00Z", "2026-10-25T00:30:00Z"},
		"and quiet again":     {"Europe/Berlin", "22:00", "02:30", "2026-10-25T01:10:00Z", "2026-10-25T01:30:00Z"},
		"a day is left out":   {"Pacific/Apia", "22:00", "07:00", "2011-12-30T09:00:00Z", "2011-12-30T17:00:00Z"},
		"half an hour of DST": {"Australia/Lord_Howe", "22:00", "07:00", "2026-10-03T12:00:00Z", "2026-10-03T20:00:00Z"},
		"nothing between":     {"UTC", "07:00", "07:00", "2026-01-01T07:00:00Z", "2026-01-01T07:00:00Z"},
	} {
		zone, err := time.LoadLocation(tc.zone)
		if err != nil {
			t.Fatal(err)
		}
		now, err := time.Parse(time.RFC3339, tc.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := quietUntil(tc.from, tc.to, now, zone).UTC().Format(time.RFC3339); got != tc.want {
			t.Errorf("%s: until %s, want %s", name, got, tc.want)
		}
	}
}
