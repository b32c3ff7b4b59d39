package storage

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// What is silent is given up; what moves, however slowly, and what S3 puts
// together is not.
func TestClientGivesUpSilence(t *testing.T) {
	t.Parallel()
	const stall = 300 * time.Millisecond
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header["Idempotency-Key"]) > 0 {
			t.Error("a header that is for the client alone is sent")
		}
		switch r.URL.Path {
		case "/silent":
			<-over
		case "/half":
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "half")
			w.(http.Flusher).Flush()
			<-over
		case "/slow":
			for range 10 {
				_, _ = io.WriteString(w, "x")
				w.(http.Flusher).Flush()
				time.Sleep(stall / 3)
			}
		case "/together":
			time.Sleep(3 * stall)
			_, _ = io.WriteString(w, "done")
		}
	}))
	t.Cleanup(func() { close(over); server.Close() })
	client := newClient(stall, 100*stall)
	for name, test := range map[string]struct {
		method, path, want string
	}{
		"a silent GET":     {"GET", "/silent", ""},
		"a silent PUT":     {"PUT", "/silent", ""},
		"half an answer":   {"GET", "/half", ""},
		"a slow answer":    {"GET", "/slow", "xxxxxxxxxx"},
		"putting together": {"POST", "/together?uploadId=1", "done"},
		"another POST":     {"POST", "/together", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request, err := http.NewRequestWithContext(t.Context(), test.method, server.URL+test.path, strings.NewReader("body"))
			if err != nil {
				t.Fatal(err)
			}
			var answer []byte
			response, err := client.Do(request)
			if err == nil {
				answer, err = io.ReadAll(response.Body)
				response.Body.Close()
			}
			if test.want == "" && err == nil || test.want != "" && (err != nil || string(answer) != test.want) {
				t.Errorf("%q, %v", answer, err)
			}
		})
	}
}
