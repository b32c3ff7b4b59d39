package certs

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3"
	"github.com/pocketbase/pocketbase/tools/routine"
	"go.uber.org/zap"
)

// again is how long a domain rests of which CertMagic gives up: after a month of
// tries, or where it cannot store what it gets.
const again = 30 * time.Minute

// authority is certificates got by ACME, through CertMagic.
type authority struct {
	domains []string
	cache   *certmagic.Cache
	storage storage
	log     *slog.Logger
	configs map[string]*certmagic.Config // by domain: one each, so that logs can be told apart
	issuers map[string]*certmagic.ACMEIssuer
	end     sync.Once

	mu    sync.Mutex
	tries map[string]try // by domain; only what failed last
}

// try is how the last try to get a certificate failed, and when the next is.
type try struct {
	err  string
	next time.Time
	many int // in a row
}

// rest is how long CertMagic rests after so many tries to renew in vain. It does
// not tell; of the first tries to get one it does.
func rest(tries int) time.Duration {
	minutes := []time.Duration{1, 2, 2, 5, 10, 10, 10, 20, 20, 20, 20, 30, 30, 30, 30, 30, 30, 60, 60, 60, 120, 120, 180, 180, 360}
	return minutes[min(tries, len(minutes)-1)] * time.Minute
}

func openACME(c Config, log *slog.Logger, challenges, https net.Addr) (*authority, error) {
	roots, err := trusted(c.CARoot)
	if err != nil {
		return nil, err
	}
	if err := makeFolder(c.Dir); err != nil {
		return nil, err
	}
	host, port, err := occupied(challenges, https)
	if err != nil {
		return nil, err
	}
	a := &authority{
		domains: c.Domains, log: log, storage: newStorage(c.Dir),
		configs: map[string]*certmagic.Config{}, issuers: map[string]*certmagic.ACMEIssuer{}, tries: map[string]try{},
	}
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		RenewCheckInterval: c.Every,
		Logger:             zap.New(&logs{authority: a}),
		GetConfigForCert: func(cert certmagic.Certificate) (*certmagic.Config, error) {
			for _, name := range cert.Names {
				if config := a.configs[name]; config != nil {
					return config, nil
				}
			}
			return nil, fmt.Errorf("a certificate for %v is nobody's", cert.Names)
		},
	})
	for _, domain := range c.Domains {
		logger := zap.New(&logs{authority: a, domain: domain})
		config := certmagic.New(a.cache, certmagic.Config{
			DefaultServerName: c.Domains[0], // for who comes by the address alone
			Storage:           a.storage,
			// The usual authority has none, and what other machines are down for is no
			// concern of those who come here.
			OCSP:    certmagic.OCSPConfig{DisableStapling: true},
			Logger:  logger,
			OnEvent: a.heed,
		})
		issuer := certmagic.NewACMEIssuer(config, certmagic.ACMEIssuer{
			CA: c.CA, Email: c.Email, Agreed: true, TrustedRoots: roots, Logger: logger,
			DisableHTTPChallenge: challenges == nil, DisableTLSALPNChallenge: https == nil,
			// Challenges are answered by this process, and by none beside it.
			DisableDistributedSolvers: true,
		})
		// CertMagic listens by itself, unless somebody does already where it would:
		// so that is where we do. It does not matter which of our listeners it is.
		issuer.ListenHost, issuer.AltHTTPPort = host, port
		issuer.AltTLSALPNPort = port
		config.Issuers = []certmagic.Issuer{issuer}
		a.configs[domain], a.issuers[domain] = config, issuer
	}
	return a, nil
}

// occupied is the address of one of our listeners; without any, no challenge can
// be answered and none is begun.
func occupied(listeners ...net.Addr) (host string, port int, err error) {
	for _, at := range listeners {
		if at == nil {
			continue
		}
		tcp, err := net.ResolveTCPAddr(at.Network(), at.String())
		if err != nil {
			return "", 0, fmt.Errorf("certificates: %w", err)
		}
		return tcp.AddrPort().Addr().String(), tcp.Port, nil
	}
	return "", 0, nil
}

// trusted is the machine's roots and those in the file, by which the authority's
// own server is known; nil: the machine's only.
func trusted(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // what net/http takes for the machine's
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the root of the certificate authority (--acme-ca-root) cannot be read: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("the root of the certificate authority %s (--acme-ca-root): there is no certificate in it", path)
	}
	return roots, nil
}

func (a *authority) start(ctx context.Context, work *sync.WaitGroup) {
	for _, domain := range a.domains {
		routine.FireAndForget(func() { a.manage(ctx, domain) }, work)
	}
}

// manage gets the domain's certificate unless it is there, however long that
// takes, and has it renewed from then on.
func (a *authority) manage(ctx context.Context, domain string) {
	config := a.configs[domain]
	for {
		err := config.ObtainCertAsync(ctx, domain) // which tries for a month
		if err == nil {
			err = config.ManageAsync(ctx, []string{domain})
		}
		if ctx.Err() != nil || err == nil && a.has(domain) {
			return
		}
		a.failed(domain, err, again)
		select {
		case <-ctx.Done():
			return
		case <-time.After(again):
		}
	}
}

// has tells whether there is a certificate of the domain.
func (a *authority) has(domain string) bool {
	_, err := a.leaf(domain)
	return err == nil
}

// failed notes and logs, in one line, that a try was in vain. A wait of 0 is not
// known.
func (a *authority) failed(domain string, err error, wait time.Duration) {
	if err == nil {
		err = errors.New("no certificate was got in a month")
	}
	a.mu.Lock()
	many := a.tries[domain].many
	if wait == 0 {
		wait = rest(many)
	}
	// CertMagic says the name each time it passes an error on.
	t := try{strings.ReplaceAll(err.Error(), "["+domain+"] ", ""), time.Now().Add(wait), many + 1}
	a.tries[domain] = t
	a.mu.Unlock()
	until := "there is none yet"
	if leaf, err := a.leaf(domain); err == nil {
		until = "the old one is valid until " + leaf.NotAfter.UTC().Format(time.RFC3339)
	}
	a.log.Error("no new certificate: "+until, "domain", domain, "next", t.next, "error", t.err)
}

// heed is told by CertMagic what happens.
func (a *authority) heed(_ context.Context, event string, data map[string]any) error {
	if event != "cert_obtained" {
		return nil
	}
	domain, ok := data["identifier"].(string)
	if !ok {
		return nil
	}
	a.mu.Lock()
	delete(a.tries, domain)
	a.mu.Unlock()
	leaf, err := a.leaf(domain)
	if err != nil {
		return nil //nolint:nilerr // it would undo what has been got; the next reading tells
	}
	a.log.Info("a new certificate is in use", "domain", domain, "issuer", leaf.Issuer.CommonName, "until", leaf.NotAfter)
	return nil
}

func (a *authority) tlsConfig() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1", acmez.ACMETLS1Protocol},
		GetCertificate: a.configs[a.domains[0]].GetCertificate, // all share one cache
	}
}

func (a *authority) challenge(next http.Handler) http.Handler {
	return a.issuers[a.domains[0]].HTTPChallengeHandler(next) // all share what is under way
}

func (a *authority) status() []Status {
	var all []Status
	for _, domain := range a.domains {
		var s Status
		leaf, err := a.leaf(domain)
		if err == nil {
			s = describe(leaf)
		} else if !errors.Is(err, fs.ErrNotExist) {
			s.LastError = err.Error()
		}
		a.mu.Lock()
		t, failed := a.tries[domain]
		a.mu.Unlock()
		if failed {
			s.LastError, s.NextTry = t.err, t.next
		}
		s.Domain = domain
		all = append(all, s)
	}
	return all
}

// leaf reads the stored certificate of a domain.
func (a *authority) leaf(domain string) (*x509.Certificate, error) {
	key := certmagic.StorageKeys.SiteCert(a.issuers[domain].IssuerKey(), domain)
	text, err := a.storage.Load(context.Background(), key)
	if err != nil {
		return nil, fmt.Errorf("certificate of %s: %w", domain, err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("certificate of %s: %s holds none", domain, a.storage.Filename(key))
	}
	return x509.ParseCertificate(block.Bytes)
}

// describe is what a certificate says of itself.
func describe(leaf *x509.Certificate) Status {
	sum := sha256.Sum256(leaf.Raw)
	issuer := leaf.Issuer.CommonName
	if issuer == "" {
		issuer = leaf.Issuer.String()
	}
	return Status{Fingerprint: hex.EncodeToString(sum[:]), Issuer: issuer, NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter}
}

func (a *authority) close() { a.end.Do(a.cache.Stop) }
