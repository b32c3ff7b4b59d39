package catalogue

import (
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/rules"
	"onlibrary/internal/schema"
)

// reader is what veil wants to know of who reads a document.
type reader struct {
	id      string // empty for guests and who is not active
	manages bool   // every document
}

// veil gives a document's reader what is theirs to see: what is private to owner
// and staff, the state in words to all.
func (r *room) veil(e *core.RecordEnrichEvent) error {
	// Records that are enriched together share one event and nest in one
	// another: the first asks the database for all of them.
	page, asked := r.pages.Load(e)
	if !asked {
		who, err := readerOf(e.App, e.RequestInfo.Auth)
		if err != nil {
			return err
		}
		page = who
		r.pages.Store(e, page)
		defer r.pages.Delete(e)
	}
	doc := e.Record // Next leads the event on to the following records
	if err := e.Next(); err != nil {
		return err
	}
	if detail := doc.GetString("stateDetail"); detail != "" {
		doc.WithCustomData(true)
		doc.Set("stateMessage", r.Text(r.Language(e.RequestInfo), "state."+detail, nil))
	}
	who, _ := page.(reader) // nothing else is stored
	if who.manages || who.id != "" && who.id == doc.GetString("owner") {
		doc.Unhide(private()...)
	}
	return nil
}

// readerOf goes by the account and the role as they are now.
func readerOf(app core.App, auth *core.Record) (reader, error) {
	switch {
	case auth == nil:
		return reader{}, nil
	case auth.IsSuperuser():
		return reader{manages: true}, nil
	}
	active, manages, err := rules.Standing(app, auth.Id, schema.DocumentsManage)
	if err != nil || !active {
		return reader{}, err
	}
	return reader{auth.Id, manages}, nil
}
