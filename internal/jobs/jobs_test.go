package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// worker does what a test tells it to, by the job's key.
type worker struct {
	mu     sync.Mutex
	do     func(ctx context.Context, j *Job) error
	giveUp func(j *Job, cause error) error
	tries  []string
	dead   []string
}

func (w *worker) Do(ctx context.Context, j *Job) error {
	w.mu.Lock()
	w.tries = append(w.tries, j.Key)
	w.mu.Unlock()
	return w.do(ctx, j)
}

func (w *worker) GiveUp(_ context.Context, j *Job, cause error) error {
	if w.giveUp != nil {
		if err := w.giveUp(j, cause); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = append(w.dead, j.Key)
	return nil
}

func (w *worker) tried() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.tries)
}

// clock is a clock that a test moves on.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func enqueue(t *testing.T, app core.App, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if err := Enqueue(app, "test", key, map[string]string{"key": key}); err != nil {
			t.Fatal(err)
		}
	}
}

// row is a job as it is stored.
type row struct {
	State    string `db:"state"`
	Attempts int    `db:"attempts"`
	Error    string `db:"lastError"`
}

func stored(t *testing.T, app core.App, key string) row {
	t.Helper()
	var r row
	if err := app.DB().Select("state", "attempts", "lastError").From(schema.Jobs).Where(dbx.HashExp{"key": key}).One(&r); err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	return r
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("in vain: " + what)
		}
	}
}

// thrice is a policy of three more tries, after 2, 8 and 32 seconds.
func thrice() Policy {
	return Policy{First: 2 * time.Second, Factor: 4, Longest: 32 * time.Second, Retries: 3}
}

func start(t *testing.T, app core.App, lanes int, w *worker) *Queue {
	t.Helper()
	q := New(app)
	q.Register("test", lanes, thrice(), w)
	if err := q.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(q.Stop)
	return q
}

func TestEnqueueIsPartOfItsCause(t *testing.T) {
	app := testapp.New(t)
	err := app.RunInTransaction(func(tx core.App) error {
		enqueue(t, tx, "undone")
		return errors.New("no")
	})
	if err == nil {
		t.Fatal("the transaction went through")
	}
	enqueue(t, app, "once", "once", "twice")
	if n, err := app.CountRecords(schema.Jobs); err != nil || n != 2 {
		t.Errorf("%d jobs: %v", n, err)
	}
}

func TestJobsAreDone(t *testing.T) {
	app := testapp.New(t)
	enqueue(t, app, "before") // another process's, or of before a kill
	var running, most int
	var mu sync.Mutex
	w := &worker{do: func(_ context.Context, j *Job) error {
		mu.Lock()
		running++
		most = max(most, running)
		mu.Unlock()
		time.Sleep(20 * time.Millisecond)
		mu.Lock()
		running--
		mu.Unlock()
		if string(j.Payload) != `{"key":"`+j.Key+`"}` {
			return fmt.Errorf("payload %s", j.Payload)
		}
		return nil
	}}
	q := start(t, app, 2, w)
	var keys []string
	for i := range 6 {
		keys = append(keys, fmt.Sprint("job", i))
	}
	enqueue(t, app, keys...)
	q.Wake("test")
	q.Wake("another kind")
	for _, key := range append(keys, "before") {
		await(t, key, func() bool { return stored(t, app, key).State == schema.JobDone })
	}
	if most != 2 {
		t.Errorf("%d ran at a time, want 2", most)
	}
	if tries := w.tried(); len(tries) != 7 {
		t.Errorf("tried %v", tries)
	}
	enqueue(t, app, "job0") // nothing is done twice
	q.Wake("test")
	q.Stop()
	if tries := w.tried(); len(tries) != 7 {
		t.Errorf("tried %v", tries)
	}
}

func TestFailures(t *testing.T) {
	app := testapp.New(t)
	at := &clock{at: time.Now().Add(time.Hour)}
	w := &worker{do: func(_ context.Context, j *Job) error {
		switch j.Key {
		case "file":
			return errors.New("the file's fault")
		case "machine":
			return fmt.Errorf("reading: %w", Retry(errors.New("the disk's fault")))
		case "panic":
			panic("on purpose")
		}
		return nil
	}}
	q := New(app)
	q.now = at.now
	q.Register("test", 1, thrice(), w)
	enqueue(t, app, "file", "machine", "panic", "good")
	work := func() {
		t.Helper()
		if _, err := q.workOff(t.Context(), q.kinds[0]); err != nil {
			t.Fatal(err)
		}
	}
	work()
	for key, want := range map[string]row{
		"file":    {schema.JobFailed, 1, "the file's fault"},
		"machine": {schema.JobQueued, 1, "reading: the disk's fault"},
		"panic":   {schema.JobFailed, 1, "[SafeWrap] recovered from panic: on purpose"},
		"good":    {schema.JobDone, 1, ""},
	} {
		if got := stored(t, app, key); got != want {
			t.Errorf("%s: %+v, want %+v", key, got, want)
		}
	}
	for i, wait := range []int{2, 8, 32} {
		at.pass(time.Duration(wait)*time.Second - time.Millisecond)
		work()
		if got := stored(t, app, "machine"); got.Attempts != i+1 {
			t.Errorf("tried again before %d s: %+v", wait, got)
		}
		at.pass(time.Millisecond)
		work()
		if got := stored(t, app, "machine"); got.Attempts != i+2 {
			t.Errorf("not tried again after %d s: %+v", wait, got)
		}
	}
	if got := stored(t, app, "machine"); got.State != schema.JobFailed {
		t.Errorf("after three more tries: %+v", got)
	}
	if want := []string{"file", "panic", "machine"}; !slices.Equal(w.dead, want) {
		t.Errorf("given up %v, want %v", w.dead, want)
	}
}

func TestGiveUpIsRepeated(t *testing.T) {
	app := testapp.New(t)
	at := &clock{at: time.Now().Add(time.Hour)}
	locked := errors.New("the database is locked")
	w := &worker{do: func(context.Context, *Job) error { return errors.New("no") }, giveUp: func(*Job, error) error { return locked }}
	q := New(app)
	q.now = at.now
	q.Register("test", 1, thrice(), w)
	enqueue(t, app, "job")
	for range 2 {
		if _, err := q.workOff(t.Context(), q.kinds[0]); err != nil {
			t.Fatal(err)
		}
		if got := stored(t, app, "job"); got.State != schema.JobQueued {
			t.Errorf("it is dead, and what waits for it was not told: %+v", got)
		}
		at.pass(time.Minute)
	}
	locked = nil
	if _, err := q.workOff(t.Context(), q.kinds[0]); err != nil {
		t.Fatal(err)
	}
	if got := stored(t, app, "job"); got.State != schema.JobFailed || len(w.dead) != 1 {
		t.Errorf("%+v, given up %v", got, w.dead)
	}
}

func TestStopPutsBack(t *testing.T) {
	app := testapp.New(t)
	w := &worker{do: func(ctx context.Context, _ *Job) error { <-ctx.Done(); return Retry(ctx.Err()) }}
	enqueue(t, app, "one", "two", "three")
	q := start(t, app, 2, w)
	await(t, "two jobs to run", func() bool { return len(w.tried()) == 2 })
	q.Stop()
	for _, key := range []string{"one", "two", "three"} {
		if got := stored(t, app, key); got.State != schema.JobQueued || got.Attempts != 0 {
			t.Errorf("%s: %+v", key, got)
		}
	}
	if len(w.dead) != 0 {
		t.Errorf("given up: %v", w.dead)
	}
}

func TestKilledJobsAreTakenUp(t *testing.T) {
	app := testapp.New(t)
	at := &clock{at: time.Now().Add(time.Hour)}
	enqueue(t, app, "job")
	q := New(app)
	q.now = at.now
	w := &worker{do: func(context.Context, *Job) error { t.Error("it runs a fifth time"); return nil }}
	q.Register("test", 1, thrice(), w)
	for kill := 1; kill <= 4; kill++ {
		if j, err := claim(app, "test", at.now()); err != nil || j == nil || j.Attempts != kill {
			t.Fatalf("kill %d: %+v %v", kill, j, err)
		}
		// Here the process dies, and another starts.
		if err := recoverRunning(app, q.kinds[0], at.now()); err != nil {
			t.Fatal(err)
		}
		if j, err := claim(app, "test", at.now()); err != nil || j != nil {
			t.Errorf("kill %d: it runs again at once: %+v %v", kill, j, err)
		}
		at.pass(thrice().wait(kill))
	}
	if _, err := q.workOff(t.Context(), q.kinds[0]); err != nil {
		t.Fatal(err)
	}
	if got := stored(t, app, "job"); got.State != schema.JobFailed || len(w.dead) != 1 {
		t.Errorf("%+v, given up %v", got, w.dead)
	}
}

func TestSettlingIsNotLost(t *testing.T) {
	app := testapp.New(t)
	enqueue(t, app, "job")
	sql := func(query string) {
		t.Helper()
		if _, err := app.NonconcurrentDB().NewQuery(query).Execute(); err != nil {
			t.Error(err)
		}
	}
	w := &worker{do: func(context.Context, *Job) error {
		sql("CREATE TRIGGER refuse BEFORE UPDATE ON jobs BEGIN SELECT RAISE(ABORT, 'no'); END")
		return nil
	}}
	start(t, app, 1, w)
	await(t, "the job to run", func() bool { return len(w.tried()) == 1 })
	if got := stored(t, app, "job"); got.State != schema.JobRunning {
		t.Errorf("%+v", got)
	}
	sql("DROP TRIGGER refuse")
	await(t, "the job to be settled", func() bool { return stored(t, app, "job").State == schema.JobDone })
	if tries := w.tried(); len(tries) != 1 {
		t.Errorf("tried %v", tries)
	}
}

func TestForget(t *testing.T) {
	app := testapp.New(t)
	now := time.Now()
	enqueue(t, app, "old", "young", "dead")
	for key, state := range map[string]string{"old": schema.JobDone, "young": schema.JobDone, "dead": schema.JobFailed} {
		at := now.Add(-keep - time.Hour)
		if key == "young" {
			at = now
		}
		if _, err := app.NonconcurrentDB().Update(schema.Jobs, dbx.Params{"state": state, "updated": instant(at)}, dbx.HashExp{"key": key}).Execute(); err != nil {
			t.Fatal(err)
		}
	}
	if err := forget(app, now.Add(-keep)); err != nil {
		t.Fatal(err)
	}
	if n, err := app.CountRecords(schema.Jobs); err != nil || n != 2 {
		t.Errorf("%d are left: %v", n, err)
	}
	if got := stored(t, app, "dead"); got.State != schema.JobFailed {
		t.Errorf("%+v", got)
	}
}

func TestWaitsGrowToTheLongest(t *testing.T) {
	p := Policy{First: 2 * time.Second, Factor: 2, Longest: 5 * time.Minute, Jitter: 0.25}
	for attempt, base := range map[int]time.Duration{
		1: 2 * time.Second, 2: 4 * time.Second, 7: 128 * time.Second, 8: 256 * time.Second, 9: 5 * time.Minute, 1000: 5 * time.Minute,
	} {
		seen := map[time.Duration]bool{}
		for range 50 {
			d := p.wait(attempt)
			if d < base || d > base+base/4 {
				t.Errorf("after try %d: %s, want %s and up to a quarter more", attempt, d, base)
			}
			seen[d] = true
		}
		if len(seen) < 2 {
			t.Errorf("after try %d: always %v", attempt, seen)
		}
	}
}

func TestJobsEndByAge(t *testing.T) {
	app := testapp.New(t)
	at := &clock{at: time.Now()}
	w := &worker{do: func(context.Context, *Job) error { return Retry(errors.New("away")) }}
	q := New(app)
	q.now = at.now
	q.Register("test", 1, Policy{First: time.Second, Factor: 2, Longest: time.Minute, Within: 48 * time.Hour}, w)
	enqueue(t, app, "job")
	for tries, step := range []time.Duration{time.Second, 47 * time.Hour, 2 * time.Hour} {
		at.pass(step)
		if _, err := q.workOff(t.Context(), q.kinds[0]); err != nil {
			t.Fatal(err)
		}
		want := row{schema.JobQueued, tries + 1, "away"}
		if tries == 2 {
			want.State = schema.JobFailed
		}
		if got := stored(t, app, "job"); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

func TestOutageRestsItsKind(t *testing.T) {
	app := testapp.New(t)
	at := &clock{at: time.Now().Add(time.Hour)}
	away := true
	w := &worker{do: func(context.Context, *Job) error {
		if away {
			return Down(errors.New("away"))
		}
		return nil
	}}
	q := New(app)
	q.now = at.now
	q.Register("test", 1, Policy{First: 2 * time.Second, Factor: 2, Longest: 5 * time.Minute}, w)
	for i := range 100 {
		enqueue(t, app, fmt.Sprint("job", i))
	}
	for range 4 * 60 { // a minute by quarters of a second
		if _, err := q.workOff(t.Context(), q.kinds[0]); err != nil {
			t.Fatal(err)
		}
		at.pass(time.Second / 4)
	}
	if n := len(w.tried()); n < 4 || n > 10 {
		t.Errorf("%d tries in a minute's outage of 100 jobs", n)
	}
	away = false
	at.pass(longestRest)
	if _, err := q.workOff(t.Context(), q.kinds[0]); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if got := stored(t, app, fmt.Sprint("job", i)); got.State != schema.JobDone {
			t.Errorf("job%d is not done %s after the outage: %+v", i, longestRest, got)
		}
	}
}

func TestPersonalPayloadGoesWhenDone(t *testing.T) {
	app := testapp.New(t)
	w := &worker{do: func(_ context.Context, j *Job) error {
		if j.Key == "dead" {
			return errors.New("no")
		}
		return nil
	}}
	q := New(app)
	q.Register("test", 1, Policy{Private: true}, w)
	enqueue(t, app, "done", "dead")
	if _, err := q.workOff(t.Context(), q.kinds[0]); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"done": "null", "dead": `{"key":"dead"}`} {
		var payload string
		if err := app.DB().Select("payload").From(schema.Jobs).Where(dbx.HashExp{"key": key}).Row(&payload); err != nil {
			t.Fatal(err)
		}
		if payload != want {
			t.Errorf("%s: %s, want %s", key, payload, want)
		}
	}
}

func TestCommitWakesTheQueue(t *testing.T) {
	app := testapp.New(t)
	w := &worker{do: func(context.Context, *Job) error { return nil }}
	start(t, app, 1, w)
	time.Sleep(100 * time.Millisecond) // the lane sleeps by now, for half a minute
	err := app.RunInTransaction(func(tx core.App) error {
		enqueue(t, tx, "inside")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the job of a transaction", func() bool { return stored(t, app, "inside").State == schema.JobDone })
	enqueue(t, app, "alone")
	await(t, "the job of none", func() bool { return stored(t, app, "alone").State == schema.JobDone })
}
