package catalogue

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
	"onlibrary/internal/within"
)

// checkLink wants the other end of a link to be a record that there is, in a
// collection that is neither PocketBase's own nor hidden from patrons.
func checkLink(e *core.RecordEvent) error {
	c, _, err := linked(e.App, e.Record)
	if err != nil {
		return reply.Validation(err)
	}
	e.Record.Set("collection", c.Name) // which may have been given by its id
	return e.Next()
}

// checkLinkRequest wants the other end to be within the caller's sight, so that
// nobody learns by a link what there is.
func checkLinkRequest(e *core.RecordRequestEvent) error {
	if e.HasSuperuserAuth() {
		return e.Next()
	}
	c, record, err := linked(e.App, e.Record)
	if err != nil {
		return reply.Error(err)
	}
	info, err := e.RequestInfo()
	if err != nil {
		return err
	}
	sees, err := e.App.CanAccessRecord(record, info, c.ViewRule)
	if err != nil {
		return fmt.Errorf("who may see %s %s: %w", c.Name, record.Id, err)
	}
	if !sees {
		return reply.Error(fault.Field("record", "link_record_unknown", nil))
	}
	return e.Next()
}

func linked(app core.App, link *core.Record) (*core.Collection, *core.Record, error) {
	c, err := app.FindCachedCollectionByNameOrId(link.GetString("collection"))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, nil, err
	}
	if err != nil || c.System || c.ViewRule == nil {
		return nil, nil, fault.Field("collection", "link_collection_unknown", nil)
	}
	record, err := app.FindRecordById(c, link.GetString("record"))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil, fault.Field("record", "link_record_unknown", nil)
	}
	return c, record, err
}

// dropLinks takes the links to a record away with it.
func dropLinks(e *core.RecordEvent) error {
	c := e.Record.Collection()
	if c.System || c.ViewRule == nil {
		return e.Next()
	}
	return within.Transaction(e, func() error {
		links, err := e.App.FindAllRecords(schema.DocumentLinks, dbx.HashExp{"collection": c.Name, "record": e.Record.Id})
		if err != nil {
			return fmt.Errorf("look for links to %s %s: %w", c.Name, e.Record.Id, err)
		}
		for _, link := range links {
			if err := e.App.Delete(link); err != nil {
				return fmt.Errorf("take away a link: %w", err)
			}
		}
		return e.Next()
	})
}

// dropLinksToCollection takes the links to all its records away with a
// collection. On the way down through the migrations there may be no links.
func dropLinksToCollection(e *core.CollectionEvent) error {
	if _, err := e.App.FindCachedCollectionByNameOrId(schema.DocumentLinks); errors.Is(err, sql.ErrNoRows) {
		return e.Next()
	} else if err != nil {
		return err
	}
	_, err := e.App.NonconcurrentDB().Delete(schema.DocumentLinks, dbx.HashExp{"collection": e.Collection.Name}).Execute()
	if err != nil {
		return fmt.Errorf("take away the links to %s: %w", e.Collection.Name, err)
	}
	return e.Next()
}
