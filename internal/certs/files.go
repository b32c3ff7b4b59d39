package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/tools/routine"
)

// filesEvery is how often files are looked at: a look is two calls of stat.
const filesEvery = 10 * time.Second

// files is a certificate of the operator's own.
type files struct {
	cert, key string
	every     time.Duration
	log       *slog.Logger

	mu      sync.RWMutex
	current *tls.Certificate
	failure string // of the last reading
	seen    string // what the files looked like at the last reading
}

func openFiles(c Config, log *slog.Logger) (*files, error) {
	f := &files{cert: c.CertFile, key: c.KeyFile, every: c.Every, log: log}
	if f.every == 0 {
		f.every = filesEvery
	}
	f.seen = f.look()
	var err error
	if f.current, err = f.read(); err != nil {
		return nil, err
	}
	return f, nil
}

// read returns the certificate that the files hold now.
func (f *files) read() (*tls.Certificate, error) {
	cert, err := readPEM(f.cert)
	if err != nil {
		return nil, fmt.Errorf("the certificate (--tls-cert) cannot be read: %w", err)
	}
	key, err := readPEM(f.key)
	if err != nil {
		return nil, fmt.Errorf("the key of the certificate (--tls-key) cannot be read: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	switch {
	case err == nil:
		return &pair, nil
	case bytes.Contains(key, []byte("ENCRYPTED")):
		return nil, fmt.Errorf("the key %s (--tls-key) is encrypted: want it without a passphrase", f.key)
	default:
		reason := strings.TrimPrefix(err.Error(), "tls: ")
		return nil, fmt.Errorf("the certificate %s (--tls-cert) and the key %s (--tls-key) do not go together: %s", f.cert, f.key, reason)
	}
}

// readPEM reads a plain file; another kind could be waited for without end.
func readPEM(path string) ([]byte, error) {
	const most = 1 << 20
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a directory", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no plain file", path)
	case info.Size() > most:
		return nil, fmt.Errorf("%s is too large", path)
	}
	return os.ReadFile(path)
}

// look tells what the files look like from outside. Links are followed.
func (f *files) look() string {
	var b strings.Builder
	for _, path := range []string{f.cert, f.key} {
		if info, err := os.Stat(path); err == nil {
			fmt.Fprintf(&b, "%d %d\n", info.ModTime().UnixNano(), info.Size())
		} else {
			fmt.Fprintf(&b, "%v\n", err)
		}
	}
	return b.String()
}

// reload takes up a new certificate. While the files hold none the old one
// stays, and each look reads again: the other file may be on its way.
func (f *files) reload() {
	now := f.look()
	f.mu.RLock()
	same := now == f.seen && f.failure == ""
	f.mu.RUnlock()
	if same {
		return
	}
	pair, err := f.read()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = now
	switch {
	case err == nil:
		f.current, f.failure = pair, ""
		f.log.Info("a new certificate is in use", "file", f.cert, "until", pair.Leaf.NotAfter)
	case err.Error() != f.failure:
		f.failure = err.Error()
		f.log.Error("the new certificate is of no use, the old one stays", "error", err, "until", f.current.Leaf.NotAfter)
	}
}

func (f *files) start(ctx context.Context, work *sync.WaitGroup) {
	routine.FireAndForget(func() {
		tick := time.NewTicker(f.every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				f.reload()
			}
		}
	}, work)
}

func (f *files) tlsConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			f.mu.RLock()
			defer f.mu.RUnlock()
			return f.current, nil
		},
	}
}

func (f *files) status() []Status {
	f.mu.RLock()
	defer f.mu.RUnlock()
	s := describe(f.current.Leaf)
	s.Own, s.LastError = true, f.failure
	s.Domain = f.current.Leaf.Subject.CommonName
	if len(f.current.Leaf.DNSNames) > 0 {
		s.Domain = f.current.Leaf.DNSNames[0]
	}
	return []Status{s}
}

func (*files) challenge(next http.Handler) http.Handler { return next }

func (*files) close() {}
