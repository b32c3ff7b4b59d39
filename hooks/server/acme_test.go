package server

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"onlibrary/internal/config"
	"onlibrary/internal/testapp"
)

// From nothing but a domain the program serves HTTPS, by either challenge.
func TestFirstCertificate(t *testing.T) {
	for _, tc := range []struct {
		name         string
		http01, alpn bool
	}{{"by HTTP-01", true, false}, {"by TLS-ALPN-01", false, true}} {
		t.Run(tc.name, func(t *testing.T) {
			pebble := testapp.StartPebble(t)
			https, plain := freeAddress(t), freeAddress(t)
			if tc.http01 { // the authority finds nobody where it looks for the other
				plain = net.JoinHostPort("127.0.0.1", strconv.Itoa(pebble.HTTPPort))
			}
			if tc.alpn {
				https = net.JoinHostPort("127.0.0.1", strconv.Itoa(pebble.TLSPort))
			}
			dir := t.TempDir()
			c := command(t, dir, "serve", domain, "www."+domain, "--https", https, "--http-challenge", plain, "--acme-ca", pebble.Directory, "--acme-ca-root", pebble.Root)
			c.Env = append(c.Env, config.Prefix+"ACME_EMAIL=ann@example.org")
			s := begin(t, c)
			began := time.Now()
			client := clientAt(https, pebble.Issued(t), true)
			for {
				response, err := client.Get("https://" + domain + "/api/health")
				if err == nil {
					response.Body.Close()
					if response.StatusCode != 200 || response.ProtoMajor != 2 {
						t.Errorf("%d %s", response.StatusCode, response.Proto)
					}
					break
				}
				if time.Since(began) > time.Minute {
					t.Fatalf("no certificate: %v; %s", err, s.stderr)
				}
				time.Sleep(20 * time.Millisecond)
			}
			t.Logf("the first certificate was there after %s", time.Since(began).Round(10*time.Millisecond))
			s.client, s.url = client, "https://"+domain
			s.signIn(t)
			if code := s.stop(t); code != 0 {
				t.Errorf("ended with %d: %s", code, s.stderr)
			}
			// No one else may read the keys.
			keys := 0
			err := filepath.WalkDir(CertificatesDir(dir), func(path string, d os.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				info, err := d.Info()
				if err == nil && info.Mode().Perm() != 0o600 {
					t.Errorf("%s has mode %o", path, info.Mode())
				}
				if strings.HasSuffix(path, ".key") {
					keys++
				}
				return err
			})
			if err != nil || keys == 0 {
				t.Errorf("%d keys: %v", keys, err)
			}

			// The next start has it at once, with nobody to ask.
			pebble.Stop()
			s = begin(t, command(t, dir, "serve", domain, "--https", https, "--http-challenge", plain, "--acme-ca", pebble.Directory, "--acme-ca-root", pebble.Root))
			response, err := client.Get("https://" + domain + "/api/health")
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if code := s.stop(t); code != 0 {
				t.Errorf("ended with %d: %s", code, s.stderr)
			}
		})
	}
}
