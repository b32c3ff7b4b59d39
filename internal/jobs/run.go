package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/pocketbase/pocketbase/tools/routine"

	"onlibrary/internal/schema"
)

var errStopped = errors.New("the server stopped while it ran")

// Retry marks err as a fault of the machine or of the far end, not of what was
// worked on.
func Retry(err error) error { return retryable{error: err} }

// Down is Retry for a far end that no other job of the kind would reach now
// either: the kind rests up to 15 s, so that an outage costs few tries. Such a
// try is none of the Retries of its kind's policy.
func Down(err error) error { return retryable{error: err, down: true} }

// Retriable tells whether Retry or Down marked err.
func Retriable(err error) bool {
	var fault retryable
	return errors.As(err, &fault)
}

type retryable struct {
	error
	down bool
}

func (r retryable) Unwrap() error { return r.error }

// Failed is the message in the log of a job that is dead.
const Failed = "job failed"

// End is how a run of a job ended.
type End string

// The ends of a run.
const (
	EndDone    End = "done"
	EndPutOff  End = "retried"     // it is tried again later
	EndFailed  End = "failed"      // it is dead
	EndStopped End = "interrupted" // the server stopped; the run does not count
)

// run does one job and writes down how that ended.
func (q *Queue) run(ctx context.Context, k *kind, j *Job) {
	began := q.now()
	end := q.do(ctx, k, j)
	q.ran(j.Kind, end, q.now().Sub(began))
}

func (q *Queue) do(ctx context.Context, k *kind, j *Job) End {
	cause := errStopped // each time, with its process
	if !k.policy.killer(j) {
		cause = routine.SafeWrap(func() error { return k.worker.Do(ctx, j) })()
	}
	var fault retryable
	again := errors.As(cause, &fault)
	if fault.down && k.policy.Retries > 0 && ctx.Err() == nil {
		j.Attempts--
	}
	switch {
	case cause == nil:
		q.settle(ctx, k, j, schema.JobDone, nil, 0)
		if k.rest.end() {
			for range k.lanes {
				q.Wake(k.name)
			}
		}
		return EndDone
	case ctx.Err() != nil: // the server stops: this run does not count
		j.Attempts--
		q.settle(ctx, k, j, schema.JobQueued, cause, 0)
		return EndStopped
	case again && !k.policy.ends(j, q.now()):
		if fault.down {
			k.rest.begin(k.policy, q.now())
		}
		q.log().Warn("job put off", "kind", j.Kind, "key", j.Key, "attempt", j.Attempts, "error", cause)
		q.settle(ctx, k, j, schema.JobQueued, cause, k.policy.wait(j.Attempts))
		return EndPutOff
	default:
		q.log().Error(Failed, "kind", j.Kind, "key", j.Key, "attempt", j.Attempts, "error", cause)
		if err := giveUp(ctx, k.worker, j, cause); err != nil {
			q.log().Error("give a job up", "kind", j.Kind, "key", j.Key, "error", err)
			q.settle(ctx, k, j, schema.JobQueued, errors.Join(cause, err), time.Minute)
			return EndPutOff
		}
		q.settle(ctx, k, j, schema.JobFailed, cause, 0)
		q.dead(j, cause)
		return EndFailed
	}
}

func giveUp(ctx context.Context, w Worker, j *Job, cause error) error {
	return routine.SafeWrap(func() error { return w.GiveUp(context.WithoutCancel(ctx), j, cause) })()
}

// settle writes the job's state and does not take no for an answer: the work is
// done. If the server stops meanwhile the job stays running, which the next
// start finds.
func (q *Queue) settle(ctx context.Context, k *kind, j *Job, state string, cause error, wait time.Duration) {
	forget := k.policy.Private && state == schema.JobDone
	for pause := time.Second; ; pause = min(2*pause, time.Minute) {
		now := q.now()
		err := settle(q.app, j, state, cause, now.Add(wait), now, forget)
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
