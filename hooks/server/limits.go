package server

import (
	"net/http"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

// guestDeadline is how long a guest's body may take: guests have nothing that
// takes long to send. Others have to keep a pace (see door).
const guestDeadline = time.Minute

func (r *room) limits(e *core.ServeEvent) error {
	e.InstallerFunc = nil // the set-up page does more than PocketBase's
	e.Server.ReadHeaderTimeout = headerDeadline
	e.Server.ReadTimeout = 0 // a 2 GB upload over a slow line takes hours
	e.Server.WriteTimeout = 0
	e.Server.IdleTimeout = idleDeadline
	e.Server.MaxHeaderBytes = 64 << 10
	e.Server.HTTP2 = &http.HTTP2Config{
		MaxConcurrentStreams: 100,
		SendPingTimeout:      idleDeadline, // a phone that is gone says nothing
	}
	return e.Next()
}

// hurry cuts guests off who send slowly.
func hurry(e *core.RequestEvent) error {
	if e.Auth == nil && e.Request.ContentLength != 0 {
		err := http.NewResponseController(e.Response).SetReadDeadline(time.Now().Add(guestDeadline))
		if err != nil {
			e.App.Logger().Debug("no deadline for a guest", "error", err) // only where there is no connection, as in tests
		}
	}
	return e.Next()
}
