package jobs

import (
	"context"
	"errors"
	"testing"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// A superuser sets a dead job's state in the dashboard.
func TestDeadJobIsToldOfAndTriedAgainWhenQueued(t *testing.T) {
	app := testapp.New(t)
	w := &worker{do: func(context.Context, *Job) error { return errors.New("mailbox unknown") }}
	q := New(app)
	told := make(chan string, 2)
	q.OnDead(func(j *Job, cause error) { told <- j.Key + ": " + cause.Error() })
	q.Register("test", 1, thrice(), w)
	if err := q.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(q.Stop)
	enqueue(t, app, "a")
	for range 2 {
		if got := <-told; got != "a: mailbox unknown" {
			t.Error(got)
		}
		var dead core.Record
		if err := app.RecordQuery(schema.Jobs).AndWhere(dbx.HashExp{"key": "a", "state": schema.JobFailed}).One(&dead); err != nil {
			t.Fatal(err)
		}
		dead.Set("state", schema.JobQueued)
		if err := app.Save(&dead); err != nil {
			t.Fatal(err)
		}
		q.Wake("test")
	}
}
