package server

import (
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"
)

// Serve returns the serve command.
func Serve(app core.App, d Deps) *cobra.Command {
	return &cobra.Command{
		Use:   "serve [DOMAIN...]",
		Short: "Run the library",
		Long: "Brings the database up to date, serves the library and works until it is told to stop (SIGINT, SIGTERM).\n" +
			"With domains, or a certificate of your own, it serves HTTPS; else plain HTTP, for this machine or a proxy on it.",
		Example: "  onlibrary serve\n  onlibrary serve books.example.org",
		Args:    cobra.ArbitraryArgs, // the domains, which the settings hold
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer cancel()
			held, err := lock(d.Config.DataDir)
			if err != nil {
				return err
			}
			defer held.Close()
			door, err := openDoor(d, cmd.OutOrStdout())
			if err != nil {
				return err
			}
			defer door.close()
			if err := makeSpool(d.Config.DataDir); err != nil {
				return err
			}
			// PocketBase decodes a picture for each thumb at a time.
			if err := os.Setenv("PB_THUMBS_MAX_WORKERS", "1"); err != nil {
				return err
			}
			door.bind(app)
			served := make(chan error, 1)
			go func() {
				served <- apis.Serve(app, apis.ServeConfig{HttpAddr: d.Config.HTTPAddr})
			}()
			select {
			case err := <-served:
				return errors.Join(err, terminate(app))
			case <-ctx.Done():
				cancel() // who asks again is not made to wait
				return errors.Join(terminate(app), <-served)
			}
		},
	}
}

func terminate(app core.App) error {
	return app.OnTerminate().Trigger(&core.TerminateEvent{App: app}, func(e *core.TerminateEvent) error {
		return e.App.ClearBootstrap()
	})
}
