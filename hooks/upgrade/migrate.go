package upgrade

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"
)

//go:embed migration.go.tmpl
var emptyMigration []byte

// Migrate returns the migrate command. It wants the database as it is, but for
// --rollback, which wants none.
func (u *Upgrade) Migrate() *cobra.Command {
	var back, yes bool
	var name string
	c := &cobra.Command{
		Use: "migrate", Short: "Move the database to another version",
		Long: "The server brings the database up to date by itself, and copies it before. With --rollback the database becomes again what it was\n" +
			"before the last upgrade; what replaced it is set aside, not deleted. Stop the server first, then start the earlier program.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !back {
				return cmd.Help()
			}
			return u.rollback(cmd, name, yes)
		},
	}
	c.Flags().BoolVar(&back, "rollback", false, "put the database back as it was before the last upgrade")
	c.Flags().StringVar(&name, "to", "", "with --rollback: another copy, by the name of its folder in "+folder+", in the data folder")
	c.Flags().BoolVar(&yes, "yes", false, "with --rollback: do not ask")
	c.AddCommand(
		&cobra.Command{Use: "up", Short: "Apply every migration that is not applied yet", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				done, err := u.up()
				return report(cmd, "applied", done, err)
			}},
		&cobra.Command{Use: "down [N|NAME]", Short: "Undo the last migration, the last N, or all after and with NAME", Args: cobra.MaximumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				n, err := count(u.app, args)
				if err != nil {
					return err
				}
				done, err := u.down(n)
				return report(cmd, "undone", done, err)
			}},
		&cobra.Command{Use: "status", Short: "List the migrations and whether each is applied", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				for _, m := range core.AppMigrations.Items() {
					mark := "      "
					if yes, err := applied(u.app, m.File); err != nil {
						return err
					} else if yes {
						mark = "applied"
					}
					fmt.Fprintf(cmd.OutOrStdout(), "%-7s %s\n", mark, m.File)
				}
				return nil
			}},
		&cobra.Command{Use: "create NAME", Short: "Write an empty migration into pb_migrations, for developers", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return create(cmd, args[0]) }},
	)
	return c
}

// up applies what is not applied yet, all of it or none.
func (u *Upgrade) up() (done []string, err error) {
	err = u.alone(func() error {
		was, pending, err := u.look(true)
		if err != nil || len(pending) == 0 {
			return err
		}
		steps := func() (err error) {
			if done, err = core.NewMigrationsRunner(u.app, core.AppMigrations).Up(); err != nil {
				return err
			}
			return sign(u.app, u.Version)
		}
		if was.isNew() {
			return steps()
		}
		if _, err = u.change(was, steps); err != nil {
			return err
		}
		return prune(u.app.DataDir())
	})
	return done, err
}

// down undoes the last n, all of them or none. The copy that it makes pushes
// out none of those from before an upgrade.
func (u *Upgrade) down(n int) (done []string, err error) {
	err = u.alone(func() error {
		was, _, err := u.look(false)
		if err != nil {
			return err
		}
		_, err = u.change(was, func() (err error) {
			done, err = core.NewMigrationsRunner(u.app, core.AppMigrations).Down(n)
			return err
		})
		return err
	})
	return done, err
}

func report(cmd *cobra.Command, what string, files []string, err error) error {
	if err != nil {
		return err
	}
	for _, f := range files {
		fmt.Fprintln(cmd.OutOrStdout(), what, f)
	}
	if len(files) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "nothing to do")
	}
	return nil
}

// count says how many applied migrations to undo: one, a number, or down to
// and with the one that is named.
func count(app core.App, args []string) (int, error) {
	if len(args) == 0 {
		return 1, nil
	}
	if n, err := strconv.Atoi(args[0]); err == nil && n < 1<<20 { // else it is the time that a name begins with
		if n < 1 {
			return 0, fmt.Errorf("%d is no number of migrations to undo", n)
		}
		return n, nil
	}
	items := core.AppMigrations.Items()
	for i, n := len(items)-1, 0; i >= 0; i-- {
		yes, err := applied(app, items[i].File)
		if err != nil {
			return 0, err
		}
		if yes {
			n++
		}
		if !named(items[i].File, args[0]) {
			continue
		}
		if !yes {
			return 0, fmt.Errorf("%s is not applied", items[i].File)
		}
		return n, nil
	}
	return 0, fmt.Errorf("no migration is named %q", args[0])
}

// named tells whether a migration goes by that name: its file's, with or
// without the ending, or what stands before or after the first underscore.
func named(file, name string) bool {
	stem := strings.TrimSuffix(file, ".go")
	made, what, _ := strings.Cut(stem, "_")
	return name == file || name == stem || name == made || name == what
}

func applied(app core.App, file string) (bool, error) {
	var n int
	err := app.DB().Select("count(*)").From(core.DefaultMigrationsTable).Where(dbx.HashExp{"file": file}).Row(&n)
	return n > 0, err
}

func create(cmd *cobra.Command, name string) error {
	if !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(name) {
		return fmt.Errorf("%q: want a verb and a noun in lower case, as in add_shelves", name)
	}
	path := filepath.Join("pb_migrations", fmt.Sprintf("%d_%s.go", time.Now().Unix(), name))
	if err := os.WriteFile(path, emptyMigration, 0o644); err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), "wrote", path)
	return nil
}
