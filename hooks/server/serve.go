package server

import (
	"errors"
	"fmt"
	"io"
	"os/signal"
	"syscall"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"
)

// Serve returns the serve command.
func Serve(app core.App, d Deps) *cobra.Command {
	return &cobra.Command{
		Use:         "serve",
		Short:       "Run the library",
		Long:        "Brings the database up to date, serves the library and works until it is told to stop (SIGINT, SIGTERM).",
		Args:        cobra.NoArgs,
		Annotations: map[string]string{needs: database}, // it migrates by itself
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer cancel()
			if err := makeSpool(d.Config.DataDir); err != nil {
				return fmt.Errorf("make room for uploads: %w", err)
			}
			app.OnServe().BindFunc(func(e *core.ServeEvent) error {
				if err := e.Next(); err != nil {
					return err
				}
				return banner(cmd.OutOrStdout(), e.App, d)
			})
			served := make(chan error, 1)
			go func() {
				served <- apis.Serve(app, apis.ServeConfig{HttpAddr: d.Config.HTTPAddr, AllowedOrigins: d.Config.CORSOrigins})
			}()
			var err error
			select {
			case err = <-served:
				return errors.Join(err, terminate(app))
			case <-ctx.Done():
				err = terminate(app)
				return errors.Join(err, <-served)
			}
		},
	}
}

func terminate(app core.App) error {
	return app.OnTerminate().Trigger(&core.TerminateEvent{App: app}, func(e *core.TerminateEvent) error {
		return e.App.ClearBootstrap()
	})
}

// banner prints where the library is to be found, and on a first start the
// link that sets it up.
func banner(w io.Writer, app core.App, d Deps) error {
	base := "http://" + d.Config.HTTPAddr
	fmt.Fprintf(w, "OnLibrary %s\n  Library    %s\n  Dashboard  %s/_/\n", d.Version, base, base)
	path, err := d.SetupPath(app, time.Now())
	if err != nil {
		return err
	}
	if path != "" {
		fmt.Fprintf(w, "  Set it up  %s%s   (good once, for 30 minutes)\n", base, path)
	}
	if d.Config.FFmpeg == "" {
		fmt.Fprintln(w, "  FFmpeg was not found: video and audio previews are left out until it is installed.")
	}
	return nil
}
