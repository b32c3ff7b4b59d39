// Package config reads the settings of this program, once: flags over the
// environment over a .env file. It is the only package that does.
package config

import (
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"filippo.io/age"
	"github.com/getsentry/sentry-go"
	"github.com/spf13/pflag"
	"golang.org/x/net/idna"
)

// Config holds the settings in force.
type Config struct {
	DataDir           string   // folder of database and files, absolute
	HTTPAddr          string   // host:port
	Domains           []string // lower case, ASCII; empty: plain HTTP
	ACMEEmail         string   // where the authority writes to, or empty
	ACMECA            string   // address of an ACME directory, or empty: Let's Encrypt's
	ACMECARoot        string   // path of a PEM file that the ACME server is known by, or empty: the machine's roots
	HTTPSAddr         string   // host:port
	HTTPChallengeAddr string   // host:port
	TLSCert           string   // path of a PEM file, or empty; set only together with TLSKey
	TLSKey            string
	PublicURL         string         // without a slash at the end, or empty: keep what is set
	CORSOrigins       []string       // empty: any
	TrustedProxies    []netip.Prefix // empty: this machine's
	SuperuserEmail    string
	SuperuserPassword string
	EncryptionKey     string // 32 bytes, or empty: settings in the database are plain
	FFmpeg            string // absolute path, or empty where there is none
	FCMCredentials    string // path of a service account's key, or empty: no push
	FCMEndpoint       string // stands in for Google's; empty but in tests
	SentryDSN         string // of a Sentry project, or empty: nothing is sent
	SentryTraces      float64
	MetricsToken      string     // opens /metrics to other machines, or empty: it stays closed to them
	BackupRecipients  string     // age's public keys, parted by commas, or empty: backups are not encrypted
	BackupIdentity    string     // path of a file with age's secret key, for rehearsals, or empty
	BackupBucket      bool       // backups hold the files that are kept in a bucket
	LogFormat         string     // text or json
	LogLevel          slog.Level // the least that is written
	InForce           []InForce  // every setting and where it comes from
	Warnings          []string   // a line each, of variables that are no settings
}

// Prefix begins the name of every setting in the environment.
const Prefix = "ONLIBRARY_"

// EncryptionKeyEnv is the variable from which PocketBase takes the key of its settings.
const EncryptionKeyEnv = Prefix + "ENCRYPTION_KEY"

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
	from, err := read(args)
	if err != nil {
		return Config{}, err
	}
	values := map[string]string{}
	var all []InForce
	for _, s := range Settings() {
		value, source, err := from.find(s)
		if err != nil {
			return Config{}, err
		}
		values[s.Name] = value
		in := InForce{Setting: s, Value: value, Set: value != "", From: source}
		if s.Secret {
			in.Value = ""
		}
		all = append(all, in)
	}
	c, err := check(values)
	if err != nil {
		return Config{}, err
	}
	c.InForce, c.Warnings = all, from.warnings
	return c, nil
}

func check(v map[string]string) (Config, error) {
	c := Config{
		HTTPAddr:          v["HTTP_ADDR"],
		PublicURL:         strings.TrimSuffix(v["PUBLIC_URL"], "/"),
		SuperuserEmail:    v["SUPERUSER_EMAIL"],
		SuperuserPassword: v["SUPERUSER_PASSWORD"],
		EncryptionKey:     v["ENCRYPTION_KEY"],
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
		BackupRecipients:  v["BACKUP_RECIPIENTS"],
		BackupIdentity:    v["BACKUP_IDENTITY"],
		LogFormat:         v["LOG_FORMAT"],
	}
	wrong := func(name, why string) (Config, error) {
		if holdsSecret(v[name]) {
			return Config{}, fmt.Errorf("%s%s: %s", Prefix, name, why)
		}
		return Config{}, fmt.Errorf("%s%s %q: %s", Prefix, name, v[name], why)
	}
	var err error
	if c.DataDir, err = filepath.Abs(v["DATA_DIR"]); err != nil {
		return wrong("DATA_DIR", err.Error())
	}
	for _, name := range []string{"HTTP_ADDR", "HTTPS_ADDR", "HTTP_CHALLENGE_ADDR"} {
		_, port, err := net.SplitHostPort(v[name])
		if _, wrongPort := strconv.ParseUint(port, 10, 16); err != nil || wrongPort != nil {
			return wrong(name, "want an address and a port, as in 127.0.0.1:8090")
		}
	}
	for _, d := range words(v["DOMAINS"]) {
		ascii, err := idna.Lookup.ToASCII(d)
		if err != nil || !isDomain(ascii) || net.ParseIP(ascii) != nil {
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
	if list := words(c.BackupRecipients); len(list) > 0 {
		if _, err := age.ParseRecipients(strings.NewReader(strings.Join(list, "\n"))); err != nil {
			return wrong("BACKUP_RECIPIENTS", "want public keys of age, age1…, parted by commas")
		}
	}
	if c.BackupIdentity != "" {
		if _, err := os.Stat(c.BackupIdentity); err != nil {
			return wrong("BACKUP_IDENTITY", "no such file")
		}
	}
	if c.BackupBucket, err = strconv.ParseBool(v["BACKUP_BUCKET"]); err != nil {
		return wrong("BACKUP_BUCKET", "want true or false")
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
	if n := len(c.MetricsToken); n > 0 && n < 16 { // anybody may guess at it, as often as they like
		return Config{}, fmt.Errorf("%sMETRICS_TOKEN: want at least 16 characters", Prefix)
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
	if c.EncryptionKey != "" {
		if err := UseEncryptionKey(c.EncryptionKey); err != nil {
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

// UseEncryptionKey has PocketBase, which reads it in the environment, encrypt
// its settings by key from now on: 32 bytes, or none to leave them plain.
func UseEncryptionKey(key string) error {
	if key == "" {
		return os.Unsetenv(EncryptionKeyEnv)
	}
	if len(key) != 32 {
		return fmt.Errorf("%s: want exactly 32 bytes, not %d", EncryptionKeyEnv, len(key))
	}
	return os.Setenv(EncryptionKeyEnv, key)
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

// isDomain tells whether labels of a name have the length that DNS lets them
// have (RFC 1035, 2.3.4), and are more than one.
func isDomain(name string) bool {
	labels := strings.Split(name, ".")
	return len(labels) > 1 && len(name) < 254 &&
		!slices.ContainsFunc(labels, func(l string) bool { return len(l) < 1 || len(l) > 63 })
}

// holdsSecret tells whether a value that is no secret holds one by mistake: a
// password in an address, or age's secret key where the public one belongs.
func holdsSecret(value string) bool {
	_, rest, address := strings.Cut(value, "://")
	return address && strings.Contains(rest, "@") || strings.Contains(strings.ToUpper(value), "AGE-SECRET-KEY-")
}

func isBase(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}
