package storage

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Where files may be kept, as --to calls it.
const (
	toS3   = "s3"
	toDisk = "disk"
)

// CommandDeps is what the command needs from others.
type CommandDeps struct {
	// Hold keeps servers off the data folder until it is closed. It fails while
	// one works on it.
	Hold func() (io.Closer, error)

	pause time.Duration // before a file is tried again, then four times longer; 0 is a second
}

// flags are what the command is told.
type flags struct {
	to                    string
	s3                    core.S3Config
	forget, ignoreMissing bool
}

// Command returns the storage command.
func Command(app core.App, d CommandDeps) *cobra.Command {
	c := &cobra.Command{
		Use: "storage", Short: "Move the library's files between the disk and S3",
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(migrateCommand(app, d))
	return c
}

func migrateCommand(app core.App, d CommandDeps) *cobra.Command {
	var f flags
	c := &cobra.Command{
		Use:   "migrate --to s3|disk",
		Short: "Copy every file to S3 or back to the disk, and use it there",
		Long: `Copies every file that a record names, reads each copy and compares it by
SHA-256, and has the library use the copies once all are right. Cut off, another
run goes on where it was. Stop the server first. The originals are left, unless
--delete. Small pictures made of others are made again when they are asked for.

Without more, S3 is what the dashboard's Settings, Files storage, say.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return migrate(app, d, cmd, f) },
	}
	set := c.Flags()
	set.StringVar(&f.to, "to", "", "where the files go: s3 or disk")
	set.StringVar(&f.s3.Bucket, "bucket", "", "the bucket")
	set.StringVar(&f.s3.Region, "region", "", "its region, such as eu-central-1")
	set.StringVar(&f.s3.Endpoint, "endpoint", "", "the server, such as https://s3.eu-central-1.amazonaws.com")
	set.StringVar(&f.s3.AccessKey, "access-key", "", "the key to sign in by; its secret is asked for, or read from standard input")
	set.BoolVar(&f.s3.ForcePathStyle, "path-style", false, "the server knows the bucket by its path, as most but Amazon's do")
	set.BoolVar(&f.forget, "delete", false, "delete the originals once the library uses the copies")
	set.BoolVar(&f.ignoreMissing, "ignore-missing", false, "go on although files that records name are gone")
	return c
}

func migrate(app core.App, d CommandDeps, cmd *cobra.Command, f flags) (err error) {
	if f.to != toS3 && f.to != toDisk {
		return fmt.Errorf("--to has to be %s or %s", toS3, toDisk)
	}
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	held, err := d.Hold()
	if err != nil {
		return fmt.Errorf("stop the server first: %w", err)
	}
	defer func() { err = errors.Join(err, held.Close()) }()
	s3, err := chosen(app, cmd, f)
	if err != nil {
		return err
	}
	m, err := newMove(app, f, s3, newProgress(cmd.OutOrStdout()), cmp.Or(d.pause, time.Second))
	if err != nil {
		return err
	}
	return errors.Join(m.all(ctx), m.close())
}

// chosen is the S3 that the flags name, or else the stored one.
func chosen(app core.App, cmd *cobra.Command, f flags) (core.S3Config, error) {
	stored := app.Settings().S3
	s3 := stored
	for flag, to := range map[string]*string{"bucket": &s3.Bucket, "region": &s3.Region, "endpoint": &s3.Endpoint, "access-key": &s3.AccessKey} {
		if given := cmd.Flags().Lookup(flag); given.Changed {
			*to = given.Value.String()
		}
	}
	if cmd.Flags().Changed("path-style") {
		s3.ForcePathStyle = f.s3.ForcePathStyle
	}
	if cmd.Flags().Changed("access-key") {
		secret, err := askSecret(cmd)
		if err != nil {
			return s3, err
		}
		s3.Secret = secret
	}
	if stored.Enabled && (s3.Bucket != stored.Bucket || s3.Endpoint != stored.Endpoint) {
		return s3, fmt.Errorf("the files are in the bucket %s at %s: bring them to the disk first", stored.Bucket, stored.Endpoint)
	}
	s3.Enabled = true // which has all of it be there
	if err := s3.Validate(); err != nil {
		return s3, fmt.Errorf("S3 is not set up: name it by flags or in the dashboard (%s)", strings.TrimSuffix(err.Error(), "."))
	}
	return s3, nil
}

func askSecret(cmd *cobra.Command) (string, error) {
	if in, ok := cmd.InOrStdin().(*os.File); ok && term.IsTerminal(int(in.Fd())) {
		fmt.Fprint(cmd.ErrOrStderr(), "Secret of the access key: ")
		answer, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(cmd.ErrOrStderr())
		return string(answer), err
	}
	line, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 1024)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the secret: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
