package metrics

import (
	"database/sql"
	"math"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
)

// failing asks whether the library is ready; nil where it is.
func (h *house) failing(t *testing.T) any {
	t.Helper()
	a := h.Do(t, nil, "GET", "/readyz", nil)
	if (a.Status == 200) != (a.At("failing") == nil) || a.Status != 200 && a.Status != 503 {
		t.Errorf("%d %s", a.Status, a.Raw)
	}
	if head := h.Do(t, nil, "HEAD", "/readyz", nil); head.Status != a.Status || len(head.Raw) != 0 {
		t.Errorf("HEAD: %d %s", head.Status, head.Raw)
	}
	if live := h.Do(t, nil, "HEAD", "/livez", nil); live.Status != 200 {
		t.Errorf("/livez: %d", live.Status)
	}
	return a.At("failing")
}

// Each fault is named while it lasts, and the process is alive all the while.
func TestReady(t *testing.T) {
	h := serve(t)
	check := func(what string, want ...any) {
		t.Helper()
		var all any
		if len(want) > 0 {
			all = want
		}
		if diff := cmp.Diff(all, h.failing(t)); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	check("at first")

	other, err := sql.Open("sqlite", filepath.Join(h.app.DataDir(), "data.db")+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	check("another program writes and writes", "database")
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	check("it has ended")

	h.room.health.least = math.MaxUint64
	check("no room", "disk")
	h.room.health.least = 1

	var last string
	if err := h.app.DB().Select("file").From("_migrations").Where(dbx.NewExp("file LIKE '17640000%'")).OrderBy("file DESC").Row(&last); err != nil {
		t.Fatal(err)
	}
	set := func(file, to string) {
		t.Helper()
		if _, err := h.app.DB().Update("_migrations", dbx.Params{"file": to}, dbx.HashExp{"file": file}).Execute(); err != nil {
			t.Fatal(err)
		}
	}
	set(last, "gone")
	check("a migration was taken back", "migrations")
	set("gone", last)

	h.queue.Stop()
	h.room.health.least = math.MaxUint64
	check("two faults", "disk", "queue")
	h.room.health.least = 1
	check("no work is done", "queue")
	if err := h.queue.Start(); err != nil {
		t.Fatal(err)
	}
	check("all is well again")
	if got := value(h.scrape(t), "onlibrary_ready"); got != 1 {
		t.Errorf("onlibrary_ready: %v", got)
	}

	if err := h.app.OnTerminate().Trigger(&core.TerminateEvent{App: h.app}, func(*core.TerminateEvent) error {
		check("while it stops", "stopping")
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// The questions of a machine, however many, cost one look a second.
func TestReadyIsAskedOften(t *testing.T) {
	h := serve(t)
	h.room.health.every = checkEvery * 1000
	if h.failing(t) != nil {
		t.Fatal("not ready at first")
	}
	h.queue.Stop()
	if h.failing(t) != nil {
		t.Error("looked again at once")
	}
}
