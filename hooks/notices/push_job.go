package notices

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/jobs"
	"onlibrary/internal/push"
	"onlibrary/internal/schema"
)

// pushKind is the kind of the jobs that bring a notification to a device.
const pushKind = "push"

// pushPayload names what goes where. It holds no token: the device may have
// passed to somebody else, or be gone, by the time.
type pushPayload struct {
	Notification string `json:"notification"`
	Device       string `json:"device"`
	User         string `json:"user"`
}

type pushWorker struct {
	app    core.App
	sender Pusher
}

// Do sends a notification to a device. One that nobody is to get any more counts
// as done.
func (w pushWorker) Do(ctx context.Context, j *jobs.Job) error {
	var p pushPayload
	if err := json.Unmarshal(j.Payload, &p); err != nil {
		return fmt.Errorf("push job: %w", err)
	}
	n, device, err := w.load(p)
	if err != nil {
		return jobs.Retry(err)
	}
	if n == nil || device == nil {
		return nil
	}
	err = w.sender.Send(ctx, push.Message{
		ID: n.Id, Token: device.GetString("token"), Title: n.GetString("title"), Body: n.GetString("body"),
		Data: map[string]string{
			"notification": n.Id, "kind": n.GetString("kind"), "document": n.GetString("document"),
			"webAction": n.GetString("webAction"), "mobileAction": n.GetString("mobileAction"),
		},
	})
	var refusal *push.Error
	switch {
	case err == nil || !errors.As(err, &refusal):
		return err
	case refusal.Dead():
		return forget(w.app, device)
	case refusal.Later():
		return jobs.Down(err)
	}
	return err
}

// GiveUp has nothing to end: nobody waits for a push message.
func (pushWorker) GiveUp(context.Context, *jobs.Job, error) error { return nil }

// load reads what a job is about; nil if that is gone, or its recipient is
// inactive or has the device no more.
func (w pushWorker) load(p pushPayload) (n, device *core.Record, err error) {
	if n, err = find(w.app, schema.Notifications, p.Notification); err != nil {
		return nil, nil, err
	}
	user, err := find(w.app, schema.Users, p.User)
	if err != nil || user == nil || user.GetString("state") != schema.StateActive {
		return nil, nil, err
	}
	if device, err = find(w.app, schema.Devices, p.Device); err != nil || device == nil || device.GetString("user") != user.Id {
		return nil, nil, err
	}
	return n, device, nil
}

// forget deletes a device whose token is dead, unless the token was replaced
// meanwhile.
func forget(app core.App, device *core.Record) error {
	stored, err := app.FindRecordsByFilter(schema.Devices, "id = {:id} && token = {:token}", "", 1, 0,
		dbx.Params{"id": device.Id, "token": device.GetString("token")})
	if err != nil {
		return jobs.Retry(err)
	}
	for _, d := range stored {
		if err := app.Delete(d); err != nil {
			return jobs.Retry(err)
		}
	}
	return nil
}
