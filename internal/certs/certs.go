// Package certs keeps the certificates that the library is served with: got and
// renewed by ACME (RFC 8555), or read from files of the operator's own and read
// again when these change. What fails is told and tried again; it stops nothing.
package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Config says which certificates are kept: those of Domains, by ACME, or the one
// in CertFile and KeyFile. With neither there is none.
type Config struct {
	Domains []string // lower case, ASCII
	Email   string   // where the authority may write to, or empty
	CA      string   // address of an ACME directory; empty: Let's Encrypt's
	CARoot  string   // path of a PEM file that the ACME server is known by too, or empty
	Dir     string   // folder of certificates and account keys; made, for this user only

	CertFile, KeyFile string // paths of PEM files

	// Every is how often certificates and files are looked at; 0: every 10 minutes
	// by ACME, which asks the authority when a third of the time is left or when it
	// says, and every 10 seconds for files.
	Every  time.Duration
	Logger *slog.Logger // nil: slog.Default
}

// Status is how one certificate stands.
type Status struct {
	Domain      string // the name that it is for; of files: the first one
	Own         bool   // it is from files of the operator's own
	Fingerprint string // SHA-256 in hex; empty: there is no certificate yet
	Issuer      string
	NotBefore   time.Time
	NotAfter    time.Time
	LastError   string    // why the last try failed; empty: it did not
	NextTry     time.Time // zero: none is planned because of that
}

// Keeper keeps the certificates. It is safe for concurrent use.
type Keeper struct {
	config Config
	log    *slog.Logger

	mu     sync.Mutex
	source source // nil until Open
	stop   context.CancelFunc
	work   sync.WaitGroup
}

// source is where certificates come from.
type source interface {
	tlsConfig() *tls.Config
	challenge(next http.Handler) http.Handler
	start(ctx context.Context, work *sync.WaitGroup)
	status() []Status
	close()
}

// New returns a keeper that has touched nothing yet.
func New(c Config) *Keeper {
	log := c.Logger
	if log == nil {
		log = slog.Default()
	}
	return &Keeper{config: c, log: log, stop: func() {}}
}

// Enabled tells whether there are certificates to keep, and so HTTPS to serve.
func (k *Keeper) Enabled() bool { return len(k.config.Domains) > 0 || k.config.CertFile != "" }

// Open reads what is there, and asks nobody. A challenge is answered only by the
// listeners that are given, which are to be served with Challenge and TLSConfig:
// nil for one that there is not. An error is one line that names the file.
func (k *Keeper) Open(challenges, https net.Addr) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.Enabled() || k.source != nil {
		return errors.New("certificates: there are none to keep, or they are kept already")
	}
	var err error
	if k.config.CertFile != "" {
		k.source, err = openFiles(k.config, k.log)
	} else {
		k.source, err = openACME(k.config, k.log, challenges, https)
	}
	return err
}

// Start has the certificates got, renewed and read again until Close. It does
// not wait for the first: a server without one answers no HTTPS yet.
func (k *Keeper) Start() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.source == nil {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	k.stop = stop
	k.source.start(ctx, &k.work)
}

// Close ends what Start began. The certificates can still be served.
func (k *Keeper) Close() {
	k.mu.Lock()
	stop, source := k.stop, k.source
	k.mu.Unlock()
	stop()
	k.work.Wait()
	if source != nil {
		source.close()
	}
}

// TLSConfig serves the certificates over TLS 1.2 and later, with HTTP/2, and
// answers TLS-ALPN-01 challenges (RFC 8737). Call it after Open.
func (k *Keeper) TLSConfig() *tls.Config { return k.from().tlsConfig() }

// Challenge answers HTTP-01 challenges (RFC 8555, 8.3) and passes all else on to
// next. Call it after Open.
func (k *Keeper) Challenge(next http.Handler) http.Handler { return k.from().challenge(next) }

// Status tells how each certificate stands; nothing before Open.
func (k *Keeper) Status() []Status {
	s := k.from()
	if s == nil {
		return nil
	}
	return s.status()
}

// Ends tells when each certificate ends, by its domain; those that there are none
// of yet are left out.
func (k *Keeper) Ends() map[string]time.Time {
	ends := map[string]time.Time{}
	for _, s := range k.Status() {
		if s.Fingerprint != "" {
			ends[s.Domain] = s.NotAfter
		}
	}
	return ends
}

func (k *Keeper) from() source {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.source
}
