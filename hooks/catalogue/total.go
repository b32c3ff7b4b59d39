package catalogue

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/routine"
	"github.com/pocketbase/pocketbase/tools/search"
	"golang.org/x/sync/errgroup"

	"onlibrary/internal/rules"
	"onlibrary/internal/schema"
)

// countApart keeps, with a request, the func that waits for its total.
const countApart = "onlibrary.catalogue.countApart"

// takeTotal has documents that nothing narrows counted by addTotal, since
// PocketBase would judge each of them by the list rule. A filter narrows, and so
// does a sort by what lies beyond a relation.
func takeTotal(e *core.RequestEvent) error {
	if e.Request.Pattern != "GET /api/collections/{collection}/records" {
		return e.Next()
	}
	c, err := e.App.FindCachedCollectionByNameOrId(e.Request.PathValue("collection"))
	if err != nil || c.Name != schema.Documents || e.HasSuperuserAuth() {
		return e.Next()
	}
	query := e.Request.URL.Query()
	skip := query.Get(search.SkipTotalQueryParam)
	if no, err := strconv.ParseBool(skip); query.Get(search.FilterQueryParam) != "" || strings.Contains(query.Get(search.SortQueryParam), ".") || skip != "" && (err != nil || no) {
		return e.Next()
	}
	query.Set(search.SkipTotalQueryParam, "1")
	e.Request.URL.RawQuery = query.Encode()
	var n int
	app, patron, count := e.App, e.Auth, new(errgroup.Group)
	count.Go(routine.SafeWrap(func() (err error) {
		n, err = readable(app, patron)
		return err
	}))
	e.Set(countApart, func() (int, error) {
		err := count.Wait()
		return n, err
	})
	return e.Next()
}

func addTotal(e *core.RecordsListRequestEvent) error {
	total, ok := e.Get(countApart).(func() (int, error))
	if !ok {
		return e.Next()
	}
	n, err := total()
	if err != nil {
		return err
	}
	e.Result.TotalItems = n
	e.Result.TotalPages = int(math.Ceil(float64(n) / float64(e.Result.PerPage)))
	return e.Next()
}

// readable counts the documents that the list rule lets the patron read: all,
// less the private ones, and again the private ones that are theirs or shared
// with them. Each count is read off an index.
func readable(app core.App, patron *core.Record) (int, error) {
	const private = "SELECT count(*) FROM documents WHERE visibility = 'private'"
	query := "SELECT count(*) FROM documents WHERE visibility = 'public'"
	params := dbx.Params{}
	if patron != nil {
		active, all, err := rules.Standing(app, patron.Id, schema.DocumentsRead, schema.DocumentsManage)
		if err != nil {
			return 0, err
		}
		switch {
		case all:
			query = "SELECT count(*) FROM documents"
		case active:
			// CROSS keeps the order: from the patron's shares to the documents.
			query = "SELECT (SELECT count(*) FROM documents) - (" + private + ") + (" + private + " AND owner = {:patron})" +
				" + (SELECT count(*) FROM document_shares s CROSS JOIN documents d ON d.id = s.document" +
				" WHERE s.user = {:patron} AND d.visibility = 'private' AND d.owner != {:patron})"
			params["patron"] = patron.Id
		}
	}
	var n int
	if err := app.ConcurrentDB().NewQuery(query).Bind(params).Row(&n); err != nil {
		return 0, fmt.Errorf("count the documents that may be read: %w", err)
	}
	return n, nil
}
