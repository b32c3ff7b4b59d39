// OnLibrary is an online library in one binary. This file is its contents
// page: the settings, the app, the rooms and the commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/pocketbase/pocketbase/cmd"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/routine"
	"github.com/spf13/cobra"

	"onlibrary/hooks/accounts"
	"onlibrary/hooks/apidocs"
	"onlibrary/hooks/audit"
	"onlibrary/hooks/catalogue"
	"onlibrary/hooks/certificates"
	"onlibrary/hooks/imports"
	"onlibrary/hooks/limits"
	"onlibrary/hooks/locale"
	"onlibrary/hooks/metrics"
	"onlibrary/hooks/notices"
	"onlibrary/hooks/previews"
	"onlibrary/hooks/seeds"
	"onlibrary/hooks/server"
	"onlibrary/hooks/storage"
	"onlibrary/hooks/telemetry"
	"onlibrary/hooks/upgrade"
	"onlibrary/hooks/web"
	"onlibrary/internal/certs"
	"onlibrary/internal/config"
	"onlibrary/internal/filter"
	"onlibrary/internal/jobs"
	"onlibrary/internal/logs"
	"onlibrary/internal/media"
	"onlibrary/internal/outbox"
	"onlibrary/internal/push"
	"onlibrary/internal/rules"
	"onlibrary/internal/schema"
	"onlibrary/internal/translate"
	"onlibrary/locales"
	_ "onlibrary/pb_migrations"
	"onlibrary/ui"
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
	work, people, err := bind(app, settings)
	if err != nil {
		return nil, err
	}
	data := upgrade.Bind(app, upgrade.Deps{
		Version: version, EncryptionKey: settings.EncryptionKey, UseEncryptionKey: config.UseEncryptionKey, Now: time.Now,
	})
	root := server.Root(version, data.Open)
	root.AddCommand(server.Serve(app, work), server.Health(work), server.AsItIs(data.Migrate()), server.Settings(settings, data.Rekey()), accounts.Command(app, people), seeds.Command(app),
		imports.Command(app, imports.Deps{
			Text: people.Text, Username: accounts.FreeUsername, AWS: config.ReadAWS, Audit: audit.Imported, Now: time.Now,
		}), storage.Command(app, storage.CommandDeps{Hold: func() (io.Closer, error) { return server.Hold(settings.DataDir) }}),
		server.Plain(locale.Command()), cmd.NewSuperuserCommand(app))
	root.SetArgs(args)
	return root, nil
}

// warm has the first PDF not wait for PDFium to be compiled.
func warm(app core.App, p *media.Previewer) {
	// A stop ends it early.
	if err := p.Warm(context.Background()); err != nil && !errors.Is(err, context.Canceled) {
		app.Logger().Warn("prepare previews of PDF files", "error", err)
	}
}

// pusher sends push messages; nil where the settings name no credentials.
func pusher(settings config.Config) (notices.Pusher, error) {
	if settings.FCMCredentials == "" {
		return nil, nil //nolint:nilnil // no push is what is asked for
	}
	sender, err := push.Open(settings.FCMCredentials, settings.FCMEndpoint)
	if err != nil {
		return nil, fmt.Errorf("%sFCM_CREDENTIALS: %w", config.Prefix, err)
	}
	return sender, nil
}

// bind furnishes every room of the house and wires what one needs of another.
func bind(app core.App, settings config.Config) (server.Deps, accounts.Deps, error) {
	texts, err := translate.Load(locales.FS)
	if err != nil {
		return server.Deps{}, accounts.Deps{}, err
	}
	site, err := fs.Sub(ui.DistFS, "dist")
	if err != nil {
		return server.Deps{}, accounts.Deps{}, err
	}
	sender, err := pusher(settings)
	if err != nil {
		return server.Deps{}, accounts.Deps{}, err
	}
	queue := jobs.New(app)
	previewer := media.New(media.Config{
		FFmpeg: settings.FFmpeg, CacheDir: server.Cache(settings.DataDir), TempDir: server.Spool(settings.DataDir), Logger: slog.Default(),
	})
	keeper := certs.New(certs.Config{
		Domains: settings.Domains, Email: settings.ACMEEmail, CA: settings.ACMECA, CARoot: settings.ACMECARoot,
		Dir: server.CertificatesDir(settings.DataDir), CertFile: settings.TLSCert, KeyFile: settings.TLSKey,
	})
	meter := metrics.Bind(app, metrics.Deps{
		Log: slog.Default(), Version: version, Token: settings.MetricsToken, Trusts: settings.Trusts, Queue: queue,
		Outbox: []string{schema.ChannelMail, schema.ChannelPush}, Certificates: keeper.Ends, Now: time.Now,
	})
	guide := locale.Bind(app, locale.Deps{Catalog: texts, Now: time.Now})
	people := accounts.Deps{
		Text: texts.Text, Now: time.Now,
		Language:  guide.Language,
		Timezone:  func(info *core.RequestInfo) string { return guide.Zone(info).String() },
		Recipient: guide.Recipient,
		Queue:     queue,
	}
	outbox.Register(app, queue)
	limits.Bind(app, limits.Deps{Now: time.Now})
	audit.Bind(app, audit.Deps{Now: time.Now})
	accounts.Bind(app, people)
	catalogue.Bind(app, catalogue.Deps{Text: texts.Text, Language: guide.Language, Now: time.Now})
	tell := notices.Bind(app, notices.Deps{
		Text: texts.Text, Recipient: guide.Recipient, Listening: accounts.Listening, Push: meter.Pusher(sender), Queue: queue, Now: time.Now,
	})
	ofSystem := func(tx core.App, user *core.Record, key string, words map[string]any) error {
		return tell(tx, notices.Notice{User: user, Kind: schema.KindSystem, Key: key, Data: words})
	}
	certificates.Bind(app, certificates.Deps{
		Status: keeper.Status, Text: texts.Text, Recipient: guide.Recipient, Notify: ofSystem, Now: time.Now,
	})
	storage.Bind(app, storage.Deps{Queue: queue})
	imports.Bind(app)
	previews.Bind(app, previews.Deps{Previewer: meter.Previewer(previewer), Queue: queue})
	telemetry.Bind(app, telemetry.Deps{DSN: settings.SentryDSN, Traces: settings.SentryTraces, Version: version, Queue: queue, Now: time.Now})
	work := server.Deps{
		Certificates: keeper, Config: settings, Version: version, EnsureSuperuser: accounts.EnsureSuperuser, SetupPath: accounts.SetupPath,
		Start: func() error {
			routine.FireAndForget(func() { warm(app, previewer) })
			return queue.Start()
		},
		Stop: func() { queue.Stop(); previewer.Close() },
	}
	server.Bind(app, work)
	apidocs.Bind(app, apidocs.Deps{Version: version, Site: site})
	web.Bind(app, site)
	return work, people, nil
}
