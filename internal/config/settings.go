package config

// Setting describes one setting, for help, reference and .env.example.
type Setting struct {
	Group   string // what it stands under in the reference
	Name    string // without Prefix
	Flag    string // empty for a secret, which does not belong on a command line
	Default string
	Help    string // begins small and has no full stop
	Example string // a value, or empty
	// Secret is never shown. It may be given by the path of a file that holds it,
	// by the name with FileSuffix.
	Secret bool
}

// FileSuffix ends the name of a variable that holds the path of a file with the
// secret, as containers and systemd hand secrets over.
const FileSuffix = "_FILE"

// The groups of settings.
const (
	groupPlaces  = "Where it works"
	groupHTTPS   = "HTTPS"
	groupLibrary = "The library's address and who may call it"
	groupFirst   = "The first start"
	groupSecrets = "Secrets at rest"
	groupTools   = "Previews and push"
	groupBackups = "Backups"
	groupWatch   = "Watching it"
)

// Settings returns every setting, in the order they are shown.
func Settings() []Setting {
	return []Setting{
		{groupPlaces, "DATA_DIR", "data-dir", "pb_data", "folder of the database and the files", "/var/lib/onlibrary", false},
		{groupPlaces, "HTTP_ADDR", "http", "127.0.0.1:8090", "address and port to listen at", "0.0.0.0:8090", false},
		{groupHTTPS, "DOMAINS", "", "", "names to serve over HTTPS with certificates that are got and renewed by themselves, parted by commas, as `serve` takes them", "books.example.org", false},
		{groupHTTPS, "ACME_EMAIL", "acme-email", "", "address that the certificate authority may write to", "ada@example.org", false},
		{groupHTTPS, "ACME_CA", "acme-ca", "", "directory of the certificate authority (empty: Let's Encrypt's)", "https://acme.example.org/directory", false},
		{groupHTTPS, "ACME_CA_ROOT", "acme-ca-root", "", "path of a PEM file with the root that the authority's own server is known by (empty: this machine's)", "/etc/onlibrary/ca.pem", false},
		{groupHTTPS, "HTTPS_ADDR", "https", ":443", "address and port to listen at for HTTPS, where there are domains or a certificate", "", false},
		{groupHTTPS, "HTTP_CHALLENGE_ADDR", "http-challenge", ":80", "address and port to listen at beside HTTPS, for the authority's challenges and to lead browsers to HTTPS", "", false},
		{groupHTTPS, "TLS_CERT", "tls-cert", "", "path of a certificate of your own, in PEM with its chain", "/etc/onlibrary/cert.pem", false},
		{groupHTTPS, "TLS_KEY", "tls-key", "", "path of its key, in PEM", "/etc/onlibrary/key.pem", false},
		{groupLibrary, "PUBLIC_URL", "public-url", "", "base of every link in a mail, such as https://books.example.org", "https://books.example.org", false},
		{groupLibrary, "CORS_ORIGINS", "cors-origins", "", "origins whose pages may call the API, parted by commas (empty: any)", "https://app.example.org", false},
		{groupLibrary, "TRUSTED_PROXIES", "trusted-proxies", "", "addresses or networks whose headers say where a request comes from, parted by commas (empty: this machine's)", "10.0.0.0/8", false},
		{groupFirst, "SUPERUSER_EMAIL", "superuser-email", "", "on a start without a superuser: make one, and an Admin patron, of this address", "ada@example.org", false},
		{groupFirst, "SUPERUSER_PASSWORD", "", "", "the password of both, 8 to 71 bytes", "", true},
		{groupSecrets, "ENCRYPTION_KEY", "", "", "32 characters that encrypt the settings in the database, SMTP and S3 passwords among them", "", true},
		{groupTools, "FFMPEG", "ffmpeg", "", "path of FFmpeg (empty: look for it in PATH)", "/usr/bin/ffmpeg", false},
		{groupTools, "FCM_CREDENTIALS", "fcm-credentials", "", "path of the JSON key of a Firebase service account, for push messages (empty: none are sent)", "/etc/onlibrary/firebase.json", false},
		{groupTools, "FCM_ENDPOINT", "", "", "address that stands in for Firebase's, for tests", "", false},
		{groupBackups, "BACKUP_RECIPIENTS", "backup-recipients", "", "public keys of age that backups are encrypted for, parted by commas (empty: they are not)", "", false},
		{groupBackups, "BACKUP_IDENTITY", "backup-identity", "", "path of a file with a secret key of age, with which the weekly rehearsal opens encrypted backups", "/etc/onlibrary/backup.key", false},
		{groupBackups, "BACKUP_BUCKET", "backup-bucket", "false", "whether backups hold the files that are kept in an S3 bucket, too", "true", false},
		{groupWatch, "SENTRY_DSN", "", "", "DSN of a Sentry project, which is told of faults but of no person (empty: nothing is sent)", "", true},
		{groupWatch, "SENTRY_TRACES", "sentry-traces", "0", "part of the requests that is traced there, 0 to 1", "0.1", false},
		{groupWatch, "METRICS_TOKEN", "", "", "bearer token, of at least 16 characters, with which other machines may read /metrics (empty: only this machine may)", "", true},
		{groupWatch, "LOG_FORMAT", "log-format", "text", "text or json", "json", false},
		{groupWatch, "LOG_LEVEL", "log-level", "info", "debug, info, warn or error", "warn", false},
	}
}
