package notices

import (
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
	"onlibrary/internal/within"
)

// devicesMost is how many devices a patron has: beyond, the one that was not
// seen for the longest goes.
const devicesMost = 20

// createDevice makes the caller a device's user, whoever is named, and now the
// time it was seen.
func (r *room) createDevice(e *core.RecordRequestEvent) error {
	if !e.HasSuperuserAuth() && e.Auth != nil {
		e.Record.Set("user", e.Auth.Id)
	}
	e.Record.Set("lastSeen", r.Now())
	return e.Next()
}

func (r *room) updateDevice(e *core.RecordRequestEvent) error {
	if !e.HasSuperuserAuth() && changed(e.Record, "user") {
		return reply.Error(fault.Field("user", "device_fixed", nil))
	}
	e.Record.Set("lastSeen", r.Now())
	return e.Next()
}

// takeOver writes a device in one transaction with the end of another that has
// the same token: an app that signs in as somebody else, or once more. In the
// latter case the device keeps its id, and what is on its way to it.
func takeOver(e *core.RecordEvent) error {
	d := e.Record
	return within.Transaction(e, func() error {
		known, err := e.App.FindAllRecords(schema.Devices, dbx.HashExp{"token": d.GetString("token")}, dbx.Not(dbx.HashExp{"id": d.Id}))
		if err != nil {
			return err
		}
		for _, old := range known {
			if d.IsNew() && old.GetString("user") == d.GetString("user") {
				d.Id = old.Id
			}
			if err := e.App.Delete(old); err != nil {
				return err
			}
		}
		if err := e.Next(); err != nil {
			return err
		}
		return bound(e.App, d.GetString("user"))
	})
}

// bound deletes the devices that a user has too many of.
func bound(tx core.App, user string) error {
	devices, err := devicesOf(tx, user)
	if err != nil || len(devices) <= devicesMost {
		return err
	}
	for _, d := range devices[devicesMost:] {
		if err := tx.Delete(d); err != nil {
			return err
		}
	}
	return nil
}

// dropDevices deletes the devices of who is put inactive, and those of sessions
// that end, with the change: a lost phone is to be told no more. Who signs in
// there again posts the device again.
func dropDevices(e *core.RecordEvent) error {
	stored, err := e.App.FindRecordById(schema.Users, e.Record.Id)
	if err != nil {
		return err
	}
	if e.Record.GetString("state") == schema.StateActive && e.Record.TokenKey() == stored.TokenKey() {
		return e.Next()
	}
	return within.Transaction(e, func() error {
		devices, err := devicesOf(e.App, e.Record.Id)
		if err != nil {
			return err
		}
		for _, d := range devices {
			if err := e.App.Delete(d); err != nil {
				return err
			}
		}
		return e.Next()
	})
}

// devicesOf returns a user's devices, the one seen last first.
func devicesOf(app core.App, user string) ([]*core.Record, error) {
	return app.FindRecordsByFilter(schema.Devices, "user = {:user}", "-lastSeen,-created,-id", 0, 0, dbx.Params{"user": user})
}
