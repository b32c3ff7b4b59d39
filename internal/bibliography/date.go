package bibliography

import (
	"strings"
	"time"
)

// Date reads the date of a publication as files write it (ISO 8601 whole, cut short
// or without hyphens, PDF's D:…, or in English words) and returns YYYY, YYYY-MM or
// YYYY-MM-DD: as exact as it was told. Empty is unknown.
func Date(s string) string {
	if len(s) > 100 {
		return ""
	}
	s = strings.TrimPrefix(strings.TrimSpace(s), "D:")
	// The day is the one written, whatever the zone.
	if i := strings.IndexByte(s, 'T'); i >= 8 {
		s = s[:i]
	}
	if len(s) > 14 && digits(s[:14]) { // PDF: D:YYYYMMDDHHmmSS+HH'mm
		s = s[:8]
	}
	if len(s) > 10 && s[4] == '-' && s[10] == ' ' { // SQL: YYYY-MM-DD HH:MM:SS
		s = s[:10]
	}
	for _, form := range []struct{ in, out string }{
		{"2006-01-02", time.DateOnly}, {"2006-1-2", time.DateOnly}, {"2006/01/02", time.DateOnly}, {"20060102", time.DateOnly},
		{"20060102150405", time.DateOnly}, {"2 January 2006", time.DateOnly}, {"January 2, 2006", time.DateOnly},
		{"2 Jan 2006", time.DateOnly}, {"Jan 2, 2006", time.DateOnly},
		{"2006-01", "2006-01"}, {"2006-1", "2006-01"}, {"2006/01", "2006-01"}, {"200601", "2006-01"},
		{"January 2006", "2006-01"}, {"Jan 2006", "2006-01"}, {"2006", "2006"},
	} {
		// Calibre writes the year 101 for an unknown date.
		if t, err := time.Parse(form.in, s); err == nil && t.Year() > 101 {
			return t.Format(form.out)
		}
	}
	return ""
}
