// Package jobs is the durable queue: a job is a row of the jobs collection,
// written in the transaction of what causes it, and worked off by this process
// until it is done or dead. Rows outlive a kill; waking is only a shortcut.
package jobs

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"onlibrary/internal/schema"
)

// Job is one piece of work. Payload is JSON; Key is unique for ever, so that
// nothing is queued twice; Attempts counts from 1 while the job runs.
type Job struct {
	ID       string         `db:"id"`
	Kind     string         `db:"kind"`
	Payload  types.JSONRaw  `db:"payload"`
	Key      string         `db:"key"`
	Attempts int            `db:"attempts"`
	Created  types.DateTime `db:"created"`
}

// Enqueue writes a job through app, which should be the transaction of the
// job's cause, and wakes the app's queue when that is committed. A key that is
// there already is left as it is, done or not; one is free again 30 days after
// its job was done.
func Enqueue(app core.App, kind, key string, payload any) error {
	return EnqueueAt(app, kind, key, payload, time.Time{})
}

// EnqueueAt is Enqueue for a job that is not to be done before at.
func EnqueueAt(app core.App, kind, key string, payload any, at time.Time) error {
	raw, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("job %s: %w", key, err)
	}
	now := types.NowDateTime().String()
	due := max(now, instant(at))
	_, err = app.NonconcurrentDB().NewQuery(
		`INSERT INTO jobs (id, kind, payload, state, attempts, runAt, lastError, key, created, updated)
		 VALUES ({:id}, {:kind}, {:payload}, {:state}, 0, {:due}, '', {:key}, {:now}, {:now})
		 ON CONFLICT (key) DO NOTHING`).Bind(dbx.Params{
		"id": core.GenerateDefaultRandomId(), "kind": kind, "payload": string(raw),
		"state": schema.JobQueued, "key": key, "now": now, "due": due,
	}).Execute()
	if err != nil {
		return fmt.Errorf("job %s: %w", key, err)
	}
	wakeAfter(app, kind)
	return nil
}

// claim takes the job of the given kind that has been due the longest and
// marks it running; nil if none is due.
func claim(app core.App, kind string, now time.Time) (*Job, error) {
	var found []*Job
	err := app.NonconcurrentDB().NewQuery(
		`UPDATE jobs SET state = {:running}, attempts = attempts + 1, updated = {:now}
		 WHERE id = (SELECT id FROM jobs WHERE state = {:queued} AND kind = {:kind} AND runAt <= {:now} ORDER BY runAt LIMIT 1)
		 RETURNING id, kind, payload, key, attempts, created`).Bind(dbx.Params{
		"running": schema.JobRunning, "queued": schema.JobQueued, "kind": kind, "now": instant(now),
	}).All(&found)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// settle writes how a run of the job ended. A job that goes back to the queue
// is due at runAt; forget empties the payload.
func settle(app core.App, j *Job, state string, cause error, runAt, now time.Time, forget bool) error {
	text := ""
	if cause != nil {
		text = cause.Error()
		if r := []rune(text); len(r) > 2000 {
			text = string(r[:2000])
		}
	}
	row := dbx.Params{
		"state": state, "attempts": j.Attempts, "lastError": text, "runAt": instant(runAt), "updated": instant(now),
	}
	if forget {
		row["payload"] = "null"
	}
	_, err := app.NonconcurrentDB().Update(schema.Jobs, row, dbx.HashExp{"id": j.ID}).Execute()
	return err
}

// recoverRunning puts back what a killed process left running. It waits as
// after any other fault, so that a job that kills the server does not do so
// again at once.
func recoverRunning(app core.App, k *kind, now time.Time) error {
	var left []*Job
	err := app.ConcurrentDB().Select("id", "attempts").From(schema.Jobs).
		Where(dbx.HashExp{"state": schema.JobRunning, "kind": k.name}).All(&left)
	if err != nil {
		return err
	}
	for _, j := range left {
		err := settle(app, j, schema.JobQueued, errStopped, now.Add(k.policy.wait(j.Attempts)), now, false)
		if err != nil {
			return err
		}
	}
	return nil
}

// forget deletes jobs that were done before the given time.
func forget(app core.App, before time.Time) error {
	_, err := app.NonconcurrentDB().Delete(schema.Jobs, dbx.And(
		dbx.HashExp{"state": schema.JobDone},
		dbx.NewExp("updated < {:before}", dbx.Params{"before": instant(before)}),
	)).Execute()
	return err
}

func instant(t time.Time) string {
	return t.UTC().Format(types.DefaultDateLayout)
}
