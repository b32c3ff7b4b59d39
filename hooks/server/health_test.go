package server

import (
	"strings"
	"testing"
)

// TestHealth asks a server that serves plain HTTP and one that serves HTTPS by
// a certificate for another name than it is asked at, and one that is not there.
func TestHealth(t *testing.T) {
	cert, key, _ := ownCertificate(t, domain)
	for name, args := range map[string][]string{
		"plain":  {"--http", freeAddress(t)},
		"sealed": {"--https", freeAddress(t), "--http-challenge", freeAddress(t), "--tls-cert", cert, "--tls-key", key},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if _, told, code := run(t, command(t, dir, append([]string{"health"}, args...)...)); code != 1 || !strings.Contains(told, "no server answers") || strings.Count(told, "\n") != 1 {
				t.Errorf("without a server: %d, %q", code, told)
			}
			begin(t, command(t, dir, append([]string{"serve"}, args...)...))
			if said, told, code := run(t, command(t, dir, append([]string{"health"}, args...)...)); code != 0 || said != "ready\n" {
				t.Errorf("with a server: %d, %q", code, told)
			}
		})
	}
}
