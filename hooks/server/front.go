package server

import (
	"crypto/tls"
	"log"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// secure has browsers come by HTTPS only from now on (HSTS, RFC 6797). It wraps
// what is served over HTTPS, where alone it may be said (7.2).
type secure struct{ next http.Handler }

// Unwrap returns the handler behind it.
func (s secure) Unwrap() http.Handler { return s.next }

func (s secure) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Strict-Transport-Security", "max-age=31536000") // a year
	s.next.ServeHTTP(w, r)
}

// besideHTTPS answers what the certificate authority asks and leads all else to
// HTTPS.
func (o *door) besideHTTPS(errorLog *log.Logger) *http.Server {
	names, port := o.names()
	return &http.Server{
		Handler:           o.Certificates.Challenge(lead(names, port)),
		ReadHeaderTimeout: headerDeadline,
		ReadTimeout:       headerDeadline,
		WriteTimeout:      headerDeadline,
		IdleTimeout:       headerDeadline,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          errorLog,
	}
}

// names are the names that the library goes by over HTTPS, the first of them
// first, and its port there, empty where that is the usual one.
func (d Deps) names() (names []string, port string) {
	names = d.certified()
	_, port, _ = net.SplitHostPort(d.Config.HTTPSAddr)
	if u, err := url.Parse(d.Config.PublicURL); err == nil && u.Scheme == "https" {
		port = u.Port() // a container's own port is not the one to be reached at
		names = append([]string{strings.ToLower(u.Hostname())}, names...)
	}
	if port == "443" || port == "https" {
		port = ""
	}
	return names, port
}

// sealed tells whether HTTPS is served.
func (d Deps) sealed() bool { return d.Certificates != nil && d.Certificates.Enabled() }

// certified are the names that there are certificates for.
func (d Deps) certified() []string {
	if len(d.Config.Domains) > 0 {
		return d.Config.Domains
	}
	own, err := d.Certificates.TLSConfig().GetCertificate(&tls.ClientHelloInfo{})
	if err != nil || own.Leaf == nil {
		return nil
	}
	var names []string
	for _, name := range own.Leaf.DNSNames {
		names = append(names, strings.ToLower(name))
	}
	for _, ip := range own.Leaf.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}

// address is where the library is reached over HTTPS, empty where that is not
// known.
func (d Deps) address() string {
	names, port := d.names()
	host := known(names, "")
	if host == "" {
		return ""
	}
	return "https://" + hostPort(host, port)
}

// hostPort joins them as they stand in an address.
func hostPort(host, port string) string {
	switch {
	case port != "":
		return net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		return "[" + host + "]"
	}
	return host
}

// lead sends a request on to HTTPS: at the name that it asks for if that is one
// of names, else at the first. What a stranger calls us is repeated to nobody.
func lead(names []string, port string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		host := known(names, r.Host)
		if host == "" {
			http.Error(w, "This library is to be reached by HTTPS.", http.StatusNotFound)
			return
		}
		path := r.URL.RequestURI()
		if !strings.HasPrefix(path, "/") {
			path = "/" // as of CONNECT
		}
		status := http.StatusPermanentRedirect // keeps the method
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			status = http.StatusMovedPermanently // which the oldest of readers know
		}
		w.Header().Set("Location", "https://"+hostPort(host, port)+path)
		w.WriteHeader(status)
	})
}

// known is the one of names that a Host header means, else the first that is a
// whole name; empty where there is none.
func known(names []string, header string) string {
	host, _, err := net.SplitHostPort(header)
	if err != nil {
		host = strings.Trim(header, "[]")
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if slices.Contains(names, host) && !strings.Contains(host, "*") {
		return host
	}
	label, rest, _ := strings.Cut(host, ".")
	if label != "" && isLabel(label) && slices.Contains(names, "*."+rest) {
		return host
	}
	for _, name := range names {
		if !strings.Contains(name, "*") {
			return name
		}
	}
	return ""
}

// isLabel tells whether s may be a part of a name (RFC 1123, 2.1).
func isLabel(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
