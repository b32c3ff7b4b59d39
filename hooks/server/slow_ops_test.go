//go:build ops && linux

package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"onlibrary/internal/config"
)

// 2,000 connections of one address that send headers, send bodies or take
// answers slowly, or listen, leave the others' p99 under 1 s and the server
// under 512 MB; the same where the address is a trusted proxy's, which may have
// them all.
func TestOpsSlowClients(t *testing.T) {
	for _, where := range []string{"of one address", "of a proxy"} {
		t.Run(where, func(t *testing.T) {
			addr := freeAddress(t)
			c := command(t, t.TempDir(), "serve", "--http", addr)
			slow := "127.0.0.2"
			c.Env = append(c.Env, config.Prefix+"TRUSTED_PROXIES=10.0.0.1")
			if where == "of a proxy" {
				c.Env = append(c.Env, config.Prefix+"TRUSTED_PROXIES="+slow)
			}
			s := begin(t, c)
			s.signIn(t)
			u, _, status := s.send(t, 5<<20)
			if status != 200 {
				t.Fatalf("upload: %d", status)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var all sync.WaitGroup
			var open, refused atomic.Int32
			kinds := []string{
				"GET / HTTP/1.1\r\nHost: x\r\nX: ",
				"POST /api/collections/users/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n",
				"GET /api/files/documents/" + u.ID + "/" + u.File + " HTTP/1.1\r\nHost: x\r\n\r\n",
				"GET /api/realtime HTTP/1.1\r\nHost: x\r\n\r\n",
			}
			for i := range 2000 {
				all.Go(func() {
					for ctx.Err() == nil {
						drip(ctx, slow, addr, kinds[i%len(kinds)], &open, &refused)
						select {
						case <-ctx.Done():
						case <-time.After(3 * time.Second): // and again
						}
					}
				})
			}
			time.Sleep(5 * time.Second)
			others := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				return (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.3")}}).DialContext(ctx, network, addr)
			}, DisableKeepAlives: true}}
			var took []time.Duration
			for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
				began := time.Now()
				response, err := others.Get("http://" + addr + "/api/collections/documents/records")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, response.Body); err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
				if response.StatusCode != 200 {
					t.Fatalf("another's request: %d", response.StatusCode)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			p99 := took[len(took)*99/100]
			t.Logf("%d slow connections open, %d refused so far; %d requests of others: p50 %s, p99 %s, most %s; %d MB of memory",
				open.Load(), refused.Load(), len(took), took[len(took)/2], p99, took[len(took)-1], memory(t, c.Process.Pid))
			if p99 >= time.Second || memory(t, c.Process.Pid) > 512 {
				t.Error("that is too slow, or too much")
			}
			cancel()
			all.Wait()
			if code := s.stop(t); code != 0 {
				t.Errorf("ended with %d: %s", code, s.stderr)
			}
		})
	}
}

// drip opens a connection, sends a request and then a byte a second, and takes nothing.
func drip(ctx context.Context, from, to, request string, open, refused *atomic.Int32) {
	c, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).DialContext(ctx, "tcp", to)
	if err != nil {
		refused.Add(1)
		return
	}
	defer c.Close()
	open.Add(1)
	defer open.Add(-1)
	if _, err := io.WriteString(c, request); err != nil {
		refused.Add(1)
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
		if _, err := io.WriteString(c, "x"); err != nil {
			refused.Add(1)
			return
		}
	}
}

// memory is the most that the process has held, in MB.
func memory(t testing.TB, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	kb, err := strconv.Atoi(regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindStringSubmatch(string(status))[1])
	if err != nil {
		t.Fatal(err)
	}
	return kb >> 10
}

// An upload at 50 KB/s goes on for longer than any deadline; one that sends a
// byte now and then is dropped.
func TestOpsSlowUpload(t *testing.T) {
	r := begin(t, command(t, t.TempDir(), "serve"))
	r.signIn(t)
	head := "POST /api/collections/documents/records HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: " + r.token +
		"\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: "
	before, after := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n", "\r\n--b--\r\n"
	const size = 10 << 20 // at 50 KB/s: 3 and a half minutes
	send := func(piece int, every time.Duration) (answer string, sent int) {
		c, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := fmt.Fprintf(c, "%s%d\r\n\r\n%s", head, len(before)+size+len(after), before); err != nil {
			t.Fatal(err)
		}
		answers := make(chan string, 1)
		go func() {
			b, _ := io.ReadAll(c)
			answers <- string(b)
		}()
		text := []byte(strings.Repeat("a", piece))
		for sent < size {
			select {
			case answer := <-answers:
				return answer, sent
			case <-time.After(every):
			}
			n, err := c.Write(text[:min(piece, size-sent)])
			if err != nil {
				break
			}
			sent += n
		}
		_, _ = io.WriteString(c, after)
		return <-answers, sent
	}
	t.Run("at 50 KB a second", func(t *testing.T) {
		t.Parallel()
		if answer, sent := send(5_000, 100*time.Millisecond); !strings.Contains(answer, " 200 ") || sent != size {
			t.Errorf("%d bytes: %.300s", sent, answer)
		}
	})
	t.Run("a byte every 10 s", func(t *testing.T) {
		t.Parallel()
		if answer, sent := send(1, 10*time.Second); strings.Contains(answer, " 200 ") || sent > 12 {
			t.Errorf("%d bytes: %.300s", sent, answer)
		}
	})
}
