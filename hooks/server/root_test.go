package server_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"onlibrary/hooks/server"
)

// A command's help shows its own flags, and the settings only where they are
// what it is about.
func TestHelp(t *testing.T) {
	for words, settings := range map[string]bool{"--help": true, "serve --help": true, "books --help": false, "help books": false} {
		root := server.Root("1.2.3", func(bool) error { return nil })
		run := func(*cobra.Command, []string) {}
		books := &cobra.Command{Use: "books", Run: run}
		books.Flags().String("shelf", "", "where they stand")
		root.AddCommand(books, &cobra.Command{Use: "serve", Run: run})
		var out bytes.Buffer
		root.SetOut(&out)
		root.SetArgs(strings.Fields(words))
		if err := root.Execute(); err != nil {
			t.Fatal(err)
		}
		help := out.String()
		if strings.Contains(help, "--acme-ca") != settings || !strings.Contains(help, "--data-dir") || strings.Contains(words, "books") != strings.Contains(help, "--shelf") {
			t.Errorf("%s: %s", words, help)
		}
	}
}
