package server

import (
	"errors"
	"net/netip"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/listen"
	"onlibrary/internal/reply"
)

// Bounds of realtime connections: a class of 40 has three pages open each.
const (
	listenersMost = 2500
	listenersEach = 200
)

// listenersWait is when who finds no place may try again.
const listenersWait = 30 * time.Second

// boundRealtime bounds how many realtime connections there are, in all and of
// one address: the client's, which a trusted proxy tells.
func (r *room) boundRealtime(e *core.RealtimeConnectRequestEvent) error {
	from, _ := netip.ParseAddr(e.RealIP()) // the zero one counts in all
	leave, err := r.listeners.Take(from)
	switch {
	case errors.Is(err, listen.ErrCrowded):
		return reply.Later(e.Response.Header(), listenersWait, "too_many_listeners")
	case err != nil:
		return reply.Full(e.Response.Header(), listenersWait, "listeners_full")
	}
	defer leave()
	return e.Next()
}
