package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// server is a running program that answers at base.
type server struct {
	cmd    *exec.Cmd
	base   string
	output bytes.Buffer
	client *http.Client
	first  time.Duration // from the start of the process to its first answer
	ended  chan error
}

// serveLibrary runs the built library on a data folder.
func (b *bench) serveLibrary(dir string) (*server, error) {
	return serve(b.program, dir, "--data-dir", nil)
}

// serveStock runs stock PocketBase on a data folder, building it first.
func (b *bench) serveStock(dir string, env ...string) (*server, error) {
	if b.stock == "" {
		path := filepath.Join(b.dir, "stock")
		cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "onlibrary/bench/stock")
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("build stock PocketBase: %w", err)
		}
		b.stock = path
	}
	return serve(b.stock, dir, "--dir", env)
}

func serve(program, dir, dirFlag string, env []string) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s := &server{base: "http://" + addr, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}, ended: make(chan error, 1)}
	s.cmd = exec.Command(program, "serve", "--http", addr, dirFlag, dir)
	s.cmd.Dir = dir // no .env of ours
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "ONLIBRARY_") {
			s.cmd.Env = append(s.cmd.Env, v)
		}
	}
	s.cmd.Env = append(s.cmd.Env, env...)
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { s.ended <- s.cmd.Wait() }()
	for {
		select {
		case err := <-s.ended:
			return nil, fmt.Errorf("%s ended: %w\n%s", filepath.Base(program), err, s.output.Bytes())
		default:
		}
		if _, err := s.get("/api/health"); err == nil {
			s.first = time.Since(began)
			return s, nil
		}
		if time.Since(began) > time.Minute {
			return nil, fmt.Errorf("%s does not answer: %w", filepath.Base(program), s.stop())
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// stop ends the server as its operator would.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	select {
	case err := <-s.ended:
		return err
	case <-time.After(20 * time.Second):
		return fmt.Errorf("did not stop within 20 s: %w", s.cmd.Process.Kill())
	}
}

func (s *server) pid() int { return s.cmd.Process.Pid }

func (s *server) get(path string) ([]byte, error) { return s.getAs("", path) }

func (s *server) getAs(token, path string) ([]byte, error) {
	req, err := http.NewRequest(http.MethodGet, s.base+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", token)
	return s.do(req)
}

// do sends a request and returns the whole answer; any status but 200 is an error.
func (s *server) do(req *http.Request) ([]byte, error) {
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s: %s: %.300s", req.Method, req.URL.Path, resp.Status, body)
	}
	return body, nil
}

// signIn returns a patron's token.
func (s *server) signIn(username string) (string, error) {
	resp, err := s.client.PostForm(s.base+"/api/collections/users/auth-with-password",
		url.Values{"identity": {username}, "password": {password}})
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var answer struct{ Token string }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return "", err
	}
	if answer.Token == "" {
		return "", fmt.Errorf("sign in %s: %s", username, resp.Status)
	}
	return answer.Token, nil
}
