package catalogue

import (
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
)

// veil gives a document's reader what is theirs to see: observations to owner
// and staff, the state in words to all.
func (r *room) veil(e *core.RecordEnrichEvent) error {
	if err := e.Next(); err != nil {
		return err
	}
	doc := e.Record
	if detail := doc.GetString("stateDetail"); detail != "" {
		doc.WithCustomData(true)
		doc.Set("stateMessage", r.Text(r.Language(e.RequestInfo), "state."+detail, nil))
	}
	auth := e.RequestInfo.Auth
	if auth == nil {
		return nil
	}
	if auth.IsSuperuser() || auth.Id == doc.GetString("owner") || manages(e.App, auth) {
		doc.Unhide("observations")
	}
	return nil
}

// manages tells whether the patron may manage documents, by the role as it is now.
func manages(app core.App, user *core.Record) bool {
	if user.Collection().Name != schema.Users || user.GetString("state") != schema.StateActive {
		return false
	}
	role, err := app.FindRecordById(schema.Roles, user.GetString("role"))
	if err != nil {
		return false
	}
	for _, p := range role.GetStringSlice("permissions") {
		if p == schema.DocumentsManage {
			return true
		}
	}
	return false
}
