// Package config reads the settings of this program, once: flags over the
// environment over a .env file. It is the only package that does.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/getsentry/sentry-go"
	"github.com/joho/godotenv"
	"github.com/spf13/pflag"
	"golang.org/x/net/idna"
)

// Config holds the settings in force.
type Config struct {
	DataDir           string         // folder of database and files, absolute
	HTTPAddr          string         // host:port
	Domains           []string       // lower case, ASCII; empty: plain HTTP
	ACMEEmail         string         // where the authority writes to, or empty
	ACMECA            string         // address of an ACME directory, or empty: Let's Encrypt's
	ACMECARoot        string         // path of a PEM file that the ACME server is known by, or empty: the machine's roots
	HTTPSAddr         string         // host:port
	HTTPChallengeAddr string         // host:port
	TLSCert           string         // path of a PEM file, or empty; set only together with TLSKey
	TLSKey            string
	PublicURL         string         // without a slash at the end, or empty: keep what is set
	CORSOrigins       []string       // empty: any
	TrustedProxies    []netip.Prefix // empty: this machine's
	SuperuserEmail    string
	SuperuserPassword string
	FFmpeg            string // absolute path, or empty where there is none
	FCMCredentials    string // path of a service account's key, or empty: no push
	FCMEndpoint       string // stands in for Google's; empty but in tests
	SentryDSN         string // of a Sentry project, or empty: nothing is sent
	SentryTraces      float64
	MetricsToken      string     // opens /metrics to other machines, or empty: it stays closed to them
	LogFormat         string     // text or json
	LogLevel          slog.Level // the least that is written
}

// Prefix begins the name of every setting in the environment.
const Prefix = "ONLIBRARY_"

// EncryptionKeyEnv is the variable from which PocketBase takes the key of its settings.
const EncryptionKeyEnv = Prefix + "ENCRYPTION_KEY"

// Setting describes one setting for help, reference and .env.example. Flag is
// empty for a secret, which does not belong on a command line.
type Setting struct {
	Name, Flag, Default, Help string
}

// Settings returns every setting, in the order they are shown.
func Settings() []Setting {
	return []Setting{
		{"DATA_DIR", "data-dir", "pb_data", "folder of the database and the files"},
		{"HTTP_ADDR", "http", "127.0.0.1:8090", "address and port to listen at"},
		{"DOMAINS", "", "", "names to serve over HTTPS with certificates that are got and renewed by themselves, parted by commas, as `serve` takes them"},
		{"ACME_EMAIL", "acme-email", "", "address that the certificate authority may write to"},
		{"ACME_CA", "acme-ca", "", "directory of the certificate authority (empty: Let's Encrypt's)"},
		{"ACME_CA_ROOT", "acme-ca-root", "", "path of a PEM file with the root that the authority's own server is known by (empty: this machine's)"},
		{"HTTPS_ADDR", "https", ":443", "address and port to listen at for HTTPS, where there are domains or a certificate"},
		{"HTTP_CHALLENGE_ADDR", "http-challenge", ":80", "address and port to listen at beside HTTPS, for the authority's challenges and to lead browsers to HTTPS"},
		{"TLS_CERT", "tls-cert", "", "path of a certificate of your own, in PEM with its chain"},
		{"TLS_KEY", "tls-key", "", "path of its key, in PEM"},
		{"PUBLIC_URL", "public-url", "", "base of every link in a mail, such as https://books.example.org"},
		{"CORS_ORIGINS", "cors-origins", "", "origins whose pages may call the API, parted by commas (empty: any)"},
		{"TRUSTED_PROXIES", "trusted-proxies", "", "addresses or networks whose headers say where a request comes from, parted by commas (empty: this machine's)"},
		{"SUPERUSER_EMAIL", "superuser-email", "", "on a start without a superuser: make one, and an Admin patron, of this address"},
		{"SUPERUSER_PASSWORD", "", "", "the password of both"},
		{"ENCRYPTION_KEY", "", "", "32 characters that encrypt the settings in the database, SMTP and S3 passwords among them"},
		{"FFMPEG", "ffmpeg", "", "path of FFmpeg (empty: look for it in PATH)"},
		{"FCM_CREDENTIALS", "fcm-credentials", "", "path of the JSON key of a Firebase service account, for push messages (empty: none are sent)"},
		{"FCM_ENDPOINT", "", "", "address that stands in for Firebase's, for tests"},
		{"SENTRY_DSN", "", "", "DSN of a Sentry project, which is told of faults but of no person (empty: nothing is sent)"},
		{"SENTRY_TRACES", "sentry-traces", "0", "part of the requests that is traced there, 0 to 1"},
		{"METRICS_TOKEN", "", "", "bearer token with which other machines may read /metrics (empty: only this machine may)"},
		{"LOG_FORMAT", "log-format", "text", "text or json"},
		{"LOG_LEVEL", "log-level", "info", "debug, info, warn or error"},
	}
}

// Flags declares the flags of the settings on set.
func Flags(set *pflag.FlagSet) {
	for _, s := range Settings() {
		if s.Flag != "" {
			set.String(s.Flag, "", help(s))
		}
	}
}

func help(s Setting) string {
	text := s.Help + " [" + Prefix + s.Name + "]"
	if s.Default != "" {
		text += " (default " + s.Default + ")"
	}
	return text
}

// Load reads the settings from args, which may hold other flags and words too,
// the environment and the file .env of the working folder. An error is one
// line that names the setting.
func Load(args []string) (Config, error) {
	set := pflag.NewFlagSet("settings", pflag.ContinueOnError)
	set.ParseErrorsAllowlist.UnknownFlags = true
	set.Usage = func() {}
	Flags(set)
	if err := set.Parse(args); err != nil && !errors.Is(err, pflag.ErrHelp) {
		return Config{}, err
	}
	file, err := godotenv.Read(".env")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Config{}, fmt.Errorf(".env: %w", err)
	}
	values := map[string]string{}
	for _, s := range Settings() {
		values[s.Name] = s.Default
		if v := file[Prefix+s.Name]; v != "" {
			values[s.Name] = v
		}
		if v := os.Getenv(Prefix + s.Name); v != "" {
			values[s.Name] = v
		}
		if s.Flag != "" && set.Changed(s.Flag) {
			values[s.Name], _ = set.GetString(s.Flag) // it was declared a string
		}
	}
	return check(values)
}

func check(v map[string]string) (Config, error) {
	c := Config{
		HTTPAddr:          v["HTTP_ADDR"],
		PublicURL:         strings.TrimSuffix(v["PUBLIC_URL"], "/"),
		SuperuserEmail:    v["SUPERUSER_EMAIL"],
		SuperuserPassword: v["SUPERUSER_PASSWORD"],
		FCMCredentials:    v["FCM_CREDENTIALS"],
		FCMEndpoint:       strings.TrimSuffix(v["FCM_ENDPOINT"], "/"),
		SentryDSN:         v["SENTRY_DSN"],
		ACMEEmail:         v["ACME_EMAIL"],
		ACMECA:            v["ACME_CA"],
		ACMECARoot:        v["ACME_CA_ROOT"],
		HTTPSAddr:         v["HTTPS_ADDR"],
		HTTPChallengeAddr: v["HTTP_CHALLENGE_ADDR"],
		TLSCert:           v["TLS_CERT"],
		TLSKey:            v["TLS_KEY"],
		MetricsToken:      v["METRICS_TOKEN"],
		LogFormat:         v["LOG_FORMAT"],
	}
	wrong := func(name, why string) (Config, error) {
		return Config{}, fmt.Errorf("%s%s %q: %s", Prefix, name, v[name], why)
	}
	var err error
	if c.DataDir, err = filepath.Abs(v["DATA_DIR"]); err != nil {
		return wrong("DATA_DIR", err.Error())
	}
	for _, name := range []string{"HTTP_ADDR", "HTTPS_ADDR", "HTTP_CHALLENGE_ADDR"} {
		if _, port, err := net.SplitHostPort(v[name]); err != nil || port == "" {
			return wrong(name, "want an address and a port, as in 127.0.0.1:8090")
		}
	}
	for _, d := range words(v["DOMAINS"]) {
		ascii, err := idna.Lookup.ToASCII(d)
		if err != nil || !strings.Contains(ascii, ".") || net.ParseIP(ascii) != nil {
			return wrong("DOMAINS", "want names such as books.example.org")
		}
		c.Domains = append(c.Domains, ascii)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return Config{}, fmt.Errorf("%sTLS_CERT and %[1]sTLS_KEY go together: one of them is missing", Prefix)
	}
	if c.TLSCert != "" && len(c.Domains) > 0 {
		return wrong("DOMAINS", "either a certificate of your own or domains to get one for, not both")
	}
	if c.ACMECA != "" && !isBase(c.ACMECA) {
		return wrong("ACME_CA", "want an address such as https://acme.example.org/directory")
	}
	if c.LogFormat != "text" && c.LogFormat != "json" {
		return wrong("LOG_FORMAT", "want text or json")
	}
	if err := c.LogLevel.UnmarshalText([]byte(v["LOG_LEVEL"])); err != nil {
		return wrong("LOG_LEVEL", "want debug, info, warn or error")
	}
	if c.PublicURL != "" && !isBase(c.PublicURL) {
		return wrong("PUBLIC_URL", "want a scheme and a host, as in https://books.example.org")
	}
	if c.FCMEndpoint != "" && !isBase(c.FCMEndpoint) {
		return wrong("FCM_ENDPOINT", "want a scheme and a host, as in http://127.0.0.1:9000")
	}
	if c.SentryDSN != "" {
		if _, err := sentry.NewDsn(c.SentryDSN); err != nil { // which would repeat it, with its key
			return Config{}, fmt.Errorf("%sSENTRY_DSN: want an address such as https://key@sentry.example.org/1", Prefix)
		}
	}
	if c.SentryTraces, err = strconv.ParseFloat(v["SENTRY_TRACES"], 64); err != nil || !(c.SentryTraces >= 0 && c.SentryTraces <= 1) {
		return wrong("SENTRY_TRACES", "want a number from 0 to 1")
	}
	for _, o := range words(v["CORS_ORIGINS"]) {
		if o != "*" && !isBase(o) {
			return wrong("CORS_ORIGINS", "want origins such as https://app.example.org")
		}
		c.CORSOrigins = append(c.CORSOrigins, strings.TrimSuffix(o, "/"))
	}
	for _, p := range words(v["TRUSTED_PROXIES"]) {
		network, err := parseNetwork(p)
		if err != nil {
			return wrong("TRUSTED_PROXIES", "want addresses or networks such as 10.0.0.0/8")
		}
		c.TrustedProxies = append(c.TrustedProxies, network)
	}
	if c.SuperuserEmail != "" {
		if a, err := mail.ParseAddress(c.SuperuserEmail); err != nil || a.Address != c.SuperuserEmail {
			return wrong("SUPERUSER_EMAIL", "want an e-mail address")
		}
		if n := len(c.SuperuserPassword); n < 8 || n > 71 {
			return Config{}, fmt.Errorf("%sSUPERUSER_PASSWORD: want 8 to 71 bytes", Prefix)
		}
	}
	if key := v["ENCRYPTION_KEY"]; key != "" {
		if len(key) != 32 {
			return Config{}, fmt.Errorf("%s: want exactly 32 bytes", EncryptionKeyEnv)
		}
		if err := os.Setenv(EncryptionKeyEnv, key); err != nil { // PocketBase reads it there
			return Config{}, err
		}
	}
	name := v["FFMPEG"]
	if name == "" {
		name = "ffmpeg"
	}
	c.FFmpeg, err = exec.LookPath(name)
	if err != nil && v["FFMPEG"] != "" {
		return wrong("FFMPEG", "no such program")
	}
	return c, nil
}

// words parts a list at its commas and spaces.
func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// parseNetwork reads a network, or an address as a network of one.
func parseNetwork(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		return netip.ParsePrefix(s)
	}
	addr, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return addr.Unmap().Prefix(addr.Unmap().BitLen())
}

func isBase(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.RawQuery == "" && u.Fragment == ""
}
