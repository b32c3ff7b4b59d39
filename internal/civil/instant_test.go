package civil

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const clock = "2006-01-02 15:04:05.999999999"

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// check holds First and Until to the instants of a local time. They are the
// same but in a fold.
func check(t *testing.T, name, wall, first, until string) {
	t.Helper()
	w, err := time.Parse(clock, wall)
	if err != nil {
		t.Fatal(err)
	}
	for _, seen := range []time.Time{w, time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), w.Nanosecond(), time.FixedZone("", -5*3600))} {
		if got := First(seen, zone(t, name)).UTC().Format(clock); got != first {
			t.Errorf("%s in %s is first %s, want %s", wall, name, got, first)
		}
		if got := Until(seen, zone(t, name)).UTC().Format(clock); got != until {
			t.Errorf("%s in %s is last %s, want %s", wall, name, got, until)
		}
	}
}

func TestPlainLocalTime(t *testing.T) {
	check(t, "UTC", "2026-11-24 10:00:00.5", "2026-11-24 10:00:00.5", "2026-11-24 10:00:00.5")
	check(t, "America/Sao_Paulo", "2026-11-24 00:00:00", "2026-11-24 03:00:00", "2026-11-24 03:00:00")
	check(t, "Asia/Kathmandu", "2026-11-24 10:00:00", "2026-11-24 04:15:00", "2026-11-24 04:15:00")
	check(t, "Pacific/Kiritimati", "2026-01-01 00:00:00", "2025-12-31 10:00:00", "2025-12-31 10:00:00")
}

func TestGapBeginsAtItsFirstInstant(t *testing.T) {
	check(t, "Europe/Paris", "2026-03-29 02:00:00", "2026-03-29 01:00:00", "2026-03-29 01:00:00")
	check(t, "Europe/Paris", "2026-03-29 02:59:59.9", "2026-03-29 01:00:00", "2026-03-29 01:00:00")
	check(t, "Europe/Paris", "2026-03-29 03:00:00", "2026-03-29 01:00:00", "2026-03-29 01:00:00")
	check(t, "Europe/Paris", "2026-03-29 01:59:59", "2026-03-29 00:59:59", "2026-03-29 00:59:59")
}

func TestFoldBeginsAtTheFirstOfTwo(t *testing.T) {
	check(t, "Europe/Paris", "2026-10-25 02:30:00", "2026-10-25 00:30:00", "2026-10-25 01:30:00")
	check(t, "Europe/Paris", "2026-10-25 02:00:00", "2026-10-25 00:00:00", "2026-10-25 00:00:00")
	check(t, "Europe/Paris", "2026-10-25 03:00:00", "2026-10-25 02:00:00", "2026-10-25 02:00:00")
}

func TestDayWithoutMidnight(t *testing.T) {
	check(t, "America/Sao_Paulo", "2018-11-04 00:00:00", "2018-11-04 03:00:00", "2018-11-04 03:00:00")
	check(t, "Africa/Cairo", "2026-04-24 00:00:00", "2026-04-23 22:00:00", "2026-04-23 22:00:00")
}

func TestDayThatEndsTwice(t *testing.T) {
	check(t, "America/Sao_Paulo", "2018-02-17 23:30:00", "2018-02-18 01:30:00", "2018-02-18 02:30:00")
	check(t, "America/Sao_Paulo", "2018-02-18 00:00:00", "2018-02-18 03:00:00", "2018-02-18 03:00:00")
	// Not by a rule: the start of what follows is beyond what Go says.
	check(t, "America/Ciudad_Juarez", "2022-11-29 06:00:00", "2022-11-29 12:00:00", "2022-11-29 12:00:00")
	// There the clocks went from 00:01 back to 23:01.
	check(t, "America/St_Johns", "2010-11-07 00:00:00", "2010-11-07 02:30:00", "2010-11-07 03:30:00")
}

func TestLordHoweMovesByHalfAnHour(t *testing.T) {
	check(t, "Australia/Lord_Howe", "2026-10-04 02:15:00", "2026-10-03 15:30:00", "2026-10-03 15:30:00")
	check(t, "Australia/Lord_Howe", "2026-04-05 01:45:00", "2026-04-04 14:45:00", "2026-04-04 15:15:00")
}

func TestApiaSkippedADay(t *testing.T) {
	check(t, "Pacific/Apia", "2011-12-29 23:59:59", "2011-12-30 09:59:59", "2011-12-30 09:59:59")
	check(t, "Pacific/Apia", "2011-12-30 00:00:00", "2011-12-30 10:00:00", "2011-12-30 10:00:00")
	check(t, "Pacific/Apia", "2011-12-30 18:00:00", "2011-12-30 10:00:00", "2011-12-30 10:00:00")
	check(t, "Pacific/Apia", "2011-12-31 00:00:00", "2011-12-30 10:00:00", "2011-12-30 10:00:00")
}

// Go's own bounds of that day end before it.
func TestLastDayOfALeapYear(t *testing.T) {
	check(t, "Europe/Paris", "2048-12-31 23:30:00", "2048-12-31 22:30:00", "2048-12-31 22:30:00")
	check(t, "Australia/Sydney", "2049-01-01 00:00:00", "2048-12-31 13:00:00", "2048-12-31 13:00:00")
	check(t, "America/New_York", "2049-01-01 00:00:00", "2049-01-01 05:00:00", "2049-01-01 05:00:00")
}

func TestYearsAtTheEnds(t *testing.T) {
	check(t, "Asia/Tokyo", "9999-12-31 23:59:59", "9999-12-31 14:59:59", "9999-12-31 14:59:59")
	check(t, "UTC", "0000-01-01 00:00:00", "0000-01-01 00:00:00", "0000-01-01 00:00:00")
}

// TestAgainstBruteForce looks at every minute around each time that the clocks
// of any zone were or will be changed in some years.
func TestAgainstBruteForce(t *testing.T) {
	from, to := time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2029, 1, 1, 0, 0, 0, 0, time.UTC)
	changes := 0
	for _, z := range everyZone(t) {
		before := offset(from.In(z))
		// No zone changed its clocks and changed them back within six hours.
		for at := from; at.Before(to); at = at.Add(6 * time.Hour) {
			if now := offset(at.In(z)); now != before {
				before = now
				changes++
				aroundByMinutes(t, z, at)
			}
		}
	}
	if changes < 500 {
		t.Errorf("only %d changes seen", changes)
	}
	t.Logf("%d changes of clocks", changes)
}

// aroundByMinutes checks the local times of three days around at against what
// the zone's clocks show, minute after minute.
func aroundByMinutes(t *testing.T, z *time.Location, at time.Time) {
	t.Helper()
	const reach = 52 * 60
	at = at.Truncate(time.Minute)
	shown := make([]int, 2*reach+1) // what the clocks show, minute after minute, in minutes since at in UTC
	for i := range shown {
		shown[i] = i - reach + int(offset(at.Add(time.Duration(i-reach)*time.Minute).In(z))/time.Minute)
	}
	minute := func(i int) time.Time { return at.Add(time.Duration(i-reach) * time.Minute) }
	start, end := slices.Min(shown), slices.Max(shown)
	begins, ends := make([]int, end-start+1), make([]int, end-start+1) // where a minute is seen first, and after the last
	for i := len(shown) - 1; i >= 0; i-- {
		wall := shown[i] - start
		begins[wall], ends[wall] = i, max(ends[wall], i+1)
	}
	for wall := end - start - 1; wall > 0; wall-- {
		if ends[wall] == 0 { // skipped
			begins[wall] = begins[wall+1]
		}
	}
	until := 0
	for wall := range end - start - 26*60 {
		if wall > 26*60 { // further off lies nothing that is not plain
			w := at.Add(time.Duration(start+wall) * time.Minute)
			if got := First(w, z); !got.Equal(minute(begins[wall])) {
				t.Fatalf("%s in %s is %s, want %s", w.Format(clock), z, got.UTC(), minute(begins[wall]))
			}
			if got := Until(w, z); !got.Equal(minute(until)) {
				t.Fatalf("%s in %s is until %s, want %s", w.Format(clock), z, got.UTC(), minute(until))
			}
		}
		until = max(until, ends[wall])
	}
}

// everyZone loads the zones of Go's own copy of the database, without those
// that are others by another name.
func everyZone(t *testing.T) []*time.Location {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	seen := map[string]bool{}
	var zones []*time.Location
	for _, file := range archive.File {
		if strings.HasSuffix(file.Name, "/") || !isZoneName(file.Name) {
			continue
		}
		r, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if seen[string(data)] || !bytes.HasPrefix(data, []byte("TZif")) {
			continue
		}
		seen[string(data)] = true
		z, err := time.LoadLocationFromTZData(file.Name, data)
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, z)
	}
	if len(zones) < 300 {
		t.Fatalf("only %d zones", len(zones))
	}
	return zones
}

// TestLocalTimesKeepTheirOrder: a later local time never begins before an
// earlier one, and none ends before it begins.
func TestLocalTimesKeepTheirOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, z := range everyZone(t) {
		for range 200 {
			wall := time.Unix(random.Int64N(4e9)-1e9, 0).UTC()
			later := wall.Add(time.Duration(random.Int64N(int64(30 * time.Hour))))
			if First(later, z).Before(First(wall, z)) || Until(later, z).Before(Until(wall, z)) || Until(wall, z).Before(First(wall, z)) {
				t.Errorf("%s: %s and %s", z, wall, later)
			}
		}
	}
}

func BenchmarkFirst(b *testing.B) {
	for _, name := range []string{"UTC", "Europe/Paris"} {
		z, wall := zone(b, name), time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				First(wall, z)
			}
		})
	}
}

func ExampleFirst() {
	paris, _ := LoadZone("Europe/Paris")
	fmt.Println(First(time.Date(2026, 3, 29, 2, 30, 0, 0, time.UTC), paris).UTC())
	// Output: 2026-03-29 01:00:00 +0000 UTC
}
