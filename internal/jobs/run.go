package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/pocketbase/pocketbase/tools/routine"

	"onlibrary/internal/schema"
)

var errStopped = errors.New("the server stopped while it ran")

// Retry marks err as a fault of the machine, not of what was worked on.
func Retry(err error) error { return retryable{err} }

type retryable struct{ error }

func (r retryable) Unwrap() error { return r.error }

// run does one job and writes down how that ended.
func (q *Queue) run(ctx context.Context, w Worker, j *Job) {
	cause := errStopped // each time, with its process
	if j.Attempts <= MaxRetries+1 {
		cause = routine.SafeWrap(func() error { return w.Do(ctx, j) })()
	}
	var fault retryable
	switch {
	case cause == nil:
		q.settle(ctx, j, schema.JobDone, nil, 0)
	case ctx.Err() != nil: // the server stops: this run does not count
		j.Attempts--
		q.settle(ctx, j, schema.JobQueued, cause, 0)
	case errors.As(cause, &fault) && j.Attempts <= MaxRetries:
		q.log().Warn("job put off", "kind", j.Kind, "key", j.Key, "attempt", j.Attempts, "error", cause)
		q.settle(ctx, j, schema.JobQueued, cause, backoff(j.Attempts))
	default:
		q.log().Error("job failed", "kind", j.Kind, "key", j.Key, "attempt", j.Attempts, "error", cause)
		if err := giveUp(ctx, w, j, cause); err != nil {
			q.log().Error("give a job up", "kind", j.Kind, "key", j.Key, "error", err)
			q.settle(ctx, j, schema.JobQueued, errors.Join(cause, err), time.Minute)
			return
		}
		q.settle(ctx, j, schema.JobFailed, cause, 0)
	}
}

func giveUp(ctx context.Context, w Worker, j *Job, cause error) error {
	return routine.SafeWrap(func() error { return w.GiveUp(context.WithoutCancel(ctx), j, cause) })()
}

// settle writes the job's state and does not take no for an answer: the work is
// done. If the server stops meanwhile the job stays running, which the next
// start finds.
func (q *Queue) settle(ctx context.Context, j *Job, state string, cause error, wait time.Duration) {
	for pause := time.Second; ; pause = min(2*pause, time.Minute) {
		now := q.now()
		err := settle(q.app, j, state, cause, now.Add(wait), now)
		if err == nil {
			return
		}
		q.log().Error("settle a job", "kind", j.Kind, "key", j.Key, "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}
