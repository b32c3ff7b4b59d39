package upgrade

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"onlibrary/internal/hold"
)

// rollback puts a copy of the database back, the newest from before an upgrade
// if none is named. What it replaces is kept among the copies.
func (u *Upgrade) rollback(cmd *cobra.Command, name string, yes bool) error {
	held, err := hold.Share(u.app.DataDir())
	if err != nil {
		return err
	}
	defer held.Close()
	u.held = held
	return u.alone(func() error { return u.replace(cmd, name, yes) })
}

func (u *Upgrade) replace(cmd *cobra.Command, name string, yes bool) error {
	dir := u.app.DataDir()
	if m, err := readMarker(dir); err != nil {
		return err
	} else if m != nil {
		if err := m.undo(dir); err != nil {
			return err
		}
	}
	c, err := choose(dir, name)
	if err != nil {
		return err
	}
	if err := c.verify(dir); err != nil {
		return err
	}
	now := state{version: "damaged"}
	if s, err := examine(dir, false); err == nil {
		now = s
	}
	if err := agree(cmd, c, yes); err != nil {
		return err
	}
	aside := databaseCopy{From: now.version, To: c.From, Made: u.Now().UTC()}
	aside.Name = replaced + word(now.version) + "_" + stamp(aside.Made)
	if err := os.MkdirAll(aside.path(dir), 0o700); err != nil {
		return err
	}
	if err := aside.describe(aside.path(dir)); err != nil {
		return err
	}
	m := marker{Copy: c.Name, PutBack: true, Aside: aside.Name}
	if err := m.write(dir); err != nil {
		return err
	}
	if err := m.undo(dir); err != nil {
		return fmt.Errorf("%w; the next start, or this command again, completes it", err)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "The database is the one of %s, as it was on %s. What it replaces is in %s.\n", known(c.From), day(c), aside.path(dir))
	return prune(dir)
}

// choose finds the copy of that name, or the newest from before an upgrade.
func choose(dir, name string) (databaseCopy, error) {
	found, err := copies(dir)
	if err != nil {
		return databaseCopy{}, err
	}
	i := slices.IndexFunc(found, func(c databaseCopy) bool {
		return c.Name == name || name == "" && strings.HasPrefix(c.Name, before)
	})
	if i >= 0 {
		return found[i], nil
	}
	var names []string
	for _, c := range found {
		names = append(names, c.Name)
	}
	switch {
	case name == "":
		return databaseCopy{}, fmt.Errorf("there is no copy from before an upgrade in %s", filepath.Join(dir, folder))
	case len(names) == 0:
		return databaseCopy{}, fmt.Errorf("there is no copy in %s", filepath.Join(dir, folder))
	default:
		return databaseCopy{}, fmt.Errorf("there is no copy %q; there are: %s", name, strings.Join(names, ", "))
	}
}

// verify reads all of the copy.
func (c databaseCopy) verify(dir string) error {
	path := filepath.Join(c.path(dir), dataFile)
	if missing, err := isMissing(path); err != nil {
		return err
	} else if missing {
		return fmt.Errorf("the copy %s has no database", c.Name)
	}
	db, err := open(path)
	if err != nil {
		return err
	}
	defer db.Close()
	var s state
	if err := s.read(db); err != nil {
		return judge(path, err)
	}
	return check(context.Background(), db, path)
}

// agree asks whether to go on, unless that was said already.
func agree(cmd *cobra.Command, c databaseCopy, yes bool) error {
	if yes {
		return nil
	}
	if in, ok := cmd.InOrStdin().(*os.File); ok && !term.IsTerminal(int(in.Fd())) {
		return errors.New("say --yes to put the database back without being asked")
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Put the database back to the one of %s, as it was on %s? What was entered since is set aside. [y/N] ", known(c.From), day(c))
	answer, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}

func day(c databaseCopy) string { return c.Made.Format("2006-01-02 15:04 UTC") }
