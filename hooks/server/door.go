package server

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/routine"

	"onlibrary/internal/listen"
)

// Bounds of connections. A class of 40 behind one address opens 6 each by
// HTTP/1.1, and 2,000 from one address leave room for everybody else.
const (
	connectionsMost = 4096
	connectionsEach = 512
)

// Bounds of what comes in and goes out on a connection (see limits).
const (
	headerDeadline = 10 * time.Second
	idleDeadline   = 2 * time.Minute
	bodyWindow     = time.Minute // of waiting, in which bodyLeast bytes come
	bodyLeast      = 16 << 10
	writeStall     = 2 * time.Minute
)

// door is the sockets of a server that runs, and what stands before its router.
type door struct {
	Deps
	out       io.Writer
	guard     listen.Guard
	inherited listen.Inherited
	main      net.Listener // of HTTPS, or of HTTP where there are no certificates
	plain     net.Listener // beside HTTPS; nil without it

	open   atomic.Pointer[servers] // nil while nothing is served
	warned atomic.Int64            // when it last told of refusals, in Unix seconds
}

// servers are what serves at the door.
type servers struct {
	main, beside *http.Server // the latter nil without HTTPS
	cancel       context.CancelFunc
}

// openDoor opens the sockets, or takes them over from systemd.
func openDoor(d Deps, out io.Writer) (o *door, err error) {
	o = &door{Deps: d, out: out}
	o.guard.Stall = writeStall
	o.guard.Places.All = min(connectionsMost, listen.OpenFiles()*3/4) // the database and the files want theirs
	o.guard.Places.Each = connectionsEach
	o.guard.Places.Exempt = d.Config.Trusts
	name := listen.NameHTTP
	if d.sealed() {
		name = listen.NameHTTPS
	}
	if o.inherited, err = listen.Inherit(name); err != nil {
		return nil, err
	}
	if !d.sealed() {
		if o.inherited.Has(listen.NameHTTPS) {
			return nil, errors.New("systemd hands over a socket for HTTPS, but there are neither domains nor a certificate")
		}
		l, err := o.listen(listen.NameHTTP, d.Config.HTTPAddr, "--http")
		if err != nil {
			return nil, err
		}
		o.main = o.guard.Plain(l)
		return o, nil
	}
	https, err := o.listen(listen.NameHTTPS, d.Config.HTTPSAddr, "--https")
	if err != nil {
		return nil, err
	}
	plain, err := o.listen(listen.NameHTTP, d.Config.HTTPChallengeAddr, "--http-challenge")
	if err != nil {
		return nil, errors.Join(err, https.Close())
	}
	if err := d.Certificates.Open(plain.Addr(), https.Addr()); err != nil {
		return nil, errors.Join(err, plain.Close(), https.Close())
	}
	o.main, o.plain = tls.NewListener(o.guard.Sealed(https), o.tlsConfig()), o.guard.Plain(plain)
	return o, nil
}

// listen takes over the socket of that name, or opens one.
func (o *door) listen(name, addr, setting string) (net.Listener, error) {
	if l, err := o.inherited.Listener(name); l != nil || err != nil {
		return l, err
	}
	return listen.Open(addr, setting)
}

// tlsConfig is the certificates', with HTTP/2.
func (o *door) tlsConfig() *tls.Config {
	c := o.Certificates.TLSConfig().Clone()
	for _, protocol := range []string{"http/1.1", "h2"} {
		if !slices.Contains(c.NextProtos, protocol) {
			c.NextProtos = append([]string{protocol}, c.NextProtos...)
		}
	}
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	return c
}

// bind has PocketBase serve at the door.
func (o *door) bind(app core.App) {
	o.guard.Refused = func(from netip.Addr, why error) { o.refused(app, from, why) }
	app.OnServe().Bind(serve("door", o.serve, -80))
	app.OnTerminate().Bind(terminating("door", o.stop, -10_000)) // before PocketBase's own (-9999), which waits one second only
}

// refused warns of connections that find no place, at most once a minute.
func (o *door) refused(app core.App, from netip.Addr, why error) {
	now := time.Now().Unix()
	if last := o.warned.Load(); now-last >= 60 && o.warned.CompareAndSwap(last, now) {
		app.Logger().Warn("connections are refused", "from", from.String(), "error", why, "open", o.guard.Open())
	}
}

func (o *door) serve(e *core.ServeEvent) error {
	// PocketBase's context ends as soon as it is told to stop; requests that
	// are being answered then may still end well.
	ctx, cancel := context.WithCancel(context.Background())
	e.Server.BaseContext = func(net.Listener) context.Context { return ctx }
	e.Listener = o.main
	if o.plain != nil {
		e.Server.TLSConfig = o.tlsConfig() // by which the server knows that HTTP/2 is spoken
	}
	if err := e.Next(); err != nil {
		cancel()
		return err
	}
	e.Server.Handler = listen.Pace{Next: e.Server.Handler, Least: bodyLeast, Window: bodyWindow, Stall: writeStall}
	now := &servers{main: e.Server, cancel: cancel}
	if o.plain != nil {
		e.Server.Handler = secure{e.Server.Handler}
		now.beside = o.besideHTTPS(e.Server.ErrorLog)
	}
	o.open.Store(now)
	if now.beside != nil {
		app := e.App
		routine.FireAndForget(func() {
			if err := now.beside.Serve(o.plain); !errors.Is(err, http.ErrServerClosed) {
				app.Logger().Error("plain HTTP ended", "error", err)
			}
		})
		o.Certificates.Start()
	}
	if err := banner(o.out, e.App, o.Deps, o.main.Addr()); err != nil {
		return err
	}
	return ready(ctx, e.App)
}

// stop lets running requests end and takes no more.
func (o *door) stop(e *core.TerminateEvent) error {
	// On a restart the serve command must not return before the new program
	// takes over, which PocketBase sees to.
	if e.IsRestart {
		if err := o.inherited.Keep(); err != nil {
			return err
		}
		return e.Next()
	}
	now := o.open.Swap(nil)
	if now == nil {
		return e.Next()
	}
	stopping(e.App)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	shut := make(chan struct{})
	routine.FireAndForget(func() { hangUp(e.App, shut) })
	var beside sync.WaitGroup
	if now.beside != nil {
		beside.Go(o.Certificates.Close)
		routine.FireAndForget(func() { _ = now.beside.Shutdown(ctx) }) // it has nothing that is worth waiting for
	}
	if err := now.main.Shutdown(ctx); err != nil {
		e.App.Logger().Warn("requests were cut off", "error", err)
		_ = now.main.Close() // says only that a socket was closed already
	}
	close(shut)
	beside.Wait()
	o.guard.Close() // those too that no server knows any more
	now.cancel()
	return e.Next()
}

// close gives the sockets back, where no server has done so.
func (o *door) close() {
	for _, l := range []net.Listener{o.main, o.plain} {
		if l != nil {
			_ = l.Close() // says only that it was closed already
		}
	}
}
