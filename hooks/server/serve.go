package server

import (
	"errors"
	"fmt"
	"net"
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
		Use:   "serve",
		Short: "Run the library",
		Long:  "Brings the database up to date, serves the library and works until it is told to stop (SIGINT, SIGTERM).",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer cancel()
			held, err := lock(d.Config.DataDir)
			if err != nil {
				return err
			}
			defer held.Close()
			listener, err := net.Listen("tcp", d.Config.HTTPAddr)
			if err != nil {
				return fmt.Errorf("listen at %s (set by --http): %w", d.Config.HTTPAddr, cause(err))
			}
			defer listener.Close() // by the server already, if it came so far
			if err := makeSpool(d.Config.DataDir); err != nil {
				return err
			}
			// PocketBase decodes a picture for each thumb at a time.
			if err := os.Setenv("PB_THUMBS_MAX_WORKERS", "1"); err != nil {
				return err
			}
			app.OnServe().BindFunc(func(e *core.ServeEvent) error {
				e.Listener = listener
				if err := e.Next(); err != nil {
					return err
				}
				return banner(cmd.OutOrStdout(), e.App, d, listener.Addr())
			})
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

// cause is what a network error says without where, which stands before it.
func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

func terminate(app core.App) error {
	return app.OnTerminate().Trigger(&core.TerminateEvent{App: app}, func(e *core.TerminateEvent) error {
		return e.App.ClearBootstrap()
	})
}
