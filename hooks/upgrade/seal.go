package upgrade

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/pocketbase/pocketbase/tools/security"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"onlibrary/internal/hold"
)

// opensWith refuses a key by which the settings cannot be read.
func (s state) opensWith(key string) error {
	switch {
	case s.sealed == "":
		return nil
	case key == "":
		return errors.New("the settings in the database are encrypted: set ONLIBRARY_ENCRYPTION_KEY to the key that they were encrypted by")
	}
	if _, err := security.Decrypt(s.sealed, key); err != nil { // says only that it did not work
		return errors.New("ONLIBRARY_ENCRYPTION_KEY is not the key that the settings in the database were encrypted by")
	}
	return nil
}

// sealFirst encrypts settings that were not, unless a program beside this one
// may not know of the key.
func (u *Upgrade) sealFirst() error {
	if err := u.held.Alone(); errors.Is(err, hold.ErrHeld) {
		slog.Warn("the settings in the database are not encrypted yet: another onlibrary works on it")
		return u.held.Share()
	} else if err != nil {
		return err
	}
	if err := errors.Join(u.seal(), u.held.Share()); err != nil {
		return err
	}
	slog.Info("the settings in the database are encrypted from now on")
	return nil
}

// seal writes the settings by the key that is set, and leaves no trace of how
// they were written before.
func (u *Upgrade) seal() error {
	if err := u.app.Save(u.app.Settings()); err != nil {
		return fmt.Errorf("encrypt the settings in the database: %w", err)
	}
	for _, statement := range []string{"PRAGMA secure_delete = ON", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA secure_delete = OFF"} {
		if _, err := u.app.NonconcurrentDB().NewQuery(statement).Execute(); err != nil {
			return fmt.Errorf("wipe the earlier settings (%s): %w", statement, err)
		}
	}
	return nil
}

// Rekey returns the command that encrypts the settings by another key.
func (u *Upgrade) Rekey() *cobra.Command {
	return &cobra.Command{
		Use: "rekey", Short: "Encrypt the settings in the database by another key, or not at all", Args: cobra.NoArgs,
		Long: "Reads the settings in the database by ONLIBRARY_ENCRYPTION_KEY, if they are encrypted, and writes them by another key,\n" +
			"which is asked for or read from standard input: 32 bytes, or an empty line to have them no longer encrypted.\n" +
			"Stop the server first, and set ONLIBRARY_ENCRYPTION_KEY to the new key before it starts again.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return u.alone(func() error {
				key, err := ask(cmd)
				if err != nil {
					return err
				}
				if err := u.UseEncryptionKey(key); err != nil {
					return err
				}
				if err := u.seal(); err != nil {
					return err
				}
				told := "The settings are encrypted by the new key: set ONLIBRARY_ENCRYPTION_KEY to it."
				if key == "" {
					told = "The settings are not encrypted any more: take ONLIBRARY_ENCRYPTION_KEY away."
				}
				fmt.Fprintln(cmd.OutOrStdout(), told)
				return nil
			})
		},
	}
}

// ask reads the new key, unseen on a terminal.
func ask(cmd *cobra.Command) (string, error) {
	in, ok := cmd.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		line, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 1024)).ReadString('\n')
		if err != nil && (!errors.Is(err, io.EOF) || line == "") { // no line at all is not an empty one
			return "", fmt.Errorf("read the new key: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	fmt.Fprint(cmd.ErrOrStderr(), "New key (32 characters, or nothing to encrypt no longer): ")
	line, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(cmd.ErrOrStderr())
	return string(line), err
}
