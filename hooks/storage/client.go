package storage

import (
	"context"
	"net"
	"net/http"
	"time"
)

// Deadlines of what http.DefaultClient asks other machines for. None bounds how
// long a large file may take, as long as it moves.
const (
	dialDeadline = 5 * time.Second
	tlsDeadline  = 10 * time.Second
	// stall is how long nothing may move on a connection.
	stall = 30 * time.Second
	// assembly is how long S3 may be silent while it puts the parts of an
	// upload together.
	assembly = 5 * time.Minute
	// idle is shorter than stall and than what servers keep connections for.
	idle = 15 * time.Second
)

// Client returns a client that gives a silent machine up. PocketBase reaches S3
// by http.DefaultClient, which Go lets wait for ever: main puts this one there.
func Client() *http.Client { return newClient(stall, assembly) }

func newClient(stall, assembly time.Duration) *http.Client {
	return &http.Client{Transport: transport{hasty: connect(stall), patient: connect(assembly)}}
}

type transport struct{ hasty, patient http.RoundTripper }

func (t transport) RoundTrip(request *http.Request) (*http.Response, error) {
	switch request.Method {
	case http.MethodPost:
		if request.URL.Query().Has("uploadId") { // S3's CompleteMultipartUpload
			return t.patient.RoundTrip(request)
		}
	case http.MethodPut, http.MethodDelete:
		// Idempotent by RFC 9110, 9.2.2: Go may send them again when the server
		// closed the kept connection just then. The header stays here.
		request = request.Clone(request.Context())
		request.Header["Idempotency-Key"] = nil
	}
	return t.hasty.RoundTrip(request)
}

// connect returns a transport on connections that break when nothing moves on
// them for the given time. Of one that many requests share, as HTTP/2 has it,
// none could be told to stall.
func connect(silence time.Duration) *http.Transport {
	dialer := net.Dialer{Timeout: dialDeadline}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSHandshakeTimeout: tlsDeadline,
		IdleConnTimeout:     idle,
		MaxIdleConnsPerHost: 16,
		ReadBufferSize:      64 << 10,
		WriteBufferSize:     64 << 10,
		Protocols:           protocols,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return moving{c, silence}, nil
		},
	}
}

// moving is a connection on which something has to move.
type moving struct {
	net.Conn
	within time.Duration
}

func (c moving) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.within)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Write puts off the deadline of the answer, too, which is waited for meanwhile.
func (c moving) Write(p []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(c.within)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
