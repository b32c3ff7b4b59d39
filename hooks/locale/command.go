package locale

import (
	"fmt"

	"github.com/spf13/cobra"

	"onlibrary/internal/lexicon"
)

// Command returns the locales command, for who tends the language files of a
// copy of the source. It needs no database.
func Command() *cobra.Command {
	c := &cobra.Command{
		Use: "locales", Short: "Tend the language files of the source",
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var dir string
	c.PersistentFlags().StringVar(&dir, "dir", "locales", "folder of the language files")
	add := &cobra.Command{
		Use: "add TAG", Short: "Begin a language, by its BCP 47 tag, from the English texts", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := lexicon.Open(dir)
			if err != nil {
				return err
			}
			if err := f.Add(args[0]); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s was begun: %d texts wait for a translation\n", args[0], len(f.Waiting(args[0])))
			return err
		},
	}
	check := &cobra.Command{
		Use: "check", Short: "Find missing texts, plural forms and placeholders, and what is English still", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return checkFolder(cmd, dir) },
	}
	var server lexicon.Libre
	translate := &cobra.Command{
		Use: "translate TAG", Short: "Have a LibreTranslate server write the texts that a language lacks, for review", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return translateFolder(cmd, dir, args[0], server) },
	}
	translate.Flags().StringVar(&server.URL, "server", "", "address of the server, such as http://127.0.0.1:5000")
	translate.Flags().StringVar(&server.Key, "api-key", "", "key, where the server wants one")
	translate.Flags().StringVar(&server.As, "as", "", "how the server calls the language (the tag's first part if not given)")
	if err := translate.MarkFlagRequired("server"); err != nil {
		panic(err) // there is such a flag
	}
	c.AddCommand(add, check, translate)
	return c
}

func checkFolder(cmd *cobra.Command, dir string) error {
	f, err := lexicon.Open(dir)
	if err != nil {
		return err
	}
	problems, err := f.Check()
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	for _, p := range problems {
		fmt.Fprintln(out, p)
	}
	for _, tag := range f.Languages() {
		fmt.Fprintf(out, "%s: %d texts, %d of them wait for review\n", tag, len(f.Texts[tag]), len(f.Waiting(tag)))
	}
	if len(problems) > 0 {
		return fmt.Errorf("%d problems in %s", len(problems), dir)
	}
	return nil
}

func translateFolder(cmd *cobra.Command, dir, tag string, server lexicon.Libre) error {
	f, err := lexicon.Open(dir)
	if err != nil {
		return err
	}
	done, left, err := f.Translate(cmd.Context(), tag, server)
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%s: %d texts were translated and wait for review in %s/notes/%s.review.txt\n", tag, done, dir, tag)
	for _, key := range left {
		fmt.Fprintf(out, "%s: the answer lost a placeholder; write it by hand\n", key)
	}
	if err != nil {
		return fmt.Errorf("translate: %w", err)
	}
	if len(left) > 0 {
		return fmt.Errorf("%d texts are left", len(left))
	}
	return nil
}
