package accounts

import (
	"bufio"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

// Command returns the user command. It works beside a running server.
func Command(app core.App, d Deps) *cobra.Command {
	c := &cobra.Command{
		Use: "user", Short: "Make users, let them in or out, give them roles and passwords",
		Long: `Make users, let them in or out, give them roles and passwords. IDENT is an e-mail
address or a username. A password is never an argument, which every process can
read: it is asked for on a terminal, and else is the first line of standard input.`,
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	run := func(f func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
		return func(cmd *cobra.Command, args []string) error { return reply.Plain(f(cmd, args), d.Text) }
	}

	var email, username, name, role, state string
	create := &cobra.Command{
		Use: "create", Short: "Make a user", Args: cobra.NoArgs,
		RunE: run(func(cmd *cobra.Command, _ []string) error {
			return createByCommand(app, cmd, map[string]any{"email": email, "username": username, "name": name, "state": state}, role)
		}),
	}
	create.Flags().StringVar(&email, "email", "", "e-mail address")
	create.Flags().StringVar(&username, "username", "", "username; made from the address or the name if not given")
	create.Flags().StringVar(&name, "name", "", "name")
	create.Flags().StringVar(&role, "role", "", "role, by name or id (default Visitor)")
	create.Flags().StringVar(&state, "state", schema.StateActive, "pending, active or inactive")

	var force bool
	set := func(use, short string, args cobra.PositionalArgs, change func(cmd *cobra.Command, user *core.Record, args []string) (string, error)) *cobra.Command {
		return &cobra.Command{Use: use, Short: short, Args: args, RunE: run(func(cmd *cobra.Command, args []string) error {
			user, err := findUser(app, args[0])
			if err != nil {
				return err
			}
			done, err := change(cmd, user, args)
			if err != nil {
				return err
			}
			user.IgnoreUnchangedFields(true)
			ctx := cmd.Context()
			if force {
				ctx = forced(ctx)
			}
			if err := app.SaveWithContext(ctx, user); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", user.GetString("username"), done)
			return err
		})}
	}
	activate := set("activate IDENT", "Let a user in, by e-mail or username", cobra.ExactArgs(1), func(_ *cobra.Command, user *core.Record, _ []string) (string, error) {
		user.Set("state", schema.StateActive)
		return "is active", nil
	})
	deactivate := set("deactivate IDENT", "Shut a user out, by e-mail or username", cobra.ExactArgs(1), func(_ *cobra.Command, user *core.Record, _ []string) (string, error) {
		user.Set("state", schema.StateInactive)
		return "is inactive", nil
	})
	setRole := set("set-role IDENT ROLE", "Give a user, by e-mail or username, a role, by its name or id", cobra.ExactArgs(2), func(_ *cobra.Command, user *core.Record, args []string) (string, error) {
		role, err := findRole(app, args[1])
		if err != nil {
			return "", err
		}
		user.Set("role", role.Id)
		return "has the role " + role.GetString("name"), nil
	})
	reset := set("reset IDENT", "Give a user, by e-mail or username, another password, and end all sessions", cobra.ExactArgs(1), func(cmd *cobra.Command, user *core.Record, _ []string) (string, error) {
		password, err := readPassword(cmd)
		if err != nil {
			return "", err
		}
		user.SetPassword(password)
		passwordGiven(user)
		return "has another password, and has to sign in again", nil
	})
	for _, sub := range []*cobra.Command{deactivate, setRole} {
		sub.Flags().BoolVar(&force, "force", false, "even if nobody who may manage roles is left")
	}
	c.AddCommand(create, activate, deactivate, setRole, reset)
	return c
}

func createByCommand(app core.App, cmd *cobra.Command, fields map[string]any, roleIdent string) error {
	if roleIdent == "" {
		roleIdent = schema.RoleVisitor
	}
	role, err := findRole(app, roleIdent)
	if err != nil {
		return err
	}
	user, err := newUser(app)
	if err != nil {
		return err
	}
	password, err := readPassword(cmd)
	if err != nil {
		return err
	}
	user.Load(fields)
	user.Set("role", role.Id)
	user.SetPassword(password)
	if err := app.SaveWithContext(cmd.Context(), user); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s was made, %s, with the role %s\n", user.GetString("username"), user.GetString("state"), role.GetString("name"))
	return err
}

// readPassword asks for a password twice on a terminal, and else reads one line
// of standard input. It is never an argument, which every process can read.
func readPassword(cmd *cobra.Command) (string, error) {
	in, ok := cmd.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		line, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 1024)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("reading the password: %w", err)
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return "", errors.New("no password on standard input")
		}
		return line, nil
	}
	var answers [2]string
	for i, question := range []string{"Password: ", "Again: "} {
		fmt.Fprint(cmd.ErrOrStderr(), question)
		answer, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(cmd.ErrOrStderr())
		if err != nil {
			return "", fmt.Errorf("reading the password: %w", err)
		}
		answers[i] = string(answer)
	}
	if answers[0] != answers[1] {
		return "", errors.New("the two passwords differ")
	}
	return answers[0], nil
}

func findUser(app core.App, ident string) (*core.Record, error) {
	find := findByUsername
	if strings.Contains(ident, "@") {
		find = func(app core.App, email string) (*core.Record, error) {
			return app.FindAuthRecordByEmail(schema.Users, email)
		}
	}
	user, err := find(app, ident)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("there is no user %q", ident)
	}
	return user, err
}

func findRole(app core.App, ident string) (*core.Record, error) {
	roles, err := app.FindAllRecords(schema.Roles, dbx.NewExp("id = {:ident} OR name = {:ident} COLLATE NOCASE", dbx.Params{"ident": ident}))
	if err != nil {
		return nil, err
	}
	if len(roles) == 0 {
		return nil, fmt.Errorf("there is no role %q", ident)
	}
	return roles[0], nil
}
