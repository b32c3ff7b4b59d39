package locale

import (
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/search"

	"onlibrary/internal/filter"
)

// listPattern is PocketBase's only route on which a client filters records.
const listPattern = "GET /api/collections/{collection}/records"

// localiseList reads the filter of a list request by the request's clock. While
// the request is answered its URL carries the filter in UTC.
func (r *room) localiseList(e *core.RequestEvent) error {
	if e.Request.Pattern != listPattern || e.Request.URL.RawQuery == "" {
		return e.Next()
	}
	query := e.Request.URL.Query()
	own := query.Get(search.FilterQueryParam)
	if own == "" || len(own) > search.MaxFilterLength {
		return e.Next()
	}
	collection, err := e.App.FindCachedCollectionByNameOrId(e.Request.PathValue("collection"))
	if err != nil {
		return e.Next() // PocketBase says what is wrong
	}
	// It keeps the filter as the client wrote it, for PocketBase to refuse what
	// only superusers may write.
	info, err := e.RequestInfo()
	if err != nil {
		return e.Next() // PocketBase says what is wrong
	}
	l := localiser{app: e.App, collection: collection, now: r.now().In(r.Zone(info))}
	localised := l.localise(own)
	if localised == own {
		return e.Next()
	}
	// The limit is on what a client writes.
	if len(localised) > search.MaxFilterLength {
		info.Query[filter.LongParam] = localised
		localised = filter.Long
	}
	query.Set(search.FilterQueryParam, localised)
	asked, u := e.Request.URL.RawQuery, e.Request.URL
	u.RawQuery = query.Encode()
	defer func() { u.RawQuery = asked }() // the log tells what was asked
	return e.Next()
}
