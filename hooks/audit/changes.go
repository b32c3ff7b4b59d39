package audit

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
)

// asStored returns the record as the database has it. Original is that where a
// request has just read the record; elsewhere it is stale if the record is saved
// twice, or others have saved it meanwhile: then its date is, too.
func asStored(tx core.App, record *core.Record, justRead bool) (*core.Record, error) {
	original := record.Original()
	if date := original.GetDateTime("updated"); !date.IsZero() {
		if justRead {
			return original, nil
		}
		var stored string
		err := tx.NonconcurrentDB().Select("updated").From(record.TableName()).Where(dbx.HashExp{"id": record.Id}).Row(&stored)
		if err != nil {
			return nil, err
		}
		if stored == date.String() {
			return original, nil
		}
	}
	return tx.FindRecordById(record.Collection(), record.Id)
}

// changed names the fields, in their order, in which what was written of record
// differs from what was stored. Every save moves updated.
func changed(app core.App, stored, record *core.Record) ([]string, error) {
	was, err := stored.DBExport(app)
	if err != nil {
		return nil, err
	}
	is, err := record.DBExport(app)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, field := range record.Collection().Fields {
		name := field.GetName()
		value, written := is[name]
		if written && name != "updated" && !same(was[name], value) {
			names = append(names, name)
		}
	}
	return names, nil
}

// same holds an empty list for none.
func same(a, b any) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	x, err := json.Marshal(a)
	if err != nil {
		return false
	}
	y, err := json.Marshal(b)
	return err == nil && bytes.Equal(x, y)
}

// telling returns what tells whether the change of a field is worth a row:
// marks of reading and dates of use are not, nor is what a preview finds out
// about a file. A title or an author that it finds is.
func telling(record *core.Record) func(field string) bool {
	var quiet []string
	switch record.Collection().Name {
	case schema.Notifications:
		quiet = []string{"readAt"}
	case schema.Users:
		quiet = []string{"lastLogin"}
	case schema.Devices:
		quiet = []string{"lastSeen"}
	case "app_passwords":
		quiet = []string{"lastUsed"}
	case schema.Documents:
		quiet = []string{"state", "stateDetail", "thumbnail", "pages", "duration"}
	}
	return func(field string) bool { return !slices.Contains(quiet, field) }
}

// actionOf calls an update by its most telling change.
func actionOf(record *core.Record, changes []string) string {
	if !record.Collection().IsAuth() {
		return Update
	}
	for _, special := range []struct{ field, action string }{
		{core.FieldNamePassword, Password}, {"role", Role}, {"state", State},
	} {
		if slices.Contains(changes, special.field) {
			return special.action
		}
	}
	if slices.Equal(changes, []string{core.FieldNameTokenKey}) {
		return Sessions
	}
	return Update
}
