package server

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

// Deadlines of a connection. The long ones let a 2 GB upload over a slow line
// through; guests have nothing that takes long to send.
const (
	headerDeadline = 10 * time.Second
	bodyDeadline   = 4 * time.Hour
	guestDeadline  = time.Minute
	idleDeadline   = 2 * time.Minute
)

func (r *room) limits(e *core.ServeEvent) error {
	e.InstallerFunc = nil // the set-up page does more than PocketBase's
	e.Server.ReadHeaderTimeout = headerDeadline
	e.Server.ReadTimeout = bodyDeadline
	e.Server.WriteTimeout = bodyDeadline
	e.Server.IdleTimeout = idleDeadline
	e.Server.MaxHeaderBytes = 64 << 10
	// PocketBase's context ends as soon as it is told to stop; requests that
	// are being answered then may still end well.
	ctx, cancel := context.WithCancel(context.Background())
	e.Server.BaseContext = func(net.Listener) context.Context { return ctx }
	r.drain.Store(&drain{e.Server, cancel})
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
