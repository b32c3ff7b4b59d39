// OnLibrary is an online library in one binary. This file is its contents
// page: the settings, the app, the rooms and the commands.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/pocketbase/pocketbase/cmd"
	"github.com/spf13/cobra"

	"onlibrary/hooks/accounts"
	"onlibrary/hooks/audit"
	"onlibrary/hooks/backups"
	"onlibrary/hooks/doctor"
	"onlibrary/hooks/imports"
	"onlibrary/hooks/locale"
	"onlibrary/hooks/seeds"
	"onlibrary/hooks/server"
	"onlibrary/hooks/storage"
	"onlibrary/hooks/upgrade"
	"onlibrary/internal/config"
	"onlibrary/internal/filter"
	"onlibrary/internal/logs"
	"onlibrary/internal/media"
	"onlibrary/internal/rules"
	_ "onlibrary/pb_migrations"
)

// version is set by the linker.
var version = "dev"

func main() {
	if len(os.Args) > 1 && os.Args[1] == media.ChildArg {
		os.Exit(media.ChildMain(os.Args[2:]))
	}
	if err := serviced(func(ctx context.Context) error { return run(ctx, os.Args[1:]) }); err != nil {
		fmt.Fprintln(os.Stderr, "onlibrary:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	root, err := command(args)
	if err != nil {
		return err
	}
	http.DefaultClient = storage.Client() // by which PocketBase reaches S3
	return root.ExecuteContext(ctx)
}

// command builds the program: its settings, the house and the commands.
func command(args []string) (*cobra.Command, error) {
	settings, err := config.Load(args)
	if err != nil {
		return nil, err
	}
	for _, w := range settings.Warnings {
		fmt.Fprintln(os.Stderr, "onlibrary:", w)
	}
	log := logs.New(os.Stderr, logs.Options{JSON: settings.LogFormat == "json", Level: settings.LogLevel, Journal: config.Journal()})
	slog.SetDefault(log)
	slog.SetLogLoggerLevel(slog.LevelWarn) // by package log PocketBase tells of panics
	rules.Register()
	filter.Register()
	app := server.NewApp(settings)
	logs.Tee(app, log)
	h, err := bind(app, settings)
	if err != nil {
		return nil, err
	}
	data := upgrade.Bind(app, upgrade.Deps{
		Version: version, EncryptionKey: settings.EncryptionKey, UseEncryptionKey: config.UseEncryptionKey, Now: time.Now,
	})
	open := func(upToDate bool) error {
		if err := backups.Settle(settings.DataDir); err != nil { // what a killed restore left
			return err
		}
		return data.Open(upToDate)
	}
	asItIs := func() error { return open(false) }
	h.backups.Open, h.backups.Close, h.doctor.Open = asItIs, data.Close, asItIs
	root := server.Root(version, open)
	root.AddCommand(server.Serve(app, h.server), server.Health(h.server), server.AsItIs(data.Migrate()), server.Settings(settings, data.Rekey()), accounts.Command(app, h.accounts), seeds.Command(app),
		imports.Command(app, imports.Deps{
			Text: h.accounts.Text, Username: accounts.FreeUsername, AWS: config.ReadAWS, Audit: audit.Imported, Now: time.Now,
		}), storage.Command(app, storage.CommandDeps{Hold: func() (io.Closer, error) { return server.Hold(settings.DataDir) }}),
		server.Plain(locale.Command()), server.Plain(backups.Command(app, h.backups)), server.Plain(doctor.Command(app, h.doctor)), cmd.NewSuperuserCommand(app))
	root.SetArgs(args)
	return root, nil
}
