package tries

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestWindowSlides(t *testing.T) {
	c := New(3, time.Minute, 10)
	start := time.Unix(1_800_000_000, 0)
	for i := range 3 {
		if wait := c.Take("ann", start.Add(time.Duration(i)*10*time.Second)); wait != 0 {
			t.Fatalf("try %d has to wait %s", i, wait)
		}
	}
	if got := c.Wait("ann", start.Add(30*time.Second)); got != 30*time.Second {
		t.Errorf("wait = %s, want 30s: until the first try is a minute old", got)
	}
	if got := c.Wait("bob", start); got != 0 {
		t.Errorf("another key waits %s", got)
	}
	if got := c.Take("ann", start.Add(time.Minute)); got != 0 {
		t.Errorf("after the window the next try waits %s", got)
	}
	if got := c.Wait("ann", start.Add(time.Minute)); got != 10*time.Second {
		t.Errorf("wait = %s, want 10s: until the second try is a minute old", got)
	}
}

func TestForget(t *testing.T) {
	c := New(1, time.Minute, 10)
	now := time.Unix(1_800_000_000, 0)
	c.Note("ann", now)
	c.Forget("ann")
	c.Forget("nobody")
	if got := c.Wait("ann", now); got != 0 {
		t.Errorf("wait = %s after Forget", got)
	}
}

func TestBounded(t *testing.T) {
	c := New(1, time.Hour, 100)
	now := time.Unix(1_800_000_000, 0)
	c.Note("kept", now)
	for i := range 1000 {
		c.Note(strconv.Itoa(i), now)
		if i%50 == 0 {
			c.Note("kept", now)
		}
	}
	if len(c.known) != 100 || c.order.Len() != 100 {
		t.Errorf("%d keys in the map, %d in the list; want 100", len(c.known), c.order.Len())
	}
	if c.Wait("kept", now) == 0 {
		t.Error("a key that is tried again and again was forgotten")
	}
}

func TestTakeIsOneAct(t *testing.T) {
	c := New(5, time.Hour, 10)
	now := time.Unix(1_800_000_000, 0)
	var taken atomic.Int32
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if c.Take("ann", now) == 0 {
				taken.Add(1)
			}
		})
	}
	all.Wait()
	if taken.Load() != 5 {
		t.Errorf("%d of 50 parallel tries were let through, want 5", taken.Load())
	}
}

func TestTakeManyTakesAllOrNone(t *testing.T) {
	c := New(5, time.Minute, 10)
	start := time.Unix(1_800_000_000, 0)
	for _, step := range []struct {
		n          int
		after, say time.Duration
	}{
		{3, 0, 0}, {3, 10 * time.Second, 50 * time.Second}, {2, 10 * time.Second, 0}, {0, 10 * time.Second, 0},
		{1, 20 * time.Second, 40 * time.Second}, {3, time.Minute, 0}, {1, time.Minute, 10 * time.Second}, {6, time.Hour, time.Minute}, {5, time.Hour, 0},
	} {
		if wait := c.TakeMany("ann", step.n, start.Add(step.after)); wait != step.say {
			t.Errorf("%d after %s: wait %s, want %s", step.n, step.after, wait, step.say)
		}
	}
}
