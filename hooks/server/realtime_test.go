package server

import (
	"net/http"
	"net/netip"
	"testing"

	"onlibrary/internal/testapp"
)

// Realtime connections are bounded by the address that a trusted proxy tells,
// and in all, and a place that is left is free.
func TestRealtimeIsBounded(t *testing.T) {
	app := testapp.New(t)
	app.Settings().TrustedProxy.Headers = []string{"X-Forwarded-For"}
	r := &room{}
	r.listeners.All, r.listeners.Each = 4, 2
	r.listeners.Exempt = func(a netip.Addr) bool { return a.IsLoopback() }
	app.OnRealtimeConnectRequest().BindFunc(r.boundRealtime)
	s := testapp.Serve(t, app)
	connect := func(from string) *http.Response {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/api/realtime", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Forwarded-For", from)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { response.Body.Close() })
		return response
	}
	var first *http.Response
	for i, step := range []struct {
		from string
		want int
	}{
		{"203.0.113.7", 200},
		{"203.0.113.7", 200},
		{"203.0.113.7", 429},
		{"2001:db8::1", 200},
		{"127.0.0.1", 200},
		{"203.0.113.8", 503},
		{"127.0.0.1", 503},
	} {
		response := connect(step.from)
		if response.StatusCode != step.want || (step.want != 200) != (response.Header.Get("Retry-After") == "30") {
			t.Fatalf("%d, %s: %d %v, want %d", i, step.from, response.StatusCode, response.Header, step.want)
		}
		if first == nil {
			first = response
		}
	}
	first.Body.Close()
	for connected := false; !connected; {
		connected = connect("203.0.113.7").StatusCode == 200 // as soon as the server has seen it
	}
}
