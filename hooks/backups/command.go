package backups

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"text/tabwriter"

	"filippo.io/age"
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"

	"onlibrary/internal/archive"
)

// Command returns the backup command. It opens the data folder by itself, where
// it does.
func Command(app core.App, d Deps) *cobra.Command {
	r := &room{d}
	c := &cobra.Command{
		Use: "backup", Short: "Make, check and restore backups",
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(r.createCommand(app), r.listCommand(app), r.verifyCommand(app), r.restoreCommand(app))
	for _, sub := range c.Commands() {
		run := sub.RunE
		sub.RunE = func(cmd *cobra.Command, args []string) error {
			// Told to stop, it clears up.
			ctx, cancel := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer cancel()
			cmd.SetContext(ctx)
			err := run(cmd, args)
			if ctx.Err() != nil && err != nil {
				return errors.New("stopped; nothing was changed")
			}
			return err
		}
	}
	return c
}

// library fails where there is none yet: opening it would make one. What a
// killed restore left is ended before, or it might find none.
func (r *room) library() error {
	if err := Settle(r.DataDir); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(r.DataDir, database)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no library in %s", r.DataDir)
	}
	return r.Open()
}

func (r *room) createCommand(app core.App) *cobra.Command {
	var recipients string
	var byPassphrase, bucket bool
	c := &cobra.Command{
		Use: "create [FILE]", Short: "Make a backup, beside a running server too", Args: cobra.MaximumNArgs(1),
		Long: "Makes a backup of the database and of the files that it names, in FILE or else where the dashboard and `backup list` find it.",
		RunE: func(cmd *cobra.Command, args []string) error {
			o := &order{bucket: bucket}
			name := ""
			if len(args) > 0 {
				path, err := filepath.Abs(args[0])
				if err != nil {
					return err
				}
				if _, err := os.Lstat(path); err == nil {
					return fmt.Errorf("%s exists already", path)
				}
				o.file, name = path, filepath.Base(path)
			}
			if recipients == "" {
				recipients = r.Recipients
			}
			var err error
			if o.recipients, err = archive.ParseRecipients(recipients); err != nil {
				return fmt.Errorf("--recipient: %w", err)
			}
			if byPassphrase {
				if o.recipients, err = askRecipient(cmd); err != nil {
					return err
				}
			}
			if err := r.library(); err != nil {
				return err
			}
			m := newMeter(cmd.ErrOrStderr(), "writing")
			o.progress = m.progress
			err = app.CreateBackup(context.WithValue(cmd.Context(), orderKey{}, o), name)
			m.end()
			if err != nil {
				return err
			}
			return report(cmd, o.made)
		},
	}
	c.Flags().StringVar(&recipients, "recipient", "", "age's public keys to encrypt it for, parted by commas (default: those of the settings)")
	c.Flags().BoolVar(&byPassphrase, "passphrase", false, "encrypt it with a passphrase, for which you are asked")
	c.Flags().BoolVar(&bucket, "bucket", r.Bucket, "hold the files that are kept in a bucket (S3), too")
	return c
}

func askRecipient(cmd *cobra.Command) ([]age.Recipient, error) {
	answer, err := passphrase(cmd, "Passphrase: ", "Again: ")
	if err != nil {
		return nil, err
	}
	recipient, err := archive.ByPassphrase(answer)
	return []age.Recipient{recipient}, err
}

func report(cmd *cobra.Command, m made) error {
	for _, name := range m.missing {
		fmt.Fprintf(cmd.ErrOrStderr(), "missing: %s, which the database names\n", name)
	}
	where := m.path
	if where == "" {
		where = m.name + ", in the bucket of backups"
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "made %s\n%d files, %s, in %s\n", where, m.files, amount(m.size), speed(m.bytes, m.took))
	return err
}

func (r *room) listCommand(app core.App) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the backups, the newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := r.library(); err != nil {
				return err
			}
			found, err := all(cmd.Context(), app)
			if err != nil {
				return err
			}
			out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, b := range found {
				fmt.Fprintf(out, "%s\t%s\t%s\n", b.name, b.modified.UTC().Format("2006-01-02 15:04 UTC"), amount(b.size))
			}
			if len(found) == 0 {
				fmt.Fprintln(out, "there are no backups")
			}
			return out.Flush()
		},
	}
}

func (r *room) verifyCommand(app core.App) *cobra.Command {
	var identity, scratch string
	c := &cobra.Command{
		Use: "verify FILE", Short: "Find out whether a backup would restore", Args: cobra.ExactArgs(1),
		Long: "Restores a backup into a scratch folder, compares every sum, checks the database and opens it. The library is not touched.",
		RunE: func(cmd *cobra.Command, args []string) error {
			keys, err := identities(cmd, identity)
			if err != nil {
				return err
			}
			path, release, err := r.find(cmd.Context(), app, args[0])
			if err != nil {
				return err
			}
			if scratch == "" {
				scratch = os.TempDir()
				if info, err := os.Stat(r.Spool); err == nil && info.IsDir() {
					scratch = r.Spool
				}
			}
			m := newMeter(cmd.ErrOrStderr(), "verifying")
			a, err := r.verify(cmd.Context(), path, scratch, keys, m.progress)
			m.end()
			if err := errors.Join(err, release()); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is good: %s\n", path, describe(a))
			return err
		},
	}
	c.Flags().StringVar(&identity, "identity", "", "path of a file with age's secret key, for an encrypted backup (else you are asked for a passphrase)")
	c.Flags().StringVar(&scratch, "scratch", "", "folder to restore it in (default: the data folder's, else the machine's)")
	return c
}

// find is the path of a backup: a file, or one of those that `backup list` shows.
// The library is opened only to fetch it from a bucket.
func (r *room) find(ctx context.Context, app core.App, name string) (path string, release func() error, err error) {
	nothing := func() error { return nil }
	isName := filepath.Base(name) == name
	for _, path := range []string{name, filepath.Join(r.DataDir, core.LocalBackupsDirName, name)} {
		if _, err := os.Stat(path); err == nil {
			path, err = filepath.Abs(path)
			return path, nothing, err
		}
		if !isName {
			break
		}
	}
	if !isName || r.library() != nil {
		return "", nil, fmt.Errorf("there is no file %s", name)
	}
	defer within(&err, "close the library", r.Close) // a restore wants it for itself
	if !app.Settings().Backups.S3.Enabled {
		return "", nil, fmt.Errorf("there is no file %s", name)
	}
	return r.fetch(ctx, app, name)
}
