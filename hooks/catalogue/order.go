package catalogue

import (
	"strings"

	"github.com/pocketbase/pocketbase/core"
)

// mostKeys is how many keys PocketBase takes in a sort.
const mostKeys = 8

// order sorts every list of records, the newest first unless the client says
// how, and always by id in the end, so that pages neither overlap nor leave
// gaps.
func order(e *core.RequestEvent) error {
	if e.Request.Pattern != "GET /api/collections/{collection}/records" {
		return e.Next()
	}
	c, err := e.App.FindCachedCollectionByNameOrId(e.Request.PathValue("collection"))
	if err != nil || c.IsView() {
		return e.Next()
	}
	query := e.Request.URL.Query()
	sort := strings.TrimSpace(query.Get("sort"))
	if sort == "" && c.Fields.GetByName("created") != nil {
		sort = "-created"
	}
	if ordered := withID(sort); ordered != query.Get("sort") {
		query.Set("sort", ordered)
		e.Request.URL.RawQuery = query.Encode()
	}
	return e.Next()
}

// withID ends a sort in id, in the direction of its first key, so that one
// index can serve both.
func withID(sort string) string {
	if sort == "" {
		return "-id"
	}
	keys := strings.Split(sort, ",")
	for _, k := range keys {
		switch strings.TrimLeft(strings.TrimSpace(k), "+-") {
		case "id", "@random", "@rowid":
			return sort
		}
	}
	switch {
	case len(keys) >= mostKeys:
		return sort
	case strings.HasPrefix(strings.TrimSpace(keys[0]), "-"):
		return sort + ",-id"
	}
	return sort + ",id"
}
