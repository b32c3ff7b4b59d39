// Package seeds is the room of the seed command, which fills a library with
// places of a country or with a few works to try it on.
package seeds

import (
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"
)

// Command returns the seed command. It works beside a running server, and a
// second run adds only what is missing.
func Command(app core.App) *cobra.Command {
	c := &cobra.Command{
		Use: "seed", Short: "Fill the library with places, or with works to try it on",
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var country string
	places := &cobra.Command{
		Use: "places", Short: "Add the regions and the regional capitals of a country", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return seedPlaces(app, cmd, country) },
	}
	places.Flags().StringVar(&country, "country", "BR", "country by its ISO 3166-1 code: "+countries())
	demo := &cobra.Command{
		Use: "demo", Short: "Add two patrons, some categories and a dozen small works", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return seedDemo(app, cmd) },
	}
	c.AddCommand(places, demo)
	return c
}
