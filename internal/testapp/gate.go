package testapp

import (
	"io"
	"net"
	"sync"
)

// gate is an address that leads to another while it is open.
type gate struct {
	at, to string

	mu       sync.Mutex
	listener net.Listener // nil: shut
	passing  []net.Conn
}

func (g *gate) open() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listener != nil {
		return nil
	}
	listener, err := net.Listen("tcp", g.at)
	if err != nil {
		return err
	}
	g.listener = listener
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", g.to)
			if err != nil {
				_ = in.Close()
				continue
			}
			g.mu.Lock()
			g.passing = append(g.passing, in, out)
			g.mu.Unlock()
			go pass(in, out)
			go pass(out, in)
		}
	}()
	return nil
}

// shut refuses all that comes and cuts all that passes.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listener != nil {
		_ = g.listener.Close()
	}
	for _, c := range g.passing {
		_ = c.Close()
	}
	g.listener, g.passing = nil, nil
}

func pass(from, to net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
	_ = from.Close()
}
