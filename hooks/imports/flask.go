package imports

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"onlibrary/internal/civil"
	"onlibrary/internal/flask"
	"onlibrary/internal/schema"
)

// flaskFlags are what the command is told.
type flaskFlags struct {
	database, uploads, timezone, databaseTimezone, visibility string
	askPassword, dry, grants                                  bool
}

func flaskCommand(app core.App, d Deps) *cobra.Command {
	var f flaskFlags
	c := &cobra.Command{
		Use:   "flask --database FILE|DIR|mysql://…|postgres://… --uploads DIR|s3://BUCKET/PREFIX --timezone ZONE",
		Short: "Move over what the Flask OnLibrary keeps, with its passwords",
		Long: `Moves users, roles, places, categories, documents with their files, shares,
links, notifications, logs and devices. It says of every row what became of it.
Run again, it goes on where it was cut off and changes nothing that is there.
Nobody is notified. A bucket's keys are read from AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.grants {
				return flask.PrintMeanings(cmd.OutOrStdout())
			}
			return moveFlask(app, d, cmd, f)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.database, "database", "", "the SQLite file, a folder of JSON files, or mysql://user@host/name or postgres://user@host/name")
	flags.StringVar(&f.uploads, "uploads", "", "the folder of its files, or s3://bucket/prefix")
	flags.StringVar(&f.timezone, "timezone", "", "time zone of the old server (its TZ), such as America/Sao_Paulo")
	flags.StringVar(&f.databaseTimezone, "database-timezone", "UTC", "time zone of the old database's own clock, which wrote created_at and updated_at")
	flags.StringVar(&f.visibility, "visibility", schema.VisibilityPrivate, "who sees the documents: private (owner, shares, staff) or members")
	flags.BoolVar(&f.askPassword, "ask-password", false, "ask for the database's password, or read it from standard input")
	flags.BoolVar(&f.dry, "dry-run", false, "change nothing, and say what would be done")
	flags.BoolVar(&f.grants, "print-grants", false, "print what grants of routes become, and end")
	return c
}

func moveFlask(app core.App, d Deps, cmd *cobra.Command, f flaskFlags) (err error) {
	for name, value := range map[string]string{"database": f.database, "uploads": f.uploads, "timezone": f.timezone} {
		if value == "" {
			return fmt.Errorf("--%s is missing", name)
		}
	}
	if f.visibility != schema.VisibilityPrivate && f.visibility != schema.VisibilityMembers {
		return fmt.Errorf("--visibility %q is neither private nor members", f.visibility)
	}
	zone, err := civil.LoadZone(f.timezone)
	if err != nil {
		return fmt.Errorf("--timezone: %w", err)
	}
	clock, err := civil.LoadZone(f.databaseTimezone)
	if err != nil {
		return fmt.Errorf("--database-timezone: %w", err)
	}
	password := ""
	if f.askPassword {
		if password, err = askPassword(cmd); err != nil {
			return err
		}
	}
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	source, err := flask.Open(ctx, f.database, password)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	files, err := openUploads(f.uploads, d.AWS())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, files.close()) }()
	if f.dry {
		stopWrites(app)
	}
	m := &mover{
		Deps: d, app: app, source: source, uploads: files, zone: zone, clock: clock, visibility: f.visibility, dry: f.dry,
		report: newReport(cmd, f.dry), at: map[string]map[int64]string{}, outcomes: map[string]map[int64]string{},
		planned: map[string]bool{}, names: map[string]bool{}, owners: map[string]string{},
	}
	return m.all(ctx)
}

// all moves every table, each after those that it points to.
func (m *mover) all(ctx context.Context) error {
	if err := m.gather(ctx); err != nil {
		return err
	}
	for _, s := range []step{
		{kind: flask.Roles, table: flask.Roles, collection: schema.Roles, fill: m.role},
		{kind: flask.Grants, table: flask.Grants, fill: m.grant},
		{kind: flask.WebActions, table: flask.WebActions, fill: m.action},
		{kind: flask.MobileActions, table: flask.MobileActions, fill: m.action},
		{kind: flask.Users, table: flask.Users, collection: schema.Users, alone: true, fill: m.user, spare: []string{"avatar", core.FieldNameEmail}},
		{kind: devices, table: flask.Users, collection: schema.Devices, fill: m.device},
		{kind: flask.Regions, table: flask.Regions, collection: schema.Regions, fill: m.region},
		{kind: flask.Cities, table: flask.Cities, collection: schema.Cities, fill: m.city},
		{kind: flask.Categories, table: flask.Categories, collection: schema.Categories, fill: m.category},
		{kind: flask.Documents, table: flask.Documents, collection: schema.Documents, alone: true, fill: m.document},
		{kind: flask.Shares, table: flask.Shares, collection: schema.DocumentShares, fill: m.share},
		{kind: flask.Links, table: flask.Links, collection: schema.DocumentLinks, fill: m.link},
		{kind: flask.Notifications, table: flask.Notifications, collection: schema.Notifications, fill: m.notification},
		{kind: flask.Logs, table: flask.Logs, collection: schema.AuditLogs, fill: m.log},
	} {
		if err := m.move(ctx, s); err != nil {
			return err
		}
	}
	if err := m.tellRetention(); err != nil {
		return err
	}
	if n := m.report.changes(); n > 0 && !m.dry {
		if err := m.Audit(m.app, fmt.Sprintf("flask: %d changes", n)); err != nil {
			return err
		}
	}
	return m.report.end()
}

// tellRetention warns of logs that the library forgets at night.
func (m *mover) tellRetention() error {
	settings, err := m.app.FindRecordById(schema.LibrarySettings, schema.LibrarySettingsID)
	if err != nil {
		return err
	}
	days := settings.GetInt("auditDays")
	if days == 0 || m.oldestLog.IsZero() || m.oldestLog.After(m.Now().Add(-time.Duration(days)*24*time.Hour)) {
		return nil
	}
	_, err = fmt.Fprintf(m.report.out, "\nLogs go back to %s, and the library keeps them for %d days (auditDays): older ones go tonight.\n",
		m.oldestLog.Format(time.DateOnly), days)
	return err
}

func askPassword(cmd *cobra.Command) (string, error) {
	in, ok := cmd.InOrStdin().(*os.File)
	if ok && term.IsTerminal(int(in.Fd())) {
		fmt.Fprint(cmd.ErrOrStderr(), "Password of the old database: ")
		answer, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(cmd.ErrOrStderr())
		return string(answer), err
	}
	line, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 1024)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
