package server

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"onlibrary/internal/config"
)

// Settings returns the config command, with more of its own kind below it.
func Settings(c config.Config, more ...*cobra.Command) *cobra.Command {
	parent := &cobra.Command{
		Use: "config", Short: "Show the settings, and change the key of those in the database",
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var asJSON bool
	show := Plain(&cobra.Command{
		Use: "show", Short: "Show every setting in force and where it comes from; secrets only as set or not set", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), c.InForce)
			}
			return writeTable(cmd.OutOrStdout(), c.InForce)
		},
	})
	show.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	parent.AddCommand(show)
	parent.AddCommand(more...)
	return parent
}

func writeTable(out io.Writer, settings []config.InForce) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SETTING\tVALUE\tFROM")
	for _, s := range settings {
		value := s.Value
		switch {
		case s.Secret && s.Set:
			value = "set"
		case !s.Set:
			value = "not set"
		}
		fmt.Fprintf(w, "%s%s\t%s\t%s\n", config.Prefix, s.Name, value, s.From)
	}
	return w.Flush()
}

// shown is a setting in the JSON of config show.
type shown struct {
	Name   string  `json:"name"`
	Value  *string `json:"value,omitempty"` // of no secret
	Set    bool    `json:"set"`
	Secret bool    `json:"secret"`
	From   string  `json:"from"`
}

func writeJSON(out io.Writer, settings []config.InForce) error {
	list := make([]shown, 0, len(settings))
	for _, s := range settings {
		row := shown{Name: config.Prefix + s.Name, Set: s.Set, Secret: s.Secret, From: s.From}
		if !s.Secret {
			row.Value = &s.Value
		}
		list = append(list, row)
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(list)
}
