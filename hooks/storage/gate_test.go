package storage

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// gate stands before an S3 server and lets its line be bad.
type gate struct {
	endpoint string
	// stalled takes connections and lets nothing through; cut breaks every
	// connection once so many bytes went to the server in all, if more than 0.
	stalled atomic.Bool
	cut     atomic.Int64
	held    atomic.Int64 // how many connections wait
	sent    atomic.Int64
	reached atomic.Pointer[func(sent int64)]
}

// at calls f once so many bytes went to the server in all.
func (g *gate) at(sent int64, f func()) {
	var once sync.Once
	watch := func(n int64) {
		if n >= sent {
			once.Do(f)
		}
	}
	g.reached.Store(&watch)
}

func openGate(t testing.TB, endpoint string) *gate {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{endpoint: "http://" + listener.Addr().String()}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go g.pass(c, strings.TrimPrefix(endpoint, "http://"))
		}
	}()
	return g
}

func (g *gate) pass(from net.Conn, address string) {
	defer from.Close()
	to, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer to.Close()
	var both sync.WaitGroup
	both.Go(func() {
		defer to.Close()
		defer from.Close()
		piece := make([]byte, 32<<10)
		for {
			n, err := from.Read(piece)
			if err != nil {
				return
			}
			if g.stalled.Load() {
				g.held.Add(1)
				_, _ = io.Copy(io.Discard, from) // until the other end gives up
				g.held.Add(-1)
				return
			}
			sent := g.sent.Add(int64(n))
			if cut := g.cut.Load(); sent > cut && cut > 0 {
				return
			}
			if reached := g.reached.Load(); reached != nil {
				(*reached)(sent)
			}
			if _, err := to.Write(piece[:n]); err != nil {
				return
			}
		}
	})
	both.Go(func() {
		defer from.Close()
		_, _ = io.Copy(from, to)
	})
	both.Wait()
}
