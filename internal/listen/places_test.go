package listen

import (
	"errors"
	"net/netip"
	"testing"
)

func TestPlaces(t *testing.T) {
	p := Places{All: 5, Each: 2, Exempt: func(a netip.Addr) bool { return a.IsLoopback() }}
	take := func(from string) (func(), error) {
		t.Helper()
		var a netip.Addr
		if from != "" {
			a = netip.MustParseAddr(from)
		}
		return p.Take(a)
	}
	var leave []func()
	for i, step := range []struct {
		from string
		want error
	}{
		{"203.0.113.7", nil},
		{"::ffff:203.0.113.7", nil}, // the same one
		{"203.0.113.7", ErrCrowded},
		{"2001:db8::1", nil},
		{"2001:db8::ffff:2", nil}, // the same network
		{"2001:db8::3", ErrCrowded},
		{"2001:db8:0:1::1", nil}, // another
		{"127.0.0.1", ErrFull},   // exempt from the other bound only
		{"", ErrFull},
	} {
		out, err := take(step.from)
		if !errors.Is(err, step.want) {
			t.Fatalf("%d, %s: %v, want %v", i, step.from, err, step.want)
		}
		if out != nil {
			leave = append(leave, out)
		}
	}
	for _, out := range leave {
		out()
	}
	if p.taken != 0 || len(p.by) != 0 {
		t.Errorf("all have left, and there are %d, by %v", p.taken, p.by)
	}
	for range 5 {
		if _, err := take("127.0.0.1"); err != nil {
			t.Errorf("an exempt address: %v", err)
		}
	}
	if _, err := take("127.0.0.1"); !errors.Is(err, ErrFull) {
		t.Errorf("an exempt address beyond all: %v", err)
	}
}
