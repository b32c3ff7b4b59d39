package metrics

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"golang.org/x/sync/singleflight"

	"onlibrary/internal/disk"
)

const (
	checkWithin = 3 * time.Second
	hangWithin  = 15 * time.Second // longer than SQLite waits for a lock
	checkEvery  = time.Second
	leastFree   = 64 << 20 // bytes; what the database's log alone may grow to
)

var errLate = errors.New("no answer in time")

// live answers while the process does.
func (r *room) live(e *core.RequestEvent) error {
	e.Response.Header().Set("Cache-Control", "no-store")
	return e.JSON(http.StatusOK, map[string]string{"status": "alive"})
}

// ready answers 503 while requests are better sent elsewhere, and says by name
// which checks fail. Why stands in the log.
func (r *room) ready(e *core.RequestEvent) error {
	e.Response.Header().Set("Cache-Control", "no-store")
	failing := r.health.failing()
	if len(failing) == 0 {
		return e.JSON(http.StatusOK, map[string]string{"status": "ready"})
	}
	return e.JSON(http.StatusServiceUnavailable, map[string]any{"status": "unready", "failing": failing})
}

// health is whether the library is ready.
type health struct {
	app      core.App
	checks   map[string]func(context.Context) error
	every    time.Duration // at most, however often it is asked
	least    uint64        // bytes of the disk that are wanted free
	stopping atomic.Bool
	flight   singleflight.Group

	mu   sync.Mutex
	at   time.Time
	last []string // names of the checks that failed then
}

func newHealth(app core.App, q Queue) *health {
	h := &health{app: app, every: checkEvery, least: leastFree}
	h.checks = map[string]func(context.Context) error{
		"database":   h.writable,
		"migrations": h.migrated,
		"disk":       h.roomy,
		"queue": func(context.Context) error {
			if !q.Working() {
				return errors.New("jobs are not worked off")
			}
			return nil
		},
	}
	return h
}

// failing returns the names of the checks that fail, in order.
func (h *health) failing() []string {
	if h.stopping.Load() {
		return []string{"stopping"}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.at) < h.every {
		return h.last
	}
	patience := time.NewTimer(checkWithin)
	defer patience.Stop()
	names := slices.Sorted(maps.Keys(h.checks))
	results := make([]<-chan singleflight.Result, len(names))
	for i, name := range names {
		// One that hangs, as SQLite does behind a lock, is not begun anew for the
		// next who asks, but waited for.
		results[i] = h.flight.DoChan(name, func() (any, error) {
			ctx, cancel := context.WithTimeout(context.Background(), hangWithin)
			defer cancel()
			return nil, h.checks[name](ctx)
		})
	}
	failing, errs := []string{}, []error{}
	late := false
	for i, name := range names {
		if err := await(results[i], patience.C, &late); err != nil {
			failing, errs = append(failing, name), append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	h.tell(failing, errors.Join(errs...))
	h.at, h.last = time.Now(), failing
	return failing
}

// await returns a check's error once it is done, or errLate once patience is at
// its end.
func await(result <-chan singleflight.Result, patience <-chan time.Time, late *bool) error {
	if !*late {
		select {
		case r := <-result:
			return r.Err
		case <-patience:
			*late = true
		}
	}
	select {
	case r := <-result:
		return r.Err
	default:
		return errLate
	}
}

// tell logs a change.
func (h *health) tell(failing []string, why error) {
	switch {
	case slices.Equal(failing, h.last):
	case len(failing) > 0:
		h.app.Logger().Warn("not ready", "checks", failing, "error", why)
	default:
		h.app.Logger().Info("ready again")
	}
}

// writable takes the database's lock for writing, and gives it back.
func (h *health) writable(ctx context.Context) error {
	db, ok := h.app.NonconcurrentDB().(*dbx.DB)
	if !ok {
		return errors.New("the database is closed")
	}
	c, err := db.DB().Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.ExecContext(ctx, "BEGIN IMMEDIATE")
	if err == nil {
		_, err = c.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	}
	if err != nil {
		// Nobody is to get a connection that may be in a transaction.
		return errors.Join(err, ignoreBad(c.Raw(func(any) error { return driver.ErrBadConn })))
	}
	return nil
}

func ignoreBad(err error) error {
	if errors.Is(err, driver.ErrBadConn) {
		return nil
	}
	return err
}

// migrated looks for every migration of this program in the database.
func (h *health) migrated(ctx context.Context) error {
	var applied []string
	err := h.app.ConcurrentDB().Select("file").From(core.DefaultMigrationsTable).WithContext(ctx).Column(&applied)
	if err != nil {
		return err
	}
	for _, m := range core.AppMigrations.Items() {
		if !slices.Contains(applied, m.File) {
			return fmt.Errorf("%s is not applied", m.File)
		}
	}
	return nil
}

// roomy looks for room on the data folder's disk.
func (h *health) roomy(context.Context) error {
	space, err := disk.Of(h.app.DataDir())
	if err != nil {
		return err
	}
	if space.Free < h.least {
		return fmt.Errorf("%d MB are free, %d are wanted", space.Free>>20, h.least>>20)
	}
	return nil
}
