package notices

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

// skew is how far a client's clock may be ahead of ours.
const skew = time.Minute

// complete fills in the kind of a notification.
func complete(e *core.RecordEvent) error {
	if e.Record.GetString("kind") == "" {
		e.Record.Set("kind", schema.KindMessage)
	}
	return e.Next()
}

// check refuses a notification that is no text, was read in the future, passes
// to somebody else, or names a document that its recipient may not read: they
// would be led to what is not there for them.
func (r *room) check(e *core.RecordEvent) error {
	n := e.Record
	for _, f := range []string{"title", "body"} {
		if s := n.GetString(f); !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return reply.Validation(fault.Field(f, "text_invalid", nil))
		}
	}
	for _, f := range []string{"webAction", "mobileAction"} {
		// Its pattern knows of white space only; others have no place in a link.
		if s := n.GetString(f); changed(n, f) && strings.ContainsFunc(s, unlinkable) {
			return validation.Errors{f: validation.NewError("validation_invalid_format", "Invalid value format.")}
		}
	}
	if !n.IsNew() && changed(n, "user") {
		return reply.Validation(fault.Field("user", "recipient_fixed", nil))
	}
	if now := r.Now(); changed(n, "readAt") && n.GetDateTime("readAt").Time().After(now) {
		if n.GetDateTime("readAt").Time().After(now.Add(skew)) {
			return reply.Validation(fault.Field("readAt", "read_in_future", nil))
		}
		n.Set("readAt", now)
	}
	if id := n.GetString("document"); id != "" && changed(n, "document") {
		readable, err := mayRead(e.App, n.GetString("user"), id)
		if err != nil {
			return err
		}
		if !readable {
			return reply.Validation(fault.Field("document", "document_unreadable", nil))
		}
	}
	return e.Next()
}

func unlinkable(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// mayRead tells whether a user may read a document. One that is not there is
// like one that may not be read.
func mayRead(app core.App, user, document string) (bool, error) {
	readers, err := app.FindRecordsByIds(schema.Users, []string{user})
	if err != nil || len(readers) == 0 {
		return false, err
	}
	documents, err := app.FindRecordsByIds(schema.Documents, []string{document})
	if err != nil || len(documents) == 0 {
		return false, err
	}
	return app.CanAccessRecord(documents[0], &core.RequestInfo{Auth: readers[0]}, documents[0].Collection().ViewRule)
}

// changed compares with the record as it was read, which was empty if it is new.
func changed(r *core.Record, field string) bool {
	return r.GetString(field) != r.Original().GetString(field)
}

// find is FindRecordById that returns nil for what is not there.
func find(app core.App, collection, id string) (*core.Record, error) {
	found, err := app.FindRecordsByIds(collection, []string{id})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}
