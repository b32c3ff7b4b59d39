package server

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/config"
	"onlibrary/internal/testapp"
)

// Tests reach the server from a loopback address.
func TestOnlyTrustedPeersSayWhereARequestComesFrom(t *testing.T) {
	for name, tc := range map[string]struct {
		proxies []netip.Prefix
		want    string
	}{
		"this machine's by default": {nil, "203.0.113.7"},
		"a named network":           {[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, "203.0.113.7"},
		"not another":               {[]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			app := testapp.New(t)
			app.Settings().TrustedProxy.Headers = []string{"X-Forwarded-For"}
			Bind(app, Deps{Config: config.Config{TrustedProxies: tc.proxies}, Start: func() error { return nil }, Stop: func() {}})
			app.OnServe().BindFunc(func(e *core.ServeEvent) error {
				e.Router.GET("/from", func(e *core.RequestEvent) error { return e.String(http.StatusOK, e.RealIP()) })
				return e.Next()
			})
			s := testapp.Serve(t, app)
			if a := s.Do(t, nil, "GET", "/from", nil, "X-Forwarded-For", "203.0.113.7"); string(a.Raw) != tc.want {
				t.Errorf("the request comes from %s, want %s", a.Raw, tc.want)
			}
		})
	}
}

func TestNoHeaderIsBelievedUnlessSet(t *testing.T) {
	app := testapp.New(t)
	Bind(app, Deps{Start: func() error { return nil }, Stop: func() {}})
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Router.GET("/from", func(e *core.RequestEvent) error { return e.String(http.StatusOK, e.RealIP()) })
		return e.Next()
	})
	s := testapp.Serve(t, app)
	a := s.Do(t, nil, "GET", "/from", nil, "X-Forwarded-For", "203.0.113.7", "X-Real-IP", "203.0.113.7", "Forwarded", "for=203.0.113.7")
	if string(a.Raw) != "127.0.0.1" {
		t.Errorf("the request comes from %s", a.Raw)
	}
}

// Who names proxies need not name their header.
func TestNamedProxiesUseTheUsualHeader(t *testing.T) {
	app := testapp.New(t)
	Bind(app, Deps{
		Config: config.Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}},
		Start:  func() error { return nil }, Stop: func() {},
	})
	testapp.Serve(t, app)
	if got := app.Settings().TrustedProxy.Headers; len(got) != 1 || got[0] != "X-Forwarded-For" {
		t.Errorf("headers believed: %v", got)
	}
}
