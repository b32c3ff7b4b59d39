package server

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"onlibrary/internal/config"
)

// needs is the annotation of a command that says what has to be ready before it.
const (
	needs    = "needs"
	nothing  = "nothing"
	database = "database" // open, whatever its version
)

// Root returns the program's command, on which the others hang. Unless they
// say otherwise, commands get an open database that is up to date: open sees to that.
func Root(version string, open func(upToDate bool) error) *cobra.Command {
	root := &cobra.Command{
		Use:           "onlibrary",
		Short:         "An online library in one binary",
		SilenceUsage:  true,
		SilenceErrors: true, // main prints them
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			need := needOf(cmd)
			if need == nothing || cmd.HasSubCommands() {
				return nil // the latter only show their help
			}
			return open(need != database)
		},
	}
	config.Flags(root.PersistentFlags())
	whole := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		if cmd == root || cmd.Name() == "serve" {
			whole(cmd, args)
			return
		}
		// So many settings would hide what the command is about.
		root.PersistentFlags().VisitAll(func(f *pflag.Flag) { f.Hidden = f.Name != "data-dir" })
		whole(cmd, args)
		fmt.Fprintln(cmd.OutOrStdout(), "\nThe other settings are flags, too: see \"onlibrary --help\".")
	})
	root.AddCommand(&cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs, Annotations: map[string]string{needs: nothing},
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "onlibrary", version)
			return err
		},
	})
	return root
}

// needOf is what the command or the nearest above it says that it needs. Those
// that cobra adds need nothing.
func needOf(cmd *cobra.Command) string {
	for c := cmd; c != nil; c = c.Parent() {
		switch c.Name() {
		case "help", "completion", cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd:
			return nothing
		}
		if need := c.Annotations[needs]; need != "" {
			return need
		}
	}
	return ""
}

// Plain marks a command that needs no database.
func Plain(c *cobra.Command) *cobra.Command {
	c.Annotations = map[string]string{needs: nothing}
	return c
}

// AsItIs marks a command that takes the database at whatever version it is.
func AsItIs(c *cobra.Command) *cobra.Command {
	c.Annotations = map[string]string{needs: database}
	return c
}
