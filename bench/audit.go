package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	"onlibrary/hooks/accounts"
	"onlibrary/hooks/audit"
	"onlibrary/hooks/catalogue"
	"onlibrary/hooks/limits"
	"onlibrary/hooks/locale"
	room "onlibrary/hooks/notices"
	rooms "onlibrary/hooks/server"
	"onlibrary/internal/config"
	"onlibrary/internal/jobs"
	"onlibrary/internal/rules"
	"onlibrary/internal/schema"
	"onlibrary/internal/translate"
	"onlibrary/locales"
	_ "onlibrary/pb_migrations" // the database that is written to
)

// audited changes a document, and a category, which is the cheapest record to
// write, over and over with the room of the audit and without it, by turns.
func audited(b *bench) (figures []figure, err error) {
	rules.Register()
	var writes []func(record string, i int) error
	for _, with := range []bool{true, false} {
		write, stop, err := b.writer(with)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, stop()) }()
		writes = append(writes, write)
	}
	turn := 0
	for _, record := range []string{schema.Documents, schema.Categories} {
		acts := make([]func() error, len(writes))
		for i, write := range writes {
			acts[i] = func() error { turn++; return write(record, turn) }
		}
		took, err := inTurns(50, 5*b.rounds, acts...)
		if err != nil {
			return nil, err
		}
		figures = append(figures, shown(figure{
			What: "PATCH of one of the " + record + ": median", Data: fmt.Sprintf("%d by turns", 5*b.rounds), Unit: "ms",
			Ours: took[0], Rival: "without audit", Theirs: took[1], Times: 1.15,
		}))
	}
	return figures, nil
}

// writer serves a fresh library in this process, and returns what changes the
// one record of a collection as a librarian does.
func (b *bench) writer(audits bool) (write func(collection string, i int) error, stop func() error, err error) {
	texts, err := translate.Load(locales.FS)
	if err != nil {
		return nil, nil, err
	}
	app := rooms.NewApp(config.Config{DataDir: filepath.Join(b.dir, fmt.Sprint("audit-", audits))})
	guide := locale.Bind(app, locale.Deps{Catalog: texts, Now: time.Now})
	limits.Bind(app, limits.Deps{Now: time.Now})
	queue := jobs.New(app)
	accounts.Bind(app, accounts.Deps{
		Text: texts.Text, Now: time.Now, Language: guide.Language, Recipient: guide.Recipient, Queue: queue,
		Timezone: func(info *core.RequestInfo) string { return guide.Zone(info).String() },
	})
	room.Bind(app, room.Deps{Text: texts.Text, Recipient: guide.Recipient, Listening: accounts.Listening, Queue: queue, Now: time.Now})
	catalogue.Bind(app, catalogue.Deps{Text: texts.Text, Language: guide.Language, Now: time.Now})
	if audits {
		audit.Bind(app, audit.Deps{Now: time.Now})
	}
	if err := app.Bootstrap(); err != nil {
		return nil, nil, err
	}
	if err := app.RunAllMigrations(); err != nil {
		return nil, nil, err
	}
	app.Settings().RateLimits.Enabled = false
	ids, token, err := shelve(app)
	if err != nil {
		return nil, nil, err
	}
	router, err := apis.NewRouter(app)
	if err != nil {
		return nil, nil, err
	}
	var served *httptest.Server
	err = app.OnServe().Trigger(&core.ServeEvent{App: app, Router: router, Server: &http.Server{}}, func(e *core.ServeEvent) error {
		mux, err := e.Router.BuildMux()
		served = httptest.NewServer(mux)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	s := &server{base: served.URL, client: served.Client()}
	write = func(collection string, i int) error {
		request, err := http.NewRequest(http.MethodPatch, s.base+"/api/collections/"+collection+"/records/"+ids[collection],
			strings.NewReader(fmt.Sprintf(`{"name":"Name %d","title":"Title %[1]d"}`, i)))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", token)
		_, err = s.do(request)
		return err
	}
	return write, func() error { served.Close(); return app.ClearBootstrap() }, nil
}

// shelve makes a document, a category and a librarian, and returns the ids of
// the first two by collection and the librarian's token.
func shelve(app core.App) (ids map[string]string, token string, err error) {
	ids = map[string]string{}
	save := func(collection string, values map[string]any) (*core.Record, error) {
		c, err := app.FindCollectionByNameOrId(collection)
		if err != nil {
			return nil, err
		}
		record := core.NewRecord(c)
		record.Load(values)
		err = app.Save(record)
		ids[collection] = record.Id
		return record, err
	}
	librarian, err := save(schema.Users, map[string]any{
		"username": "librarian", "usernameKey": "librarian", "email": "librarian@example.org", "name": "Librarian",
		"role": schema.RoleLibrarian, "state": schema.StateActive, "verified": true, "password": password,
	})
	if err != nil {
		return nil, "", err
	}
	if _, err := save(schema.Categories, map[string]any{"code": "one", "name": "One"}); err != nil {
		return nil, "", err
	}
	file, err := filesystem.NewFileFromBytes([]byte("One.\n"), "one.txt")
	if err != nil {
		return nil, "", err
	}
	if _, err := save(schema.Documents, map[string]any{"code": "one", "owner": librarian.Id, "visibility": schema.VisibilityMembers, "file": file}); err != nil {
		return nil, "", err
	}
	token, err = librarian.NewAuthToken()
	return ids, token, err
}
