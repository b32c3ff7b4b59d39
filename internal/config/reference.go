package config

import (
	"fmt"
	"strings"
)

// intro begins the reference.
const intro = `# Settings

Made from the code by ` + "`UPDATE=1 go test ./internal/config`" + `. What is in force, and where it comes from, is shown by ` + "`onlibrary config show`" + `.

A setting is given by a flag, by a variable of the environment, or by a line in a file ` + "`.env`" + ` in the folder that the program is started from;
a flag wins over the environment, and that over the file. An empty value is as good as none. A wrong value stops the start with
one line that names it; a variable that begins with ` + "`" + Prefix + "`" + ` and is no setting, most likely a slip, is warned of.

` + "`.env`" + ` has lines of ` + "`NAME=value`" + `; [.env.example](../.env.example) is one to begin with. Put a value in single quotes if it holds ` + "`$`, `#`" + ` or spaces.

**Secrets** have no flag, since a command line is seen by others, and are never shown. Each may be given by a file: set the variable's name with
` + "`" + FileSuffix + "`" + ` to the path of a file that holds nothing else (a line's end after it does no harm). So it goes with Docker's secrets,
` + "`ONLIBRARY_SUPERUSER_PASSWORD_FILE=/run/secrets/superuser_password`" + `, and with systemd's credentials:

` + "```ini" + `
[Service]
LoadCredential=encryption-key:/etc/onlibrary/encryption-key
Environment=ONLIBRARY_ENCRYPTION_KEY_FILE=%d/encryption-key
` + "```" + `

Mail (SMTP), file storage (S3), backups, rate limits, sign-in by other providers, one-time passwords and two factors are set in the dashboard, at ` + "`/_/`" + `;
what patrons and staff may do, sign-up, file types and sizes in the app, under Staff (Roles, Library).
`

// atRest ends the reference.
const atRest = `
## The settings in the database

What is set in the dashboard lies in the database, passwords of SMTP and S3 among it. ` + "`" + Prefix + `ENCRYPTION_KEY` + "`" + ` encrypts it there (AES-256-GCM). The rest of the
database is not encrypted by it: passwords of patrons are hashes, titles and names are plain.

- **Begin**: make a key, such as by ` + "`openssl rand -hex 16`" + `, keep it outside of the data folder and of its backups, set it, and start. Settings that
  were plain are encrypted at that start and their traces wiped from the database; copies and backups made before still hold them.
- **Change it**: stop the server; ` + "`onlibrary config rekey`" + `, with the present key set, asks for the new one; set the new key; start.
- **Give it up**: the same, with an empty line for the new key; then take the setting away.
- **A wrong or missing key** stops every start with one line and changes nothing. A lost key cannot be found again: put back a backup from before the
  key, or, with the server stopped, ` + "`sqlite3 pb_data/data.db \"DELETE FROM _params WHERE id = 'settings'\"`" + ` and set all up anew in the dashboard.

## Read by single commands

` + "`onlibrary import flask`" + ` reads ` + "`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION` and `AWS_ENDPOINT_URL`" + ` for files in a bucket: see [moving-from-flask.md](moving-from-flask.md).
`

// Reference returns the text of docs/settings.md.
func Reference() string {
	var b strings.Builder
	b.WriteString(intro)
	group := ""
	for _, s := range Settings() {
		if s.Group != group {
			group = s.Group
			b.WriteString("\n## " + group + "\n")
		}
		fmt.Fprintf(&b, "\n### `%s%s`\n\n%s.\n\n", Prefix, s.Name, sentence(s.Help))
		var facts []string
		if s.Flag != "" {
			facts = append(facts, "flag `--"+s.Flag+"`")
		}
		if s.Default != "" {
			facts = append(facts, "default `"+s.Default+"`")
		} else {
			facts = append(facts, "not set by default")
		}
		if s.Secret {
			facts = append(facts, "secret, also by `"+Prefix+s.Name+FileSuffix+"`")
		}
		if s.Example != "" {
			facts = append(facts, "example `"+Prefix+s.Name+"="+s.Example+"`")
		}
		b.WriteString(sentence(strings.Join(facts, " · ")) + "\n")
	}
	b.WriteString(atRest)
	return b.String()
}

// sentence begins a text with a capital.
func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
