package logs

import (
	"crypto/rand"
	"net/netip"
	"regexp"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
)

// RequestIDHeader is the header of a request's id, in the request of a trusted
// proxy and in every answer.
const RequestIDHeader = "X-Request-Id"

const requestKey = "onlibrary.logs.request"

var wellFormed = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}\z`)

// Name gives a request its id: the one that it brings if trusts, asked for the
// peer's address, says so and it is 1 to 64 letters, digits, dots, underscores
// and hyphens, else a fresh one. The answer has it in its header, PocketBase's
// record of the request in its meta.
func Name(e *core.RequestEvent, trusts func(peer netip.Addr) bool) string {
	id := e.Request.Header.Get(RequestIDHeader)
	if !wellFormed.MatchString(id) || !trusts(peer(e)) {
		id = rand.Text()
	}
	e.Response.Header().Set(RequestIDHeader, id)
	e.Set(requestKey, id)
	e.Set(apis.RequestEventKeyLogMeta, map[string]string{"request": id})
	return id
}

// peer is the address of the other end, the zero one where it has none.
func peer(e *core.RequestEvent) netip.Addr {
	addr, _ := netip.ParseAddrPort(e.Request.RemoteAddr)
	return addr.Addr()
}

// RequestID returns the id that Name gave a request, empty if it has none.
func RequestID(e *core.RequestEvent) string {
	id, _ := e.Get(requestKey).(string)
	return id
}
