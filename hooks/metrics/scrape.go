package metrics

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	scrapePath   = "/metrics"
	scrapeWithin = 10 * time.Second

	directKey = "onlibrary.metrics.direct"
)

// scrape answers Prometheus: to a program of this machine that asks directly,
// and to whoever shows the token. To others it is not there.
func (r *room) scrape() func(*core.RequestEvent) error {
	answer := promhttp.HandlerFor(r.meter.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 2, Timeout: scrapeWithin})
	return func(e *core.RequestEvent) error {
		if e.Get(directKey) != true && !r.shown(e.Request) {
			return e.NotFoundError("", nil)
		}
		e.Response.Header().Set("Cache-Control", "no-store")
		answer.ServeHTTP(e.Response, e.Request)
		return nil
	}
}

// shown tells whether a request shows the token (RFC 6750, 2.1).
func (r *room) shown(q *http.Request) bool {
	scheme, token, _ := strings.Cut(q.Header.Get("Authorization"), " ")
	want, got := sha256.Sum256([]byte(r.Token)), sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && r.Token != "" && strings.EqualFold(scheme, "Bearer")
}

// direct tells whether a request comes from a program of this machine that asks
// for itself: neither a proxy, whichever header it says so by and whether that
// is believed or not, nor a page in a browser, which may be anybody's.
func direct(e *core.RequestEvent) bool {
	peer, err := netip.ParseAddr(e.RemoteIP())
	if err != nil || !peer.Unmap().IsLoopback() || !local(e.Request.Host) {
		return false
	}
	// A proxy that is not told otherwise may send no header and ask by HTTP/1.0
	// for 127.0.0.1, as nginx does.
	if !e.Request.ProtoAtLeast(1, 1) {
		return false
	}
	others := []string{
		"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Server", "X-Real-Ip",
		"X-Client-Ip", "X-Cluster-Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "Fly-Client-Ip", "Fastly-Client-Ip",
		"Origin", "Sec-Fetch-Site",
	}
	return !slices.ContainsFunc(append(others, e.App.Settings().TrustedProxy.Headers...), func(name string) bool {
		return len(e.Request.Header.Values(name)) > 0
	})
}

// local tells whether a Host header names this machine by itself.
func local(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.Unmap().IsLoopback()
}
