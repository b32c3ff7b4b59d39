package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/routine"
	"github.com/pocketbase/pocketbase/tools/types"

	"onlibrary/internal/schema"
)

// Worker does the jobs of one kind.
type Worker interface {
	// Do runs the job. A nil error means done. After an error that Retry or
	// Down made the job is tried again as its kind's policy says; any other
	// error is final. Do returns soon after ctx ends.
	Do(ctx context.Context, j *Job) error
	// GiveUp is told of a job that is dead, so that what waits for it can end.
	// While it fails, the job is not dead and GiveUp is told again.
	GiveUp(ctx context.Context, j *Job, cause error) error
}

const (
	poll      = 30 * time.Second // for jobs whose time comes without a wake
	soonest   = 100 * time.Millisecond
	keep      = 30 * 24 * time.Hour
	tidyEvery = 6 * time.Hour
)

// Queue works off jobs. Register workers before Start.
type Queue struct {
	app   core.App
	log   func() *slog.Logger
	now   func() time.Time
	kinds []*kind
	dead  func(*Job, error)
	ran   func(kind string, end End, took time.Duration)
	lanes atomic.Int32 // that work
	stop  context.CancelFunc
	done  sync.WaitGroup
}

type kind struct {
	name   string
	lanes  int
	policy Policy
	worker Worker
	wake   chan struct{}
	rest   rest
}

// New returns a queue on app's database.
func New(app core.App) *Queue {
	return &Queue{app: app, log: app.Logger, now: time.Now, dead: func(*Job, error) {}, ran: func(string, End, time.Duration) {}, stop: func() {}}
}

// Register has worker do the jobs of the named kind, at most lanes at a time.
// What goes out of the house and is killed on its way goes out again: up to one
// job a lane.
func (q *Queue) Register(name string, lanes int, p Policy, worker Worker) {
	q.kinds = append(q.kinds, &kind{name: name, lanes: lanes, policy: p, worker: worker, wake: make(chan struct{}, lanes)})
}

// OnDead has tell hear of every job that is dead and why. Call it before Start.
func (q *Queue) OnDead(tell func(j *Job, cause error)) { q.dead = tell }

// OnRun has tell hear of every run of a job: its kind, how it ended and how long
// it took. Call it before Start.
func (q *Queue) OnRun(tell func(kind string, end End, took time.Duration)) { q.ran = tell }

// Kinds returns the kinds of jobs that have a worker, in the order of their
// registration.
func (q *Queue) Kinds() []string {
	kinds := make([]string, len(q.kinds))
	for i, k := range q.kinds {
		kinds[i] = k.name
	}
	return kinds
}

// Working tells whether every lane works: from Start until Stop.
func (q *Queue) Working() bool {
	want := 0
	for _, k := range q.kinds {
		want += k.lanes
	}
	return want > 0 && int(q.lanes.Load()) == want
}

// Wake says that a job of the named kind was committed; Enqueue does so itself.
func (q *Queue) Wake(name string) {
	for _, k := range q.kinds {
		if k.name != name {
			continue
		}
		select {
		case k.wake <- struct{}{}:
		default: // every lane has been told already
		}
	}
}

// Start takes up what an earlier process left and works until Stop. Only one
// process may work on a database.
func (q *Queue) Start() error {
	for _, k := range q.kinds {
		if err := recoverRunning(q.app, k, q.now()); err != nil {
			return fmt.Errorf("recover jobs: %w", err)
		}
	}
	q.app.Store().Set(storeKey, q)
	ctx, cancel := context.WithCancel(context.Background())
	q.stop = cancel
	for _, k := range q.kinds {
		for range k.lanes {
			q.lanes.Add(1)
			q.done.Go(func() {
				defer q.lanes.Add(-1)
				q.lane(ctx, k)
			})
		}
	}
	q.done.Go(func() { q.tidy(ctx) })
	return nil
}

// storeKey is where an app keeps the queue that works on it.
const storeKey = "onlibrary.jobs.queue"

// wakeAfter wakes the queue of app, if one works here, once the transaction
// that app may be has been committed.
func wakeAfter(app core.App, name string) {
	q, ok := app.Store().Get(storeKey).(*Queue)
	if !ok {
		return
	}
	tx := app.TxInfo()
	if tx == nil {
		q.Wake(name)
		return
	}
	tx.OnComplete(func(err error) error {
		if err == nil {
			q.Wake(name)
		}
		return nil
	})
}

// Stop ends running jobs, which go back to the queue, and waits for them.
func (q *Queue) Stop() {
	q.stop()
	q.done.Wait()
}

func (q *Queue) lane(ctx context.Context, k *kind) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.wake:
		case <-timer.C:
		}
		wait := poll
		err := routine.SafeWrap(func() (err error) { wait, err = q.workOff(ctx, k); return err })()
		if err != nil && ctx.Err() == nil {
			q.log().Error("work off jobs", "kind", k.name, "error", err)
			wait = time.Second
		}
		timer.Reset(wait)
	}
}

// workOff does jobs until none is due and tells when the next one may be.
func (q *Queue) workOff(ctx context.Context, k *kind) (time.Duration, error) {
	for ctx.Err() == nil {
		if left := k.rest.left(q.now()); left > 0 {
			return left, nil
		}
		j, err := claim(q.app, k.name, q.now())
		if err != nil {
			return 0, err
		}
		if j == nil {
			break
		}
		q.run(ctx, k, j)
	}
	return q.next(k.name)
}

// next is how long to sleep until a job of that kind may be due.
func (q *Queue) next(name string) (time.Duration, error) {
	var due []types.DateTime
	err := q.app.ConcurrentDB().Select("runAt").From(schema.Jobs).
		Where(dbx.HashExp{"state": schema.JobQueued, "kind": name}).OrderBy("runAt").Limit(1).Column(&due)
	if err != nil || len(due) == 0 {
		return poll, err
	}
	return min(max(due[0].Time().Sub(q.now()), soonest), poll), nil
}

func (q *Queue) tidy(ctx context.Context) {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		if err := forget(q.app, q.now().Add(-keep)); err != nil {
			q.log().Warn("forget old jobs", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
