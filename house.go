package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/routine"

	"onlibrary/hooks/accounts"
	"onlibrary/hooks/apidocs"
	"onlibrary/hooks/audit"
	"onlibrary/hooks/backups"
	"onlibrary/hooks/catalogue"
	"onlibrary/hooks/certificates"
	"onlibrary/hooks/doctor"
	"onlibrary/hooks/imports"
	"onlibrary/hooks/limits"
	"onlibrary/hooks/locale"
	"onlibrary/hooks/metrics"
	"onlibrary/hooks/notices"
	"onlibrary/hooks/previews"
	"onlibrary/hooks/server"
	"onlibrary/hooks/storage"
	"onlibrary/hooks/telemetry"
	"onlibrary/hooks/upgrade"
	"onlibrary/hooks/web"
	"onlibrary/internal/certs"
	"onlibrary/internal/config"
	"onlibrary/internal/jobs"
	"onlibrary/internal/media"
	"onlibrary/internal/outbox"
	"onlibrary/internal/push"
	"onlibrary/internal/schema"
	"onlibrary/internal/translate"
	"onlibrary/locales"
	_ "onlibrary/pb_migrations"
	"onlibrary/ui"
)

// house is what the commands need of the rooms that have some.
type house struct {
	server   server.Deps
	accounts accounts.Deps
	backups  backups.Deps
	doctor   doctor.Deps
}

// bind furnishes every room of the house and wires what one needs of another.
func bind(app core.App, settings config.Config) (house, error) {
	texts, err := translate.Load(locales.FS)
	if err != nil {
		return house{}, err
	}
	site, err := fs.Sub(ui.DistFS, "dist")
	if err != nil {
		return house{}, err
	}
	sender, pushes := pusher(settings)
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
	safety := backups.Deps{
		DataDir: settings.DataDir, Version: version, Spool: server.Spool(settings.DataDir), Keep: slices.Concat(server.Apart(), upgrade.Apart(), doctor.Apart()),
		Recipients: settings.BackupRecipients, Identity: settings.BackupIdentity, Bucket: settings.BackupBucket, EncryptionEnv: config.EncryptionKeyEnv,
		Text: texts.Text, Recipient: guide.Recipient, Now: time.Now,
		Notify: ofSystem,
	}
	backups.Bind(app, safety)
	certificates.Bind(app, certificates.Deps{
		Status: keeper.Status, Text: texts.Text, Recipient: guide.Recipient, Notify: ofSystem, Now: time.Now,
	})
	storage.Bind(app, storage.Deps{Queue: queue})
	imports.Bind(app)
	previews.Bind(app, previews.Deps{Previewer: meter.Previewer(previewer), Queue: queue})
	telemetry.Bind(app, telemetry.Deps{DSN: settings.SentryDSN, Traces: settings.SentryTraces, Version: version, Queue: queue, Now: time.Now})
	work := server.Deps{
		Config: settings, Version: version, Certificates: keeper, EnsureSuperuser: accounts.EnsureSuperuser, SetupPath: accounts.SetupPath,
		Start: func() error {
			if sender == nil && pushes != nil {
				return pushes(context.Background())
			}
			routine.FireAndForget(func() { warm(app, previewer) })
			return queue.Start()
		},
		Stop: func() { queue.Stop(); previewer.Close() },
	}
	server.Bind(app, work)
	health := doctor.Deps{
		Config: settings, Version: version, Held: server.Held, Certificates: keeper, Push: pushes, Strays: catalogue.Strays,
		Sandbox: previewer.Sandbox, Restorable: backups.Restorable, Now: time.Now,
	}
	doctor.Bind(app, health)
	apidocs.Bind(app, apidocs.Deps{Version: version, Site: site})
	web.Bind(app, site)
	return house{work, people, safety, health}, nil
}

// warm has the first PDF not wait for PDFium to be compiled.
func warm(app core.App, p *media.Previewer) {
	// A stop ends it early.
	if err := p.Warm(context.Background()); err != nil && !errors.Is(err, context.Canceled) {
		app.Logger().Warn("prepare previews of PDF files", "error", err)
	}
}

// pusher sends push messages, and check asks whether they are taken: both nil
// where the settings name no credentials. Bad ones are check's to tell.
func pusher(settings config.Config) (sender notices.Pusher, check func(context.Context) error) {
	if settings.FCMCredentials == "" {
		return nil, nil
	}
	s, err := push.Open(settings.FCMCredentials, settings.FCMEndpoint)
	if err != nil {
		err = fmt.Errorf("%sFCM_CREDENTIALS: %w", config.Prefix, err)
		return nil, func(context.Context) error { return err }
	}
	return s, s.Check
}
