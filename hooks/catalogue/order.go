package catalogue

import (
	"net/http"
	"strings"

	"github.com/pocketbase/pocketbase/core"
)

// order sorts every list of records, the newest first unless the client says
// how, and always by id in the end, so that pages neither overlap nor leave
// gaps.
func order(e *core.RequestEvent) error {
	name, ok := strings.CutPrefix(e.Request.URL.Path, "/api/collections/")
	name, rest, _ := strings.Cut(name, "/")
	if !ok || e.Request.Method != http.MethodGet || rest != "records" {
		return e.Next()
	}
	c, err := e.App.FindCachedCollectionByNameOrId(name)
	if err != nil || c.IsView() {
		return e.Next()
	}
	query := e.Request.URL.Query()
	sort := strings.TrimSpace(query.Get("sort"))
	if sort == "" && c.Fields.GetByName("created") != nil {
		sort = "-created"
	}
	query.Set("sort", withID(sort))
	e.Request.URL.RawQuery = query.Encode()
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
		if k = strings.TrimLeft(strings.TrimSpace(k), "+-"); k == "id" || k == "@random" || k == "@rowid" {
			return sort
		}
	}
	if strings.HasPrefix(strings.TrimSpace(keys[0]), "-") {
		return sort + ",-id"
	}
	return sort + ",id"
}
