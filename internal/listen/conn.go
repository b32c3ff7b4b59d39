package listen

import (
	"errors"
	"net"
	"sync"
	"time"
)

// piece is how many bytes are written under one deadline: a slow line gets a
// new one for each.
const piece = 64 << 10

// conn gives up on a write when the far end has taken nothing for a while,
// whatever deadline its user has set or cleared. A connection that nothing is
// written to lives on.
type conn struct {
	net.Conn
	stall time.Duration
	leave func()

	mu  sync.Mutex
	end time.Time // the deadline of its user
}

func (c *conn) Write(p []byte) (n int, err error) {
	for {
		if err := c.arm(); err != nil {
			return n, err
		}
		m, err := c.Conn.Write(p[n:min(n+piece, len(p))])
		n += m
		if err != nil || n >= len(p) {
			return n, err
		}
	}
}

func (c *conn) arm() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Conn.SetWriteDeadline(earlier(c.end, time.Now().Add(c.stall)))
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end = t
	return c.Conn.SetWriteDeadline(t)
}

func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// CloseWrite has the server let the far end read its last answer.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}

func (c *conn) Close() error {
	c.leave()
	return c.Conn.Close()
}

// earlier returns the earlier deadline, of which the zero one is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
