package locale

import (
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
)

// fresh is how long the library's defaults are believed: a command beside the
// server may change them without the server hearing of it.
const fresh = 3 * time.Second

// library remembers what almost every request asks of the library's record.
type library struct {
	app     core.App
	current atomic.Pointer[defaults]
	reading sync.Mutex
}

type defaults struct {
	Language string `db:"defaultLanguage"`
	Zone     string `db:"defaultTimezone"`

	read time.Time
}

// defaults returns the library's language and zone, at most some seconds old.
// Only one caller reads them anew: the others go on with the old ones rather
// than wait, since they may hold a connection that the reader needs.
func (l *library) defaults() defaults {
	d := l.current.Load()
	if d != nil {
		if time.Since(d.read) < fresh || !l.reading.TryLock() {
			return *d
		}
		defer l.reading.Unlock()
	}
	next := defaults{read: time.Now()}
	err := l.app.ConcurrentDB().Select("defaultLanguage", "defaultTimezone").From(schema.Library).Limit(1).One(&next)
	if err != nil {
		if !errors.Is(err, sql.ErrNoRows) {
			l.app.Logger().Error("reading the library's defaults", "error", err)
		}
		if d != nil {
			next.Language, next.Zone = d.Language, d.Zone
		}
	}
	l.current.Store(&next)
	return next
}

// rememberLibrary takes over the library's defaults as they are saved.
func (r *room) rememberLibrary(e *core.RecordEvent) error {
	r.library.current.Store(&defaults{
		Language: e.Record.GetString("defaultLanguage"),
		Zone:     e.Record.GetString("defaultTimezone"),
		read:     time.Now(),
	})
	return e.Next()
}
