package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"
)

// Command returns the doctor command. It opens the database by itself, since it
// is to speak of one that cannot be opened.
func Command(app core.App, d Deps) *cobra.Command {
	r := newRoom(d)
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look whether everything is in order, and say how to mend what is not",
		Long: "Looks at the data folder, the database, files, jobs, backups, ports, names, certificates, the clock, mail, S3, push and FFmpeg.\n" +
			"It changes nothing but its own last report, works beside a running server, and fails if a check does.",
		Example: "  onlibrary doctor\n  onlibrary doctor --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := os.Stat(filepath.Join(d.Config.DataDir, "data.db"))
			if errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("there is no library in %s yet: start it by `onlibrary serve`, or name its folder by --data-dir", d.Config.DataDir)
			}
			report := r.examine(cmd.Context(), app)
			kept := keep(d.Config.DataDir, report)
			if asJSON {
				out := json.NewEncoder(cmd.OutOrStdout())
				out.SetIndent("", "  ")
				out.SetEscapeHTML(false)
				err = out.Encode(report)
			} else {
				err = report.print(cmd.OutOrStdout())
			}
			if err = errors.Join(err, kept); err != nil {
				return err
			}
			if n := report.failed(); n > 0 {
				return fmt.Errorf("%d of %d checks failed", n, len(report.Checks))
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, for programs")
	return c
}
