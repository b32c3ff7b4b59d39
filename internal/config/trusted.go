package config

import (
	"net/netip"
	"slices"
)

// Trusts tells whether a peer is a proxy whose headers are believed: one of
// TrustedProxies, or without any of those one of this machine's.
func (c Config) Trusts(peer netip.Addr) bool {
	peer = peer.Unmap().WithZone("")
	if len(c.TrustedProxies) == 0 {
		return peer.IsLoopback()
	}
	return slices.ContainsFunc(c.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(peer) })
}
