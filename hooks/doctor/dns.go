package doctor

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/core"
)

// dns looks whether the domains lead to this machine.
func (r *room) dns(ctx context.Context, _ core.App) Finding {
	if len(r.Config.Domains) == 0 {
		return off("no domain is set")
	}
	own, err := r.Addresses()
	if err != nil {
		return fail("", "the addresses of this machine cannot be told: %v", err)
	}
	for _, domain := range r.Config.Domains {
		found, err := r.Lookup(ctx, domain)
		if err != nil || len(found) == 0 {
			return fail("add an A record, and an AAAA record if the machine has IPv6, where the domain is kept", "%s has no address: %v", domain, err)
		}
		for i := range found {
			found[i] = found[i].Unmap()
		}
		elsewhere := slices.DeleteFunc(slices.Clone(found), func(a netip.Addr) bool { return slices.Contains(own, a) })
		if len(elsewhere) == 0 {
			continue
		}
		const hint = "let its A and AAAA records name this machine only"
		// Behind a router that forwards, the machine does not know its address.
		if len(elsewhere) == len(found) && !slices.ContainsFunc(own, public) {
			return warn(hint+", unless a router forwards from there to here", "%s leads to %s, which is no address of this machine", domain, join(elsewhere))
		}
		return fail(hint, "%s leads to %s, which is no address of this machine (%s)", domain, join(elsewhere), join(own))
	}
	return ok("%s leads here", strings.Join(r.Config.Domains, ", "))
}

func public(a netip.Addr) bool { return a.IsGlobalUnicast() && !a.IsPrivate() }

func join(addresses []netip.Addr) string {
	texts := make([]string, len(addresses))
	for i, a := range addresses {
		texts[i] = a.String()
	}
	return strings.Join(texts, ", ")
}

// addresses are those that this machine's cards have.
func addresses() ([]netip.Addr, error) {
	cards, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var own []netip.Addr
	for _, card := range cards {
		if network, err := netip.ParsePrefix(card.String()); err == nil {
			own = append(own, network.Addr().Unmap().WithZone(""))
		}
	}
	return own, nil
}
