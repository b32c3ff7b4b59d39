package listen

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// open serves the handler behind a guard and a pace with short deadlines.
func open(t *testing.T, all, each int, h http.Handler) (*Guard, *http.Server, string) {
	t.Helper()
	g := &Guard{Stall: 500 * time.Millisecond}
	g.Places.All, g.Places.Each = all, each
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: Pace{Next: h, Least: 1 << 10, Window: 500 * time.Millisecond, Stall: 500 * time.Millisecond}}
	go func() { _ = s.Serve(g.Plain(l)) }()
	t.Cleanup(func() { _ = s.Close() })
	return g, s, l.Addr().String()
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// until waits for something that happens in another goroutine.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: ", what)
		}
	}
}

// Who finds no place is told so, and there is one again when another leaves.
func TestRefusal(t *testing.T) {
	for name, tc := range map[string]struct {
		all, each, status int
	}{
		"of one address": {9, 2, http.StatusTooManyRequests},
		"in all":         {2, 9, http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			g, _, addr := open(t, tc.all, tc.each, http.NotFoundHandler())
			var refused atomic.Int32
			g.Refused = func(netip.Addr, error) { refused.Add(1) }
			first := dial(t, addr)
			dial(t, addr)
			until(t, "two connections", func() bool { return g.Open() == 2 })
			third := dial(t, addr)
			if _, err := io.WriteString(third, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			answer, err := http.ReadResponse(bufio.NewReader(third), nil)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode != tc.status || answer.Header.Get("Retry-After") != "10" || !strings.Contains(string(text), "too many") {
				t.Errorf("%d %v %s %v", answer.StatusCode, answer.Header, text, err)
			}
			if refused.Load() != 1 {
				t.Errorf("%d refusals were told of", refused.Load())
			}
			first.Close()
			until(t, "a place", func() bool { return g.Open() == 1 })
			response, err := http.Get("http://" + addr)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
		})
	}
}

// A body may take its time, but has to come.
func TestBodies(t *testing.T) {
	got := make(chan error, 1)
	read := make(chan int64, 1)
	_, _, addr := open(t, 9, 9, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/late" {
			time.Sleep(time.Second) // longer than the window: it is not the client's time
		}
		n, err := io.Copy(io.Discard, r.Body)
		read <- n
		got <- err
	}))
	send := func(path string, pieces, size int, pause time.Duration) (int64, error) {
		t.Helper()
		c := dial(t, addr)
		if _, err := io.WriteString(c, "POST "+path+" HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		for range pieces {
			if _, err := c.Write(make([]byte, size)); err != nil {
				break
			}
			time.Sleep(pause)
		}
		return <-read, <-got
	}
	t.Run("slow but moving", func(t *testing.T) { // 1.5 s, three times the window
		if n, err := send("/", 10, 10_000, 150*time.Millisecond); n != 100_000 || err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
	})
	t.Run("after a pause of the handler's", func(t *testing.T) {
		if n, err := send("/late", 10, 10_000, 0); n != 100_000 || err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
	})
	t.Run("a byte now and then", func(t *testing.T) {
		n, err := send("/", 40, 1, 50*time.Millisecond)
		var timeout net.Error
		if n > 30 || !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("%d bytes: %v", n, err)
		}
	})
	t.Run("nothing", func(t *testing.T) {
		n, err := send("/", 0, 0, 0)
		var timeout net.Error
		if n != 0 || !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("%d bytes: %v", n, err)
		}
	})
}

// What a handler leaves unread is not waited for without end.
func TestUnreadBody(t *testing.T) {
	g, _, addr := open(t, 9, 9, http.NotFoundHandler())
	c := dial(t, addr)
	if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	until(t, "the connection is open", func() bool { return g.Open() == 1 })
	until(t, "it is dropped", func() bool { return g.Open() == 0 })
}

// A handler's own deadline holds, whatever the pace.
func TestOwnDeadline(t *testing.T) {
	got := make(chan error, 1)
	_, _, addr := open(t, 9, 9, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
			t.Error(err)
		}
		_, err := io.Copy(io.Discard, r.Body)
		got <- err
	}))
	c := dial(t, addr)
	if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	for {
		_, err := c.Write(make([]byte, 2_000))
		select {
		case err := <-got:
			var timeout net.Error
			if !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Errorf("%v", err)
			}
			return
		case <-time.After(20 * time.Millisecond):
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Who takes nothing is dropped; who takes slowly, or has nothing to take, lives.
func TestAnswers(t *testing.T) {
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2"} {
		t.Run(protocol, func(t *testing.T) {
			ended := make(chan error, 1)
			more := make(chan struct{})
			handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/events" {
					// As PocketBase does for its realtime connections.
					_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
					for range 2 {
						_, _ = io.WriteString(w, "event\n")
						_ = http.NewResponseController(w).Flush()
						<-more
					}
					return
				}
				_, err := io.Copy(struct{ io.Writer }{w}, io.LimitReader(zeros{}, 64<<20))
				ended <- err
			})
			get := client(t, protocol, handler)

			events := get("/events")
			line := bufio.NewReader(events.Body)
			if _, err := line.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
			time.Sleep(1200 * time.Millisecond) // more than twice the stall
			more <- struct{}{}
			if _, err := line.ReadString('\n'); err != nil {
				t.Errorf("a quiet stream is cut: %v", err)
			}
			more <- struct{}{}

			slow := get("/file")
			for range 12 { // 1.2 s
				if _, err := io.CopyN(io.Discard, slow.Body, 4<<20); err != nil {
					t.Fatalf("a slow reader is cut: %v", err)
				}
				time.Sleep(100 * time.Millisecond)
			}
			if _, err := io.Copy(io.Discard, slow.Body); err != nil {
				t.Errorf("a slow reader is cut: %v", err)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}

			get("/file") // of which nothing is read
			select {
			case err := <-ended:
				if err == nil {
					t.Error("64 MB were taken by nobody")
				}
			case <-time.After(20 * time.Second):
				t.Error("who takes nothing is waited for")
			}
		})
	}
}

// client returns what gets a path of the handler by a protocol.
func client(t *testing.T, protocol string, h http.Handler) func(path string) *http.Response {
	t.Helper()
	only := &http.Protocols{}
	only.SetHTTP1(protocol == "HTTP/1.1")
	only.SetUnencryptedHTTP2(protocol == "HTTP/2")
	g := &Guard{Stall: 500 * time.Millisecond}
	g.Places.All, g.Places.Each = 9, 9
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Protocols: only, Handler: Pace{Next: h, Least: 1 << 10, Window: 500 * time.Millisecond, Stall: 500 * time.Millisecond}}
	go func() { _ = s.Serve(g.Plain(l)) }()
	t.Cleanup(func() { _ = s.Close() })
	c := http.Client{Transport: &http.Transport{Protocols: only}}
	return func(path string) *http.Response {
		t.Helper()
		response, err := c.Get("http://" + l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { response.Body.Close() })
		if want := map[string]int{"HTTP/1.1": 1, "HTTP/2": 2}[protocol]; response.ProtoMajor != want {
			t.Fatalf("it speaks %s", response.Proto)
		}
		return response
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A connection that a handler took over ends with the rest.
func TestTakenOverEnds(t *testing.T) {
	taken := make(chan net.Conn, 1)
	g, s, addr := open(t, 9, 9, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
		}
		taken <- c
	}))
	c := dial(t, addr)
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-taken
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if g.Open() != 1 {
		t.Fatalf("%d connections are open", g.Open())
	}
	g.Close()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("it goes on: %v", err)
	}
	if g.Open() != 0 {
		t.Errorf("%d connections are open", g.Open())
	}
}

func TestOpenSaysWhatToDo(t *testing.T) {
	l, err := Open("127.0.0.1:0", "--http")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for addr, want := range map[string]string{
		l.Addr().String():    "already",
		"203.0.113.254:8090": "assign",
		"127.0.0.1:nonsense": "nonsense",
	} {
		_, err := Open(addr, "--http")
		if err == nil || !strings.Contains(err.Error(), "listen at "+addr+" (set by --http): ") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", addr, err)
		}
	}
	denied := hint("0.0.0.0:443", &net.OpError{Op: "listen", Err: os.NewSyscallError("bind", syscall.EACCES)})
	if !strings.Contains(denied.Error(), "CAP_NET_BIND_SERVICE") || !strings.Contains(denied.Error(), "ip_unprivileged_port_start") {
		t.Errorf("%v", denied)
	}
}
