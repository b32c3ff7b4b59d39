package backups

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"onlibrary/internal/archive"
)

// terminal is standard input where it is one, else nil.
func terminal(cmd *cobra.Command) *os.File {
	if in, ok := cmd.InOrStdin().(*os.File); ok && term.IsTerminal(int(in.Fd())) {
		return in
	}
	return nil
}

// passphrase asks on a terminal, as often as there are questions, and else reads
// one line of standard input. It is never an argument, which every process can
// read.
func passphrase(cmd *cobra.Command, questions ...string) (string, error) {
	in := terminal(cmd)
	if in == nil {
		line, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 1024)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the passphrase: %w", err)
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return "", errors.New("no passphrase on standard input")
		}
		return line, nil
	}
	answer := ""
	for i, question := range questions {
		fmt.Fprint(cmd.ErrOrStderr(), question)
		typed, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(cmd.ErrOrStderr())
		if err != nil {
			return "", fmt.Errorf("read the passphrase: %w", err)
		}
		if i > 0 && string(typed) != answer {
			return "", errors.New("the two passphrases differ")
		}
		answer = string(typed)
	}
	if answer == "" {
		return "", errors.New("no passphrase was given")
	}
	return answer, nil
}

// identities are what an encrypted archive is opened with: the keys in a file,
// if one is named, and the passphrase of who is asked.
func identities(cmd *cobra.Command, file string) ([]age.Identity, error) {
	ask := func() (string, error) { return passphrase(cmd, "Passphrase: ") }
	if file == "" {
		return []age.Identity{archive.Asking(ask)}, nil
	}
	return archive.ReadIdentities(file, ask)
}

// agree asks whether to go on.
func agree(cmd *cobra.Command, question string) error {
	fmt.Fprint(cmd.ErrOrStderr(), question+" [y/N] ")
	answer, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}
