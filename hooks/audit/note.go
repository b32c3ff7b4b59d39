package audit

import (
	"strings"

	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/actor"
	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
)

// note takes of a row that somebody writes the note and what it is about; all
// else is the server's to say.
func (r *room) note(e *core.RecordRequestEvent) error {
	n := e.Record
	text := strings.TrimSpace(n.GetString("note"))
	if text == "" {
		return e.BadRequestError("Failed to create record", validation.Errors{"note": validation.ErrRequired})
	}
	if err := checkSubject(e, n.GetString("collection"), n.GetString("record")); err != nil {
		return err
	}
	a := actor.Of(e.RequestEvent)
	n.Id = ""
	n.Load(map[string]any{
		"actor": a.ID, "actorName": a.Name, "action": Note, "ip": a.IP, "userAgent": a.UserAgent,
		"changes": []string{}, "note": text,
	})
	return e.Next()
}

// checkSubject refuses a note about what the caller may not see, as if it were
// not there.
func checkSubject(e *core.RecordRequestEvent, collection, id string) error {
	if collection == "" {
		if id != "" {
			return reply.Error(fault.Field("collection", "audit_subject_unknown", nil))
		}
		return nil
	}
	c, err := e.App.FindCachedCollectionByNameOrId(collection)
	if err != nil || c.System && !e.HasSuperuserAuth() {
		return reply.Error(fault.Field("collection", "audit_subject_unknown", nil))
	}
	e.Record.Set("collection", c.Name)
	if id == "" {
		return nil
	}
	info, err := e.RequestInfo()
	if err != nil {
		return err
	}
	record, err := e.App.FindRecordById(c, id)
	if err != nil {
		return reply.Error(fault.Field("record", "audit_subject_unknown", nil))
	}
	if ok, err := e.App.CanAccessRecord(record, info, c.ViewRule); err != nil || !ok {
		return reply.Error(fault.Field("record", "audit_subject_unknown", nil))
	}
	return nil
}
