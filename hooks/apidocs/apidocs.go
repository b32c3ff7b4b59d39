// Package apidocs describes the API to those who write programs for it: an
// OpenAPI 3.1 document made from the live collections, their rules and our own
// routes, and a page to read it and to try calls.
package apidocs

import (
	"io/fs"
	"sync"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
)

// Deps is what the room needs from others.
type Deps struct {
	// Version is the program's.
	Version string
	// Site is the built web app: it holds the page, unless it was not built.
	Site fs.FS
}

type room struct {
	Deps
	mu    sync.Mutex
	ready *rendered // nil: to be made when it is next asked for
}

// Bind furnishes the room.
func Bind(app core.App, d Deps) {
	r := &room{Deps: d}
	app.OnCollectionAfterCreateSuccess().Bind(on("forgetNew", r.forget))
	app.OnCollectionAfterUpdateSuccess().Bind(on("forgetChanged", r.forget))
	app.OnCollectionAfterDeleteSuccess().Bind(on("forgetDeleted", r.forget))
	app.OnServe().Bind(on("serve", func(e *core.ServeEvent) error {
		e.Router.Group("/api/library").GET("/openapi.json", r.document).Bind(apis.Gzip())
		e.Router.GET("/api/docs", r.page)
		return e.Next()
	}))
}

// forget has the document be made anew: a collection has changed.
func (r *room) forget(e *core.CollectionEvent) error {
	r.mu.Lock()
	r.ready = nil
	r.mu.Unlock()
	return e.Next()
}

func on[T hook.Resolver](act string, f func(T) error) *hook.Handler[T] {
	return &hook.Handler[T]{Id: "onlibrary.apidocs." + act, Func: f}
}
