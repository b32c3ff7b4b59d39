package notices

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
)

func logTo(queries *[]string) dbx.QueryLogFunc {
	return func(_ context.Context, _ time.Duration, query string, _ *sql.Rows, _ error) {
		*queries = append(*queries, query)
	}
}

// The server looks when it starts and when the settings are saved, and no more
// once it ends.
func TestServerLooksAtItsStartAndWhenSettingsChange(t *testing.T) {
	h := openIn(t, "America/Sao_Paulo", "10:00")
	h.setClock(instant(t, "2026-11-24T12:00:00Z"))
	h.expiring(t, "2026-11-23", 0)
	h.OnServe().UnbindAll()
	newRoom(h.deps).bindExpiry(h)
	if err := h.OnServe().Trigger(&core.ServeEvent{App: h}); err != nil {
		t.Fatal(err)
	}
	await := func(count int) {
		t.Helper()
		for end := time.Now().Add(15 * time.Second); len(h.alerts(t)) < count; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d alerts, want %d", len(h.alerts(t)), count)
			}
		}
	}
	await(1)
	h.expiring(t, "2026-11-24", 0)
	h.setAlertTime(t, "09:00")
	await(2)
	if err := h.OnTerminate().Trigger(&core.TerminateEvent{App: h}); err != nil { // it waits for the look to end
		t.Fatal(err)
	}
	h.setClock(instant(t, "2026-11-25T12:00:00Z"))
	h.expiring(t, "2026-11-25", 0)
	h.setAlertTime(t, "08:00")
	if n := len(h.alerts(t)); n != 2 {
		t.Errorf("%d alerts after the end", n)
	}
}
