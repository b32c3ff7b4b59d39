package limits

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"onlibrary/internal/reply"
)

// countFailures refuses the sign-ins of an account on which too many have
// failed of late. The tries of one account take turns: else a thousand at once
// would all begin before the first has failed.
func (r *room) countFailures(e *core.RecordAuthWithPasswordRequestEvent) error {
	key := accountKey(e)
	leave, err := r.turns.enter(e.Request.Context(), key)
	if err != nil {
		return err
	}
	defer leave()
	// The name counts for an account, too: else a second spelling of it, which
	// finds the account no more, would tell whether there is one.
	keys := []string{key, nameKey(e)}
	now := r.Now()
	if wait := max(r.failures.Wait(keys[0], now), r.failures.Wait(keys[1], now)); wait > 0 {
		return reply.Later(e.Response.Header(), wait, "too_many_tries")
	}
	err = e.Next()
	var refusal *router.ApiError
	switch {
	case err == nil:
		for _, key := range keys {
			r.failures.Forget(key)
		}
	case errors.As(err, &refusal) && refusal.Status == http.StatusBadRequest:
		for _, key := range slices.Compact(keys) {
			r.failures.Note(key, r.Now())
		}
	}
	return err
}

// accountKey is the same for an account's address and its username; a name that
// has no account stands for itself.
func accountKey(e *core.RecordAuthWithPasswordRequestEvent) string {
	if e.Record != nil {
		return e.Collection.Id + "/id/" + e.Record.Id
	}
	return nameKey(e)
}

// nameKey is the same for every form and case of a name.
func nameKey(e *core.RecordAuthWithPasswordRequestEvent) string {
	identity := norm.NFKC.String(cases.Fold().String(norm.NFKC.String(strings.TrimSpace(e.Identity))))
	return e.Collection.Id + "/name/" + identity
}

// turns lets one in at a time by key. Its zero value is ready, and it keeps
// nothing of a key that nobody waits for.
type turns struct {
	mu      sync.Mutex
	waiting map[string]*turn
}

type turn struct {
	free  chan struct{} // holds one token while nobody is in
	users int
}

// enter waits for its turn, or until ctx is done. Who is let in must leave.
func (t *turns) enter(ctx context.Context, key string) (leave func(), err error) {
	t.mu.Lock()
	if t.waiting == nil {
		t.waiting = map[string]*turn{}
	}
	own := t.waiting[key]
	if own == nil {
		own = &turn{free: make(chan struct{}, 1)}
		own.free <- struct{}{}
		t.waiting[key] = own
	}
	own.users++
	t.mu.Unlock()

	forget := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if own.users--; own.users == 0 {
			delete(t.waiting, key)
		}
	}
	select {
	case <-own.free:
		return func() { own.free <- struct{}{}; forget() }, nil
	case <-ctx.Done():
		forget()
		return nil, ctx.Err()
	}
}
