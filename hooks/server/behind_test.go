package server

import (
	"bufio"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"onlibrary/internal/config"
	"onlibrary/internal/testapp"
)

// proxy is a real proxy that runs as packaging/ sets it up, but for the name of
// the certificate and the addresses.
type proxy struct {
	https   string
	trusted *x509.CertPool
}

func packaged(t testing.TB, path string, changes ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "packaging", path))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(string(text), changes[i]) {
			t.Fatalf("%s has no %q", path, changes[i])
		}
	}
	return strings.NewReplacer(changes...).Replace(string(text))
}

func startProxy(t testing.TB, c *exec.Cmd, https string) {
	t.Helper()
	var out lockedBuffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Signal(os.Interrupt); _ = c.Wait() })
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", https); err == nil {
			conn.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s does not listen: %s", c.Path, &out)
		}
	}
}

func behindNginx(t testing.TB, behind string) proxy {
	t.Helper()
	program := testapp.Tool(t, "nginx")
	cert, key, trusted := ownCertificate(t, domain)
	dir, https, plain := t.TempDir(), freeAddress(t), freeAddress(t)
	site := packaged(t, "nginx/onlibrary.conf",
		"127.0.0.1:8090;", behind+";",
		"\tlisten [::]:80;\n", "", "listen 80;", "listen "+plain+";",
		"\tlisten [::]:443 ssl http2;\n", "", "listen 443 ssl http2;", "listen "+https+" ssl http2;",
		"/etc/letsencrypt/live/books.example.org/fullchain.pem", cert, "/etc/letsencrypt/live/books.example.org/privkey.pem", key)
	main := "daemon off;\npid " + dir + "/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n"
	if os.Geteuid() == 0 {
		main = "user root;\n" + main // who may look into the test's folder
	}
	for _, what := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		main += what + "_temp_path " + filepath.Join(dir, what) + ";\n"
	}
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(main+site+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	startProxy(t, exec.Command(program, "-c", path, "-p", dir, "-e", "stderr"), https)
	return proxy{https, trusted}
}

func behindCaddy(t testing.TB, behind string) proxy {
	t.Helper()
	program := testapp.Tool(t, "caddy")
	cert, key, trusted := ownCertificate(t, domain)
	dir, https, plain := t.TempDir(), freeAddress(t), freeAddress(t)
	_, port, _ := net.SplitHostPort(https)
	_, plainPort, _ := net.SplitHostPort(plain)
	text := packaged(t, "caddy/Caddyfile",
		"127.0.0.1:8090 {", behind+" {",
		"{\n\tservers {", "{\n\tadmin off\n\tdefault_bind 127.0.0.1\n\thttps_port "+port+"\n\thttp_port "+plainPort+"\n\tservers {",
		"books.example.org {", "books.example.org {\n\ttls "+cert+" "+key)
	path := filepath.Join(dir, "Caddyfile")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, "run", "--config", path, "--adapter", "caddyfile")
	c.Env = []string{"HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir, "PATH=" + os.Getenv("PATH")}
	startProxy(t, c, https)
	return proxy{https, trusted}
}

// from is a client at an address of this machine that goes through the proxy.
func (p proxy) from(addr string) *http.Client {
	c := clientAt(p.https, p.trusted, false)
	c.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(addr)}}).DialContext(ctx, network, p.https)
	}
	return c
}

// Behind nginx and Caddy as packaging/ sets them up: files both ways, parts of
// them, realtime, and everybody's own address.
func TestBehindProxies(t *testing.T) {
	if !loopbackHasManyAddresses() {
		t.Skip("127.0.0.2 is not this machine's here")
	}
	for name, put := range map[string]func(testing.TB, string) proxy{"nginx": behindNginx, "caddy": behindCaddy} {
		t.Run(name, func(t *testing.T) {
			behind := freeAddress(t)
			p := put(t, behind)
			c := command(t, t.TempDir(), "serve", "--http", behind)
			c.Env = append(c.Env, config.Prefix+"TRUSTED_PROXIES=127.0.0.1", config.Prefix+"PUBLIC_URL=https://"+domain)
			s := begin(t, c)
			s.url, s.client = "https://"+domain, p.from("127.0.0.2")
			s.signIn(t)

			u, sum, status := s.send(t, 5_000_000)
			if status != 200 || u.SHA256 != sum {
				t.Fatalf("upload: %d, sum %s, want %s", status, u.SHA256, sum)
			}
			t.Run("a part of a file", func(t *testing.T) {
				request, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/api/files/documents/"+u.ID+"/"+u.File, nil)
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("Range", "bytes=4000000-")
				response, err := s.client.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				defer response.Body.Close()
				text, err := io.ReadAll(response.Body)
				if err != nil || response.StatusCode != http.StatusPartialContent || len(text) != 1_000_000 {
					t.Errorf("%d, %d bytes: %v", response.StatusCode, len(text), err)
				}
				if got := response.Header.Values("Strict-Transport-Security"); len(got) != 1 {
					t.Errorf("HSTS: %q", got)
				}
			})
			t.Run("realtime, as it happens", func(t *testing.T) {
				response, err := s.client.Get(s.url + "/api/realtime")
				if err != nil {
					t.Fatal(err)
				}
				defer response.Body.Close()
				data := make(chan string, 10)
				go func() {
					for lines := bufio.NewScanner(response.Body); lines.Scan(); {
						if text, ok := strings.CutPrefix(lines.Text(), "data:"); ok {
							data <- text
						}
					}
				}()
				hello := hear(t, data)
				id := hello[strings.Index(hello, `:"`)+2 : strings.LastIndex(hello, `"`)]
				subscribe := fmt.Sprintf(`{"clientId":%q,"subscriptions":["library/*"]}`, id)
				if status := s.do(t, "POST", "/api/realtime", strings.NewReader(subscribe), "application/json", nil); status != 204 {
					t.Fatalf("subscribe: %d", status)
				}
				if status := s.do(t, "PATCH", "/api/collections/library/records/library00000000", strings.NewReader(`{"description":"heard"}`), "application/json", nil); status != 200 {
					t.Fatalf("save: %d", status)
				}
				if got := hear(t, data); !strings.Contains(got, "heard") {
					t.Errorf("heard %s", got)
				}
			})
			t.Run("everybody's own address", func(t *testing.T) {
				request, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/api/collections/users/auth-with-password",
					strings.NewReader(fmt.Sprintf(`{"identity":%q,"password":%q}`, email, password)))
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("Content-Type", "application/json")
				for _, h := range []string{"X-Forwarded-For", "X-Real-IP", "Forwarded"} {
					request.Header.Set(h, "203.0.113.9")
				}
				response, err := p.from("127.0.0.3").Do(request)
				if err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
				var rows struct{ Items []struct{ IP string } }
				if status := s.do(t, "GET", "/api/collections/audit_logs/records?sort=-created,-id&perPage=1&filter="+`action='login'`, nil, "", &rows); status != 200 {
					t.Fatalf("audit: %d", status)
				}
				if len(rows.Items) != 1 || rows.Items[0].IP != "127.0.0.3" {
					t.Errorf("the sign-in came from %+v", rows.Items)
				}
			})
			t.Run("everybody's own limits", func(t *testing.T) {
				try := func(from string) int {
					request, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/api/collections/users/auth-with-password", strings.NewReader("{}"))
					if err != nil {
						t.Fatal(err)
					}
					request.Header.Set("Content-Type", "application/json")
					request.Header.Set("X-Forwarded-For", fmt.Sprintf("203.0.113.%d", time.Now().UnixNano()%250))
					response, err := p.from(from).Do(request)
					if err != nil {
						t.Fatal(err)
					}
					response.Body.Close()
					return response.StatusCode
				}
				refused := 0
				for range 130 { // 120 a minute
					if try("127.0.0.4") == http.StatusTooManyRequests {
						refused++
					}
				}
				if refused == 0 || refused > 30 {
					t.Errorf("%d of 130 tries were refused", refused)
				}
				if status := try("127.0.0.5"); status != http.StatusBadRequest {
					t.Errorf("another address: %d", status)
				}
			})
			if code := s.stop(t); code != 0 {
				t.Errorf("ended with %d: %s", code, s.stderr)
			}
		})
	}
}

func loopbackHasManyAddresses() bool {
	l, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// hear waits for what is told next.
func hear(t testing.TB, told <-chan string) string {
	t.Helper()
	select {
	case s := <-told:
		return s
	case <-time.After(30 * time.Second):
		t.Fatal("nothing is told")
		return ""
	}
}
