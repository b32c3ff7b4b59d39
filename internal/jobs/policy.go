package jobs

import (
	"math/rand/v2"
	"sync"
	"time"
)

// Policy is how the jobs of one kind are tried again after a fault that Retry
// or Down marks.
type Policy struct {
	First   time.Duration // the wait after the first try
	Factor  int           // how many times longer each further wait is
	Longest time.Duration // the longest wait
	Jitter  float64       // the part of a wait that chance adds at most
	Retries int           // at most so many tries after the first; 0: any number
	Within  time.Duration // none once the job is older than this; 0: however old
	Private bool          // the payload is personal and goes when the job is done
}

// wait is how long a job rests after the attempt of that number, from 1.
func (p Policy) wait(attempt int) time.Duration {
	d := p.First
	for range attempt - 1 {
		if d >= p.Longest {
			break
		}
		d *= time.Duration(p.Factor)
	}
	d = min(d, p.Longest)
	if span := time.Duration(float64(d) * p.Jitter); span > 0 {
		d += rand.N(span) //nolint:gosec // no secret
	}
	return d
}

// ends tells whether a job that has failed once more is dead.
func (p Policy) ends(j *Job, now time.Time) bool {
	return p.Retries > 0 && j.Attempts > p.Retries || p.Within > 0 && now.Sub(j.Created.Time()) > p.Within
}

// killer tells whether a job has been tried more often than it may, which it
// can only if each process that tried it died.
func (p Policy) killer(j *Job) bool {
	return p.Retries > 0 && j.Attempts > p.Retries+1
}

// longestRest bounds a kind's rest, and so how long what waits for the far end
// goes on waiting once that is back.
const longestRest = 15 * time.Second

// rest keeps a kind from trying one job after the other against a far end that
// is away.
type rest struct {
	mu    sync.Mutex
	until time.Time
	times int // in a row
}

// left is how long the rest still takes.
func (r *rest) left(now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(r.until.Sub(now), 0)
}

// begin starts a rest, unless another lane has just done so.
func (r *rest) begin(p Policy, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Before(r.until) {
		return
	}
	r.times++
	r.until = now.Add(min(p.wait(r.times), longestRest))
}

// end tells whether there was a rest.
func (r *rest) end() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	was := r.times > 0
	r.times, r.until = 0, time.Time{}
	return was
}
