package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/routine"

	"onlibrary/internal/schema"
)

// Worker does the jobs of one kind.
type Worker interface {
	// Do runs the job. A nil error means done. An error that Retry made is a
	// fault of the machine and the job is tried again, at most MaxRetries
	// times; any other error is final. Do returns soon after ctx ends.
	Do(ctx context.Context, j *Job) error
	// GiveUp is told of a job that is dead, so that what waits for it can end.
	GiveUp(ctx context.Context, j *Job, cause error)
}

// Retry marks err as a fault of the machine, not of what was worked on.
func Retry(err error) error { return retryable{err} }

type retryable struct{ error }

func (r retryable) Unwrap() error { return r.error }

const (
	poll      = 30 * time.Second // for jobs whose time comes without a wake
	keep      = 30 * 24 * time.Hour
	tidyEvery = 6 * time.Hour
)

// Queue works off jobs. Register workers before Start.
type Queue struct {
	app   core.App
	log   func() *slog.Logger
	kinds []kind
	stop  context.CancelFunc
	done  sync.WaitGroup
}

type kind struct {
	name   string
	worker Worker
	lanes  int
	wake   chan struct{}
}

// New returns a queue on app's database.
func New(app core.App) *Queue {
	return &Queue{app: app, log: app.Logger, stop: func() {}}
}

// Register has worker do the jobs of the named kind, at most lanes at a time.
func (q *Queue) Register(name string, lanes int, worker Worker) {
	q.kinds = append(q.kinds, kind{name, worker, lanes, make(chan struct{}, lanes)})
}

// Wake says that a job of the named kind was committed.
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

// Start takes up what an earlier process left and works until Stop.
func (q *Queue) Start() error {
	if err := recoverRunning(q.app, time.Now()); err != nil {
		return fmt.Errorf("recover jobs: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	q.stop = cancel
	for _, k := range q.kinds {
		for range k.lanes {
			q.done.Go(func() { q.lane(ctx, k) })
		}
	}
	q.done.Go(func() { q.tidy(ctx) })
	return nil
}

// Stop ends running jobs, which go back to the queue, and waits for them.
func (q *Queue) Stop() {
	q.stop()
	q.done.Wait()
}

func (q *Queue) lane(ctx context.Context, k kind) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.wake:
		case <-timer.C:
		}
		for ctx.Err() == nil {
			j, err := claim(q.app, k.name, time.Now())
			if err != nil {
				q.log().Error("claim a job", "kind", k.name, "error", err)
				break
			}
			if j == nil {
				break
			}
			q.run(ctx, k.worker, j)
		}
		timer.Reset(q.next(k.name))
	}
}

// next is how long to sleep until a job of that kind may be due.
func (q *Queue) next(name string) time.Duration {
	var runAt string
	err := q.app.ConcurrentDB().NewQuery("SELECT runAt FROM jobs WHERE state = 'queued' AND kind = {:kind} ORDER BY runAt LIMIT 1").
		Bind(map[string]any{"kind": name}).Row(&runAt)
	if err != nil {
		return poll
	}
	at, err := time.Parse("2006-01-02 15:04:05.000Z", runAt)
	if err != nil {
		return poll
	}
	return min(max(time.Until(at), 100*time.Millisecond), poll)
}

func (q *Queue) run(ctx context.Context, w Worker, j *Job) {
	var cause error
	if j.Attempts > MaxRetries+1 { // died with its process each time
		cause = errors.New("the server stopped each time that it ran")
	} else {
		cause = routine.SafeWrap(func() error { return w.Do(ctx, j) })()
	}
	now := time.Now()
	state, runAt := schema.JobDone, now
	var fault retryable
	switch {
	case cause == nil:
	case ctx.Err() != nil: // the server stops: this run does not count
		state, j.Attempts = schema.JobQueued, j.Attempts-1
	case errors.As(cause, &fault) && j.Attempts <= MaxRetries:
		state, runAt = schema.JobQueued, now.Add(backoff(j.Attempts))
		q.log().Warn("job put off", "kind", j.Kind, "key", j.Key, "attempt", j.Attempts, "error", cause)
	default:
		state = schema.JobFailed
		q.log().Error("job failed", "kind", j.Kind, "key", j.Key, "attempt", j.Attempts, "error", cause)
		w.GiveUp(context.WithoutCancel(ctx), j, cause)
	}
	if err := settle(q.app, j, state, cause, runAt, now); err != nil {
		q.log().Error("settle a job", "key", j.Key, "error", err)
	}
}

// backoff is 2, 8 and 32 seconds after the first, second and third try.
func backoff(attempt int) time.Duration {
	return 2 * time.Second << (2 * (attempt - 1))
}

func (q *Queue) tidy(ctx context.Context) {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		if err := forget(q.app, time.Now().Add(-keep)); err != nil {
			q.log().Warn("forget old jobs", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
