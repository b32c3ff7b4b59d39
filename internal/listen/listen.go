// Package listen keeps the server's sockets: it opens them or takes them over
// from systemd, bounds how many connections there are, in all and from one
// address, and drops those that are kept open without anything moving.
package listen

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Guard watches over the connections of the listeners that it wraps. Its fields
// are set before the first of them accepts.
type Guard struct {
	// Places are the connections that may be open at once.
	Places Places
	// Stall is how long a write may wait for the far end to take anything.
	Stall time.Duration
	// Refused is told of each connection that found no place; nil: nobody is.
	Refused func(from netip.Addr, err error)

	mu   sync.Mutex
	open map[*conn]struct{}
}

// Plain wraps a listener of plain HTTP, on which who finds no place is told so.
func (g *Guard) Plain(l net.Listener) net.Listener {
	return &guarded{Listener: l, guard: g, farewells: make(chan struct{}, farewellsMost)}
}

// Sealed wraps a listener that TLS is spoken on, whose connections are closed
// without a word where there is no place: a handshake would cost more than it saves.
func (g *Guard) Sealed(l net.Listener) net.Listener { return &guarded{Listener: l, guard: g} }

// Open is the number of connections.
func (g *Guard) Open() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.open)
}

// Close closes every connection that is still open, those that a handler took
// over too. The listeners are closed by their servers.
func (g *Guard) Close() {
	g.mu.Lock()
	var left []*conn
	for c := range g.open {
		left = append(left, c)
	}
	g.mu.Unlock()
	for _, c := range left {
		_ = c.Close() // says only that it was closed already
	}
}

type guarded struct {
	net.Listener
	guard     *Guard
	farewells chan struct{} // bounds how many are told at once; nil: nobody is
}

// Accept returns the next connection that finds a place.
func (l *guarded) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := address(c.RemoteAddr())
		leave, err := l.guard.Places.Take(from)
		if err == nil {
			return l.guard.admit(c, leave), nil
		}
		if l.guard.Refused != nil {
			l.guard.Refused(from, err)
		}
		l.refuse(c, err)
	}
}

func (g *Guard) admit(c net.Conn, leave func()) net.Conn {
	own := &conn{Conn: c, stall: g.Stall}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open == nil {
		g.open = map[*conn]struct{}{}
	}
	g.open[own] = struct{}{}
	own.leave = sync.OnceFunc(func() {
		leave()
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.open, own)
	})
	return own
}

// farewellsMost is how many connections are told at once that there is no place
// for them, and farewellWithin how long that may take.
const (
	farewellsMost  = 32
	farewellWithin = time.Second
)

func (l *guarded) refuse(c net.Conn, err error) {
	answer := "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\n"
	if err == ErrCrowded { //nolint:errorlint // Take's own, unwrapped
		answer = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 10\r\n"
	}
	select {
	case l.farewells <- struct{}{}: // never, where it is nil
	default:
		_ = c.Close() // nothing was promised
		return
	}
	go func() {
		defer func() { _ = c.Close(); <-l.farewells }()
		// To close what has unread bytes would take the answer back (RFC 9112, 9.6).
		if c.SetDeadline(time.Now().Add(farewellWithin)) != nil {
			return
		}
		text := "There are too many connections.\n"
		if _, err := io.WriteString(c, answer+"Connection: close\r\nContent-Type: text/plain\r\nContent-Length: 32\r\n\r\n"+text); err != nil {
			return
		}
		if half, ok := c.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(c, 64<<10)) // what it said no longer matters
		}
	}()
}

// address is the IP address of a far end, the zero one where it has none.
func address(a net.Addr) netip.Addr {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}
