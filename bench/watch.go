package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/hooks/accounts"
	"onlibrary/hooks/catalogue"
	"onlibrary/hooks/limits"
	"onlibrary/hooks/locale"
	"onlibrary/hooks/metrics"
	rooms "onlibrary/hooks/server"
	"onlibrary/internal/config"
	"onlibrary/internal/filter"
	"onlibrary/internal/jobs"
	"onlibrary/internal/logs"
	"onlibrary/internal/rules"
	"onlibrary/internal/schema"
	"onlibrary/internal/translate"
	"onlibrary/locales"
)

// watched asks for the same list with the room of the metrics and its log, and
// without them, by turns, and then reads the metrics.
func watched(b *bench) (figures []figure, err error) {
	if err := b.fill(); err != nil {
		return nil, err
	}
	rules.Register()
	filter.Register()
	var asks []func() error
	var base string
	for _, with := range []bool{true, false} {
		s, token, stop, err := b.lister(with)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, stop()) }()
		if with {
			base = s.base
		}
		asks = append(asks, func() error {
			_, err := s.getAs(token, "/api/collections/documents/records?"+query(map[string]string{"sort": "-created,-id", "skipTotal": "1"}))
			return err
		})
	}
	took, err := inTurns(100, 10*b.rounds, asks...)
	if err != nil {
		return nil, err
	}
	figures = append(figures, shown(figure{
		What: "30 of 100,000, with metrics and log", Data: describe(few), Unit: "ms",
		Ours: took[0], Rival: "without", Theirs: took[1], Times: 1.05,
	}))
	scraper := &server{base: base, client: http.DefaultClient}
	took, err = inTurns(warmUp, b.rounds, func() error { _, err := scraper.get("/metrics"); return err })
	if err != nil {
		return figures, err
	}
	return append(figures, shown(figure{What: "/metrics", Data: "100,000 documents", Unit: "ms", Ours: took[0], Most: 50})), nil
}

// lister serves the library of the lists in this process, and returns the token
// of who asks.
func (b *bench) lister(watches bool) (s *server, token string, stop func() error, err error) {
	texts, err := translate.Load(locales.FS)
	if err != nil {
		return nil, "", nil, err
	}
	file, err := os.Create(filepath.Join(b.dir, "log"))
	if err != nil {
		return nil, "", nil, err
	}
	app := rooms.NewApp(config.Config{DataDir: b.libraryDir(few)})
	queue := jobs.New(app)
	if watches {
		log := logs.New(file, logs.Options{})
		logs.Tee(app, log)
		metrics.Bind(app, metrics.Deps{Log: log, Trusts: netip.Addr.IsLoopback, Queue: queue, Now: time.Now})
	}
	guide := locale.Bind(app, locale.Deps{Catalog: texts, Now: time.Now})
	limits.Bind(app, limits.Deps{Now: time.Now})
	accounts.Bind(app, accounts.Deps{
		Text: texts.Text, Now: time.Now, Language: guide.Language, Recipient: guide.Recipient, Queue: queue,
		Timezone: func(info *core.RequestInfo) string { return guide.Zone(info).String() },
	})
	catalogue.Bind(app, catalogue.Deps{Text: texts.Text, Language: guide.Language, Now: time.Now})
	if err := app.Bootstrap(); err != nil {
		return nil, "", nil, err
	}
	if err := app.RunAllMigrations(); err != nil { // data of an earlier run may be older
		return nil, "", nil, err
	}
	app.Settings().RateLimits.Enabled = false
	patron, err := app.FindFirstRecordByData(schema.Users, "username", asker)
	if err != nil {
		return nil, "", nil, err
	}
	if token, err = patron.NewAuthToken(); err != nil {
		return nil, "", nil, err
	}
	router, err := apis.NewRouter(app)
	if err != nil {
		return nil, "", nil, err
	}
	var served *httptest.Server
	err = app.OnServe().Trigger(&core.ServeEvent{App: app, Router: router, Server: &http.Server{}}, func(e *core.ServeEvent) error {
		mux, err := e.Router.BuildMux()
		served = httptest.NewServer(mux)
		return err
	})
	if err != nil {
		return nil, "", nil, err
	}
	return &server{base: served.URL, client: served.Client()}, token, func() error {
		served.Close()
		return errors.Join(app.ClearBootstrap(), file.Close())
	}, nil
}
