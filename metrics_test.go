package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// With the whole house in place, whoever comes by a proxy finds no metrics:
// though the house believes no proxy of this machine, and takes its header away.
func TestMetricsAreNotForTheWorld(t *testing.T) {
	app, server := open(t)
	app.Settings().TrustedProxy.Headers = []string{"X-Forwarded-For"}
	ask := func(header, value string) (int, string) {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set(header, value)
		response, err := server.Client().Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		raw, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(raw)
	}
	if status, text := ask("Accept", "text/plain"); status != http.StatusOK || !strings.Contains(text, "\nonlibrary_ready 1\n") {
		t.Errorf("of this machine: %d %s", status, text)
	}
	for _, header := range []string{"X-Forwarded-For", "Forwarded", "Via", "Origin"} {
		if status, text := ask(header, "127.0.0.1"); status != http.StatusNotFound || strings.Contains(text, "onlibrary_") {
			t.Errorf("by %s: %d %s", header, status, text)
		}
	}
}
