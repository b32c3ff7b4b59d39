package accounts

import (
	"maps"
	"slices"
	"testing"

	"github.com/pocketbase/dbx"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

func TestListeningAreActivePatronsWithGoodTokens(t *testing.T) {
	h := open(t)
	ann, bob, old := h.user("ann", schema.RoleCustomer), h.user("bob", schema.RoleCustomer), h.user("old", schema.RoleCustomer)
	h.connect(testapp.Token(t, ann), "library/news")
	h.connect(testapp.Token(t, ann), "library/news")
	h.connect(testapp.Token(t, bob), "library/news")
	h.connect(testapp.Token(t, old), "library/news")
	h.connect(testapp.Token(t, testapp.Superuser(t, h)), "library/news")
	h.connect("", "library/news")
	// Past the hooks, which would close the connections.
	for query, user := range map[string]string{
		"UPDATE users SET state = 'inactive' WHERE id = {:id}":   bob.Id,
		"UPDATE users SET tokenKey = 'another' WHERE id = {:id}": old.Id,
	} {
		if _, err := h.NonconcurrentDB().NewQuery(query).Bind(dbx.Params{"id": user}).Execute(); err != nil {
			t.Fatal(err)
		}
	}
	listening, err := Listening(h)
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Collect(maps.Keys(listening)); len(got) != 1 || len(listening[ann.Id]) != 2 {
		t.Errorf("%v listen", got)
	}
}
