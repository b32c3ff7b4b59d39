// Package config reads the settings of this program, once: flags over the
// environment over a .env file. It is the only package that does.
package config

import (
	"errors"
	"fmt"
	"io/fs"
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
)

// Config holds the settings in force.
type Config struct {
	DataDir           string         // folder of database and files, absolute
	HTTPAddr          string         // host:port
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
	}
	wrong := func(name, why string) (Config, error) {
		return Config{}, fmt.Errorf("%s%s %q: %s", Prefix, name, v[name], why)
	}
	var err error
	if c.DataDir, err = filepath.Abs(v["DATA_DIR"]); err != nil {
		return wrong("DATA_DIR", err.Error())
	}
	if _, port, err := net.SplitHostPort(c.HTTPAddr); err != nil || port == "" {
		return wrong("HTTP_ADDR", "want an address and a port, as in 127.0.0.1:8090")
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
	for _, o := range strings.FieldsFunc(v["CORS_ORIGINS"], func(r rune) bool { return r == ',' || r == ' ' }) {
		if o != "*" && !isBase(o) {
			return wrong("CORS_ORIGINS", "want origins such as https://app.example.org")
		}
		c.CORSOrigins = append(c.CORSOrigins, strings.TrimSuffix(o, "/"))
	}
	for _, p := range strings.FieldsFunc(v["TRUSTED_PROXIES"], func(r rune) bool { return r == ',' || r == ' ' }) {
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
