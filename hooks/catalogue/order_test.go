package catalogue

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

func TestWithID(t *testing.T) {
	for sort, want := range map[string]string{
		"": "-id", "title": "title,id", "-title": "-title,-id", "+title": "+title,id", "series,seriesIndex": "series,seriesIndex,id",
		" -title , code": " -title , code,-id", "id": "id", "title,-id": "title,-id", "@random": "@random", "-@rowid": "-@rowid",
		"a,b,c,d,e,f,g,h": "a,b,c,d,e,f,g,h",
	} {
		if got := withID(sort); got != want {
			t.Errorf("%q: %q, want %q", sort, got, want)
		}
	}
}

func TestListsAreInOrder(t *testing.T) {
	h := open(t)
	for i := range 9 {
		id := fmt.Sprintf("doc%012d", (i*7)%9) // not in the order they are made
		h.sql(t, `INSERT INTO documents (id, code, title, visibility, state, owner, created, updated, published)
			VALUES ({:id}, {:id}, 'Same', 'public', 'ready', '', '2026-01-01 00:00:00.000Z', '2026-01-01 00:00:00.000Z', {:year})`,
			dbx.Params{"id": id, "year": fmt.Sprint(1990 + i/3)})
	}
	for query, want := range map[string]string{
		"": "876543210", "sort=": "876543210", "sort=title": "012345678", "sort=-title": "876543210", "sort=title,-id": "876543210",
		"sort=-created&skipTotal=1": "876543210",
		"sort=%20title":             "012345678", "filter=" + url.QueryEscape("title = 'Same' && code > 'doc000000000004'"): "8765",
	} {
		var got strings.Builder
		for page := 1; page <= 3; page++ {
			a := h.Do(t, nil, "GET", fmt.Sprintf("%s?perPage=4&page=%d&%s", records, page, query), nil)
			items, _ := a.At("items").([]any)
			for i := range items {
				id := fmt.Sprint(a.At("items", i, "id"))
				got.WriteString(id[len(id)-1:])
			}
			if total := a.At("totalItems"); total != -1.0 == strings.Contains(query, "skipTotal") {
				t.Errorf("%s: %v in total", query, total)
			}
		}
		if got.String() != want {
			t.Errorf("%s: %s, want %s", query, got.String(), want)
		}
	}
	for query, want := range map[string]int{"sort=@random": 200, "sort=nothing": 400, "sort=title,title,title,title,title,title,title,title": 200, "page=x": 400} {
		if a := h.Do(t, nil, "GET", records+"?"+query, nil); a.Status != want {
			t.Errorf("%s: %d %s", query, a.Status, a.Raw)
		}
	}
	for _, path := range []string{"/api/collections/_superusers/records", "/api/collections/nothing/records"} {
		if a := h.Do(t, h.root, "GET", path, nil); a.Status >= 500 {
			t.Errorf("%s: %d %s", path, a.Status, a.Raw)
		}
	}
	view := core.NewViewCollection("names")
	view.ViewQuery = "SELECT id, title FROM documents"
	if err := h.Save(view); err != nil {
		t.Fatal(err)
	}
	if a := h.Do(t, h.root, "GET", "/api/collections/names/records", nil); a.Status != 200 || a.At("totalItems") != 9.0 {
		t.Errorf("a view: %d %s", a.Status, a.Raw)
	}
}

// However many documents are on a page, what the reader may see is asked once.
func TestOneQuestionAPage(t *testing.T) {
	h := open(t)
	for range 5 {
		testapp.Document(t, h, h.owner, schema.VisibilityMembers)
	}
	count := func(path string) int {
		n := 0
		db, ok := h.ConcurrentDB().(*dbx.DB)
		if !ok {
			t.Fatal("no database")
		}
		db.QueryLogFunc = func(context.Context, time.Duration, string, *sql.Rows, error) { n++ }
		defer func() { db.QueryLogFunc = nil }()
		if a := h.Do(t, h.other, "GET", path, nil); a.Status != 200 {
			t.Fatal(a.Status, string(a.Raw))
		}
		return n
	}
	one, five := count(records+"?skipTotal=1&perPage=1"), count(records+"?skipTotal=1&perPage=5")
	if one != five {
		t.Errorf("a page of one asks %d times, one of five %d times", one, five)
	}
}

func TestCodesAreReadable(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		code := newCode()
		if strings.ContainsAny(code, "01IO") || len(code) != 11 || seen[code] {
			t.Errorf("%s", code)
		}
		seen[code] = true
	}
}
