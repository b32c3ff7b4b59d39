package flask_test

import (
	"encoding/json"
	"testing"
	"time"

	"onlibrary/internal/flask"
)

func TestInstantsAreReadInTheirZone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		zone, want string
		value      any
	}{
		{"UTC", "2024-02-29T13:14:15Z", "2024-02-29 13:14:15.000000"},
		{"America/Sao_Paulo", "2024-02-29T16:14:15Z", []byte("2024-02-29 13:14:15")},
		{"America/Sao_Paulo", "2024-02-29T16:14:15.5Z", "2024-02-29T13:14:15.5"},
		// A driver's time has a zone that it was never written in.
		{"America/Sao_Paulo", "2024-02-29T16:14:15Z", time.Date(2024, 2, 29, 13, 14, 15, 0, time.UTC)},
		{"America/Sao_Paulo", "2018-11-04T03:30:00Z", "2018-11-04 00:30:00"}, // skipped: by the offset before
		{"America/Sao_Paulo", "2018-11-04T04:30:00Z", "2018-11-04 02:30:00"},
		{"America/Sao_Paulo", "2018-02-18T01:30:00Z", "2018-02-17 23:30:00"}, // came twice: the first
		{"America/Sao_Paulo", "2018-02-18T03:30:00Z", "2018-02-18 00:30:00"},
		{"Australia/Lord_Howe", "2024-04-06T14:45:00Z", "2024-04-07 01:45:00"}, // half an hour came twice
		{"UTC", "0001-01-01T00:00:00Z", nil},
		{"UTC", "0001-01-01T00:00:00Z", "0000-00-00 00:00:00"},
	} {
		zone, err := time.LoadLocation(test.zone)
		if err != nil {
			t.Fatal(err)
		}
		got, err := flask.Row{"at": test.value}.Instant("at", zone)
		if err != nil || got.Format(time.RFC3339Nano) != test.want {
			t.Errorf("%v in %s: %s, %v; want %s", test.value, test.zone, got.Format(time.RFC3339Nano), err, test.want)
		}
	}
	if _, err := (flask.Row{"at": "yesterday"}).Instant("at", time.UTC); err == nil {
		t.Error("what is no time was read as one")
	}
}

func TestValuesOfEveryDriverAreRead(t *testing.T) {
	t.Parallel()
	for _, v := range []any{int64(7), int32(7), 7.0, "7", []byte("7"), json.Number("7")} {
		if n := (flask.Row{"n": v}).Number("n"); n != 7 {
			t.Errorf("%T: %d", v, n)
		}
	}
	if s := (flask.Row{"s": []byte(" a\x00\xffb ")}).Text("s"); s != "a\uFFFDb" {
		t.Errorf("text that is none is read as %q", s)
	}
	if day, err := (flask.Row{"d": time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)}).Day("d"); err != nil || day != "2027-03-01" {
		t.Errorf("a date is read as %q, %v", day, err)
	}
}
