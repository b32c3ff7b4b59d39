package listen

import (
	"errors"
	"net/netip"
	"sync"
)

// What is wrong where there is no place.
var (
	ErrFull    = errors.New("every place is taken")
	ErrCrowded = errors.New("this address has as many as it may have")
)

// Places are so many in all and so many for one address. Its fields are set
// before the first is taken.
type Places struct {
	All, Each int
	// Exempt tells which addresses only All bounds; nil: none.
	Exempt func(netip.Addr) bool

	mu    sync.Mutex
	taken int
	by    map[netip.Prefix]int
}

// Take takes a place for the address, or returns ErrFull or ErrCrowded. An IPv6
// network of 64 bits counts as one address, since who has one has all of them;
// the zero address, which is nobody's, as one that is exempt. Who is let in must
// leave, once.
func (p *Places) Take(from netip.Addr) (leave func(), err error) {
	key, counted := house(from)
	counted = counted && (p.Exempt == nil || !p.Exempt(from))
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken >= p.All {
		return nil, ErrFull
	}
	if counted && p.by[key] >= p.Each {
		return nil, ErrCrowded
	}
	p.taken++
	if !counted {
		return func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.taken--
		}, nil
	}
	if p.by == nil {
		p.by = map[netip.Prefix]int{}
	}
	p.by[key]++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.taken--
		if p.by[key]--; p.by[key] == 0 {
			delete(p.by, key)
		}
	}, nil
}

// house is what of an address stands for one place in the world.
func house(a netip.Addr) (netip.Prefix, bool) {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	prefix, err := a.Prefix(bits)
	return prefix, err == nil && a.IsValid()
}
