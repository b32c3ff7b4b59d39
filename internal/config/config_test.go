package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPrecedence(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile(".env", []byte("ONLIBRARY_HTTP_ADDR=127.0.0.1:1\nONLIBRARY_PUBLIC_URL=https://file.example/\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ONLIBRARY_HTTP_ADDR", "127.0.0.1:2")
	for name, tc := range map[string]struct {
		args []string
		addr string
	}{
		"environment over file": {nil, "127.0.0.1:2"},
		"flag over both":        {[]string{"serve", "--http", "127.0.0.1:3", "--other=x"}, "127.0.0.1:3"},
	} {
		c, err := Load(tc.args)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if c.HTTPAddr != tc.addr || c.PublicURL != "https://file.example" {
			t.Errorf("%s: got %q and %q", name, c.HTTPAddr, c.PublicURL)
		}
	}
}

func TestWrongValueIsNamed(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, value := range map[string]string{
		"HTTP_ADDR": "8090", "PUBLIC_URL": "books.example", "CORS_ORIGINS": "*.example", "TRUSTED_PROXIES": "10.0.0.1, proxy", "SUPERUSER_EMAIL": "nobody",
		"ENCRYPTION_KEY": "short", "FFMPEG": "/no/such/program", "FCM_ENDPOINT": "fcm.example",
		"SENTRY_DSN": "https://sentry.example.org/1", "SENTRY_TRACES": "NaN",
		"HTTPS_ADDR": "443", "HTTP_CHALLENGE_ADDR": "80", "DOMAINS": "books", "ACME_CA": "acme", "TLS_CERT": "only.pem", "TLS_KEY": "only.pem", "LOG_FORMAT": "xml", "LOG_LEVEL": "loud",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(Prefix+name, value)
			_, err := Load(nil)
			if err == nil || !strings.Contains(err.Error(), Prefix+name) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("want one line that names %s, got %v", name, err)
			}
		})
	}
}

func TestSecretsHaveNoFlag(t *testing.T) {
	for _, s := range Settings() {
		secret := strings.Contains(s.Name, "PASSWORD") || strings.Contains(s.Name, "KEY")
		if secret && s.Name != "TLS_KEY" /* a path */ && s.Flag != "" {
			t.Errorf("%s is a secret with a flag", s.Name)
		}
	}
}

func TestExampleIsKept(t *testing.T) {
	path := filepath.Join("..", "..", ".env.example")
	got, err := os.ReadFile(path)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(Example()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Example(), string(got)); diff != "" {
		t.Errorf("run UPDATE=1 go test ./internal/config (-code +file):\n%s", diff)
	}
}
