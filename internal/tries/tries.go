// Package tries counts tries by key within a sliding window, in bounded memory,
// so that guessing can be slowed down.
package tries

import (
	"container/list"
	"sync"
	"time"
)

// Counter remembers the last tries of each key. It is safe for concurrent use.
type Counter struct {
	most   int
	window time.Duration
	keys   int

	mu    sync.Mutex
	known map[string]*list.Element
	order *list.List // of *entry, the one tried last in front
}

type entry struct {
	key string
	at  []time.Time // oldest first, at most Counter.most
}

// New returns a Counter that allows most tries of a key within window and
// remembers at most keys of them; beyond that the key that was tried longest
// ago is forgotten.
func New(most int, window time.Duration, keys int) *Counter {
	return &Counter{most: most, window: window, keys: keys, known: map[string]*list.Element{}, order: list.New()}
}

// Wait returns how long key has to wait for its next try; 0 if it may try now.
func (c *Counter) Wait(key string, now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wait(key, now)
}

// Note counts a try of key.
func (c *Counter) Note(key string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.note(key, now)
}

// Take counts a try of key if it may try now, and else returns how long it has
// to wait.
func (c *Counter) Take(key string, now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if wait := c.wait(key, now); wait > 0 {
		return wait
	}
	c.note(key, now)
	return 0
}

// TakeMany is Take of n tries at once: all of them or none. More than are allowed
// at all have to wait for as long as the window.
func (c *Counter) TakeMany(key string, n int, now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n > c.most {
		return c.window
	}
	if el := c.known[key]; el != nil {
		at := el.Value.(*entry).at
		if over := len(at) + n - c.most; over > 0 {
			if wait := at[over-1].Add(c.window).Sub(now); wait > 0 {
				return wait
			}
		}
	}
	for range n {
		c.note(key, now)
	}
	return 0
}

// Forget drops what was counted of key.
func (c *Counter) Forget(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el := c.known[key]; el != nil {
		c.drop(el)
	}
}

func (c *Counter) wait(key string, now time.Time) time.Duration {
	el := c.known[key]
	if el == nil {
		return 0
	}
	at := el.Value.(*entry).at
	if len(at) < c.most {
		return 0
	}
	return max(0, at[0].Add(c.window).Sub(now))
}

func (c *Counter) note(key string, now time.Time) {
	el := c.known[key]
	if el == nil {
		for c.order.Len() >= c.keys {
			c.drop(c.order.Back())
		}
		el = c.order.PushFront(&entry{key: key})
		c.known[key] = el
	}
	c.order.MoveToFront(el)
	e := el.Value.(*entry)
	if len(e.at) == c.most {
		e.at = append(e.at[:0], e.at[1:]...)
	}
	e.at = append(e.at, now)
}

func (c *Counter) drop(el *list.Element) {
	delete(c.known, el.Value.(*entry).key)
	c.order.Remove(el)
}
