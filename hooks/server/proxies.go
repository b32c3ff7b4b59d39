package server

import (
	"net/netip"

	"github.com/pocketbase/pocketbase/core"
)

// heed lets only a trusted proxy say where a request comes from: PocketBase
// believes the headers in its settings (trustedProxy) from whomever. Without
// trusted proxies in the settings of the program, only this machine's are.
func (r *room) heed(e *core.RequestEvent) error {
	headers := e.App.Settings().TrustedProxy.Headers
	peer, _ := netip.ParseAddr(e.RemoteIP()) // the zero one is not trusted
	if len(headers) > 0 && !r.Config.Trusts(peer) {
		for _, h := range headers {
			e.Request.Header.Del(h)
		}
	}
	return e.Next()
}

// nameHeader has the usual header believed where the operator names proxies
// and no header is set.
func (r *room) nameHeader(s *core.Settings) (changed bool) {
	if len(r.Config.TrustedProxies) == 0 || len(s.TrustedProxy.Headers) > 0 {
		return false
	}
	s.TrustedProxy.Headers = []string{"X-Forwarded-For"}
	return true
}
