package server

import (
	"net/http"
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/reply"
)

// methods answers 405 rather than 404 where the API has the path for other
// methods (RFC 9110, 15.5.6).
func methods(e *core.RequestEvent) error {
	if !strings.HasPrefix(e.Request.URL.Path, "/api/") || !catchAll(e.Request.Pattern) {
		return e.Next()
	}
	mux := router(e.Request)
	if mux == nil {
		return e.Next()
	}
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := &http.Request{Method: method, Host: e.Request.Host, URL: e.Request.URL}
		if _, pattern := mux.Handler(other); !catchAll(pattern) {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 || slices.Contains(allowed, e.Request.Method) {
		return e.Next()
	}
	return reply.WrongMethod(e.Response.Header(), allowed)
}

// router is what the server that answers the request routes by, nil where that
// is not to be found.
func router(r *http.Request) *http.ServeMux {
	server, _ := r.Context().Value(http.ServerContextKey).(*http.Server)
	if server == nil {
		return nil
	}
	handler := server.Handler
	for {
		switch h := handler.(type) {
		case *http.ServeMux:
			return h
		case interface{ Unwrap() http.Handler }:
			handler = h.Unwrap()
		default:
			return nil
		}
	}
}

// catchAll tells whether a pattern is of what takes what no route has.
func catchAll(pattern string) bool {
	return pattern == "" || pattern == "/" || pattern == "GET /{path...}" || pattern == "GET /api/{path...}"
}
