package locale

import (
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/civil"
	"onlibrary/internal/translate"
)

// maxZones bounds the remembered zones: the database has some 600 names, but
// where file names have no case each has many spellings.
const maxZones = 2000

// Guide tells the language and the time zone of a request. It is safe for
// concurrent use.
type Guide struct {
	catalog *translate.Catalog
	library *library

	mu    sync.RWMutex
	zones map[string]*time.Location
}

func newGuide(app core.App, catalog *translate.Catalog) *Guide {
	return &Guide{catalog: catalog, library: &library{app: app}, zones: map[string]*time.Location{}}
}

// Language is the language of a request: what Accept-Language names of those
// there are, else the patron's own, else the library's.
func (g *Guide) Language(info *core.RequestInfo) string {
	return g.language(info.Headers["accept_language"], info.Auth)
}

// EventLanguage is Language of a request that is being served.
func (g *Guide) EventLanguage(e *core.RequestEvent) string {
	return g.language(e.Request.Header.Get("Accept-Language"), e.Auth)
}

// Zone is the time zone of a request: its timezone parameter, else its
// X-Timezone header, else the patron's own, else the library's.
func (g *Guide) Zone(info *core.RequestInfo) *time.Location {
	return g.zone(givenZone(info), info.Auth)
}

// Recipient is the language and the time zone in which user is written to; the
// library's where the user has none or is nil.
func (g *Guide) Recipient(user *core.Record) (language string, zone *time.Location) {
	return g.language("", user), g.zone("", user)
}

func (g *Guide) language(acceptLanguage string, auth *core.Record) string {
	if lang, ok := g.catalog.Match(acceptLanguage); ok {
		return lang
	}
	if auth != nil {
		if lang := auth.GetString("language"); g.catalog.Known(lang) {
			return lang
		}
	}
	if lang := g.library.defaults().Language; g.catalog.Known(lang) {
		return lang
	}
	return translate.English
}

func (g *Guide) zone(given string, auth *core.Record) *time.Location {
	names := make([]string, 0, 3)
	names = append(names, given)
	if auth != nil {
		names = append(names, auth.GetString("timezone"))
	}
	for _, name := range names {
		if zone, ok := g.loadZone(name); ok {
			return zone
		}
	}
	if zone, ok := g.loadZone(g.library.defaults().Zone); ok {
		return zone
	}
	return time.UTC
}

// loadZone is civil.LoadZone that remembers what it found.
func (g *Guide) loadZone(name string) (*time.Location, bool) {
	if name == "" {
		return nil, false
	}
	g.mu.RLock()
	zone := g.zones[name]
	g.mu.RUnlock()
	if zone != nil {
		return zone, true
	}
	zone, err := civil.LoadZone(name)
	if err != nil {
		return nil, false
	}
	g.mu.Lock()
	if len(g.zones) >= maxZones {
		clear(g.zones)
	}
	g.zones[name] = zone
	g.mu.Unlock()
	return zone, true
}
