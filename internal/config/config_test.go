package config

import (
	"os"
	"path/filepath"
	"slices"
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
		"HTTPS_ADDR": "443", "HTTP_CHALLENGE_ADDR": "80", "DOMAINS": "books", "ACME_CA": "acme", "TLS_CERT": "only.pem", "TLS_KEY": "only.pem", "LOG_FORMAT": "xml", "METRICS_TOKEN": "short", "BACKUP_RECIPIENTS": "age1nobody", "BACKUP_IDENTITY": "/no/such/key", "BACKUP_BUCKET": "some", "LOG_LEVEL": "loud",
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

// A domain that no authority can give a certificate for is refused at once.
func TestDomains(t *testing.T) {
	for _, name := range []string{"a..b", ".example.org", "books.example.org.", strings.Repeat("a", 64) + ".org", strings.Repeat("abcdefg.", 32) + "org", "*.example.org", "10.0.0.1"} {
		t.Setenv(Prefix+"DOMAINS", name)
		if _, err := Load(nil); err == nil || !strings.Contains(err.Error(), Prefix+"DOMAINS") {
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Setenv(Prefix+"DOMAINS", "Bücher.example, "+strings.Repeat("a", 63)+".org")
	if _, err := Load(nil); err != nil {
		t.Error(err)
	}
}

// What is refused is not repeated where it may be a secret in the wrong place.
func TestMisplacedSecretIsNotRepeated(t *testing.T) {
	for name, value := range map[string]string{
		"PUBLIC_URL": "https://ada:hunter22@books.example.org", "ACME_CA": "https://ada:hunter22@acme.example.org/directory",
		"CORS_ORIGINS": "https://hunter22@app.example.org", "BACKUP_RECIPIENTS": "AGE-SECRET-KEY-1HUNTER22",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(Prefix+name, value)
			_, err := Load(nil)
			if err == nil || !strings.Contains(err.Error(), Prefix+name) || strings.Contains(strings.ToLower(err.Error()), "hunter22") {
				t.Error(err)
			}
		})
	}
}

func TestSecretsHaveNoFlag(t *testing.T) {
	for _, s := range Settings() {
		if s.Secret && (s.Flag != "" || s.Default != "" || s.Example != "") {
			t.Errorf("%s is a secret with a flag, a default or an example", s.Name)
		}
		looks := strings.Contains(s.Name, "PASSWORD") || strings.Contains(s.Name, "TOKEN") || strings.Contains(s.Name, "DSN") || strings.Contains(s.Name, "_KEY")
		if looks && !s.Secret && s.Name != "TLS_KEY" /* a path */ {
			t.Errorf("%s looks like a secret and is none", s.Name)
		}
	}
}

func TestHelpReadsWell(t *testing.T) {
	elsewhere := []string{"TLS_CERT", "TLS_KEY", "SUPERUSER_EMAIL", "FFMPEG", "BACKUP_IDENTITY"} // which want something beside them
	for _, s := range Settings() {
		if s.Group == "" || s.Help == "" || strings.HasSuffix(s.Help, ".") {
			t.Errorf("%s: group %q, help %q", s.Name, s.Group, s.Help)
		}
		if s.Example == "" || slices.Contains(elsewhere, s.Name) {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			t.Setenv(Prefix+s.Name, s.Example)
			if _, err := Load(nil); err != nil {
				t.Errorf("its example is refused: %v", err)
			}
		})
	}
}

// A secret comes from a file whose path is in the variable with _FILE, by the
// same order of sources.
func TestSecretFiles(t *testing.T) {
	for _, setting := range Settings() {
		if !setting.Secret {
			continue
		}
		t.Run(setting.Name, func(t *testing.T) {
			name := Prefix + setting.Name
			values := map[string]string{
				"SUPERUSER_PASSWORD": "reading-room-1", "ENCRYPTION_KEY": strings.Repeat("k", 32),
				"SENTRY_DSN": "https://key@sentry.example.org/1", "METRICS_TOKEN": "a-token-of-some-length-4711",
			}
			want := values[setting.Name]
			if want == "" {
				t.Fatal("this test knows no value of it")
			}
			dir := t.TempDir()
			t.Chdir(dir)
			t.Setenv(EncryptionKeyEnv, "") // Load sets it: put it back
			path := filepath.Join(dir, "secret")
			write := func(name, text string) {
				t.Helper()
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write(path, want+"\n")
			write(".env", name+FileSuffix+"="+path+"\n")
			found := func() InForce {
				t.Helper()
				c, err := Load(nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range c.InForce {
					if s.Name == setting.Name {
						return s
					}
				}
				t.Fatal("it is not in force")
				return InForce{}
			}
			if s := found(); !s.Set || s.Value != "" || s.From != ".env ("+name+FileSuffix+")" {
				t.Errorf("by .env: %+v", s)
			}
			t.Setenv(EncryptionKeyEnv, "")
			t.Setenv(name, want)
			if s := found(); !s.Set || s.From != "environment" {
				t.Errorf("the environment wins: %+v", s)
			}
			refused := func(why ...string) {
				t.Helper()
				_, err := Load(nil)
				if err == nil || !strings.Contains(err.Error(), name+FileSuffix) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), want) {
					t.Errorf("%v", err)
					return
				}
				for _, w := range why {
					if !strings.Contains(err.Error(), w) {
						t.Errorf("no %q in %v", w, err)
					}
				}
			}
			t.Setenv(name+FileSuffix, path)
			refused(name + " and")
			t.Setenv(name, "")
			for text, why := range map[string]string{"": "empty", "\n": "empty", want + "\n" + want: "one line", strings.Repeat("x", 5000): "4096"} {
				write(path, text)
				refused(path, why)
			}
			t.Setenv(name+FileSuffix, filepath.Join(dir, "none"))
			refused("no such file")
			t.Setenv(name+FileSuffix, dir)
			refused("directory")
		})
	}
}

// A file that cannot be read is told in a line that repeats nothing of it.
func TestDotenvFaults(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no name":     {"ONLIBRARY_LOG_LEVEL=info\nsecret-4711\n", "line 2"},
		"a bad name":  {"# one\n\nONLIBRARY-LOG=secret-4711\n", "line 3"},
		"open quotes": {"ONLIBRARY_LOG_LEVEL=info\nX='secret-4711\n", "line 2"},
		"bytes":       {"\x00\x01secret-4711\x02", "line 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile(".env", []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Load(nil)
			if err == nil || !strings.Contains(err.Error(), ".env") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "4711") {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("a folder", func(t *testing.T) {
		t.Chdir(t.TempDir())
		if err := os.Mkdir(".env", 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(nil); err == nil || !strings.Contains(err.Error(), ".env") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v", err)
		}
	})
	t.Run("a mark at its beginning", func(t *testing.T) {
		t.Chdir(t.TempDir())
		if err := os.WriteFile(".env", []byte("\ufeffONLIBRARY_LOG_LEVEL=warn\r\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if c, err := Load(nil); err != nil || c.LogLevel.String() != "WARN" || len(c.Warnings) != 0 {
			t.Errorf("%v %v %v", c.LogLevel, c.Warnings, err)
		}
	})
}

// A slip of a name is warned of, with the name that was meant.
func TestUnknownVariables(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile(".env", []byte("ONLIBRARY_HTTPADDR=127.0.0.1:1\nOTHER=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ONLIBRARY_DOMAIN", "books.example.org")
	t.Setenv("ONLIBRARY_PUBLIC_URL_FILE", "/x")
	t.Setenv("ONLIBRARY_SMTP_HOST", "secret-4711")
	c, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"ONLIBRARY_DOMAIN is no setting and is not heeded: did you mean ONLIBRARY_DOMAINS?",
		"ONLIBRARY_PUBLIC_URL_FILE is no setting and is not heeded",
		"ONLIBRARY_SMTP_HOST is no setting and is not heeded",
		"ONLIBRARY_HTTPADDR in .env is no setting and is not heeded: did you mean ONLIBRARY_HTTP_ADDR?",
	}
	if diff := cmp.Diff(want, c.Warnings); diff != "" {
		t.Error(diff)
	}
}

func TestInForce(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile(".env", []byte("ONLIBRARY_LOG_LEVEL=warn\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ONLIBRARY_LOG_FORMAT", "json")
	c, err := Load([]string{"serve", "--http", "127.0.0.1:1", "a.example.org", "b.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range c.InForce {
		got[s.Name] = s.Value + " from " + s.From
	}
	for name, want := range map[string]string{
		"LOG_LEVEL": "warn from .env", "LOG_FORMAT": "json from environment", "HTTP_ADDR": "127.0.0.1:1 from flag --http",
		"HTTPS_ADDR": ":443 from default", "DOMAINS": "a.example.org,b.example.org from argument", "PUBLIC_URL": " from default",
	} {
		if got[name] != want {
			t.Errorf("%s: %s", name, got[name])
		}
	}
	if len(got) != len(Settings()) {
		t.Errorf("%d of %d settings", len(got), len(Settings()))
	}
}

// What is made from the code is what is there.
func TestTextsAreKept(t *testing.T) {
	for path, want := range map[string]string{filepath.Join("..", "..", ".env.example"): Example(), filepath.Join("..", "..", "docs", "settings.md"): Reference()} {
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s: run UPDATE=1 go test ./internal/config (-code +file):\n%s", path, diff)
		}
	}
}
