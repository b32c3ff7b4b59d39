package limits

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

func TestPathsThatTurnBack(t *testing.T) {
	h := open(t)
	const back = "category.documents_via_category"
	for _, test := range []struct {
		name, value string
		refused     bool
	}{
		{"expand", "owner, " + back, true},
		{"expand", back + "." + back, true},
		{"expand", "category,document_shares_via_document.user", false},
		{"sort", "-" + back + ".title", true},
		{"sort", "category.name", false},
		{"filter", "id != '' && (" + back + ".title ?~ 'a' || id = '')", true},
		{"filter", "strftime('%Y', " + back + ".created) = '2026'", true},
		{"filter", "document_shares_via_document.user ?= 'x'", false},
		{"filter", "title = 'a.b_via_c'", false},
	} {
		res, err := http.Get(h.url + "/api/collections/documents/records?" + url.Values{test.name: {test.value}}.Encode())
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		refused := res.StatusCode == http.StatusBadRequest && strings.Contains(string(body), "path_turns_back")
		if refused != test.refused || !refused && res.StatusCode != http.StatusOK {
			t.Errorf("%s=%s: %d %s", test.name, test.value, res.StatusCode, body)
		}
	}
}

func TestTopicsOfAConnectionAreBounded(t *testing.T) {
	h := open(t)
	ann := testapp.User(t, h, "topical", schema.RoleVisitor)
	client := subscriptions.NewDefaultClient()
	h.SubscriptionsBroker().Register(client)
	for n, want := range map[int]int{topicsMost: http.StatusNoContent, topicsMost + 1: http.StatusBadRequest} {
		topics := make([]string, n)
		for i := range topics {
			topics[i] = fmt.Sprintf(`documents/*?options={"query":{"filter":"title!='%d'"}}`, i)
		}
		status, _, raw := h.send("POST", "/api/realtime", ann, map[string]any{"clientId": client.Id(), "subscriptions": topics})
		if status != want || want == http.StatusBadRequest && !strings.Contains(raw, "too_many_entries") {
			t.Errorf("%d topics: %d %s", n, status, raw)
		}
	}
}

// A spelling that finds no account must not tell by its own count whether the
// plain one does.
func TestSpellingsTellNothing(t *testing.T) {
	h := open(t)
	testapp.User(t, h.TestApp, "ann", schema.RoleVisitor)
	for _, name := range []string{"ann", "nobody"} {
		for range failuresMost {
			h.signIn(schema.Users, name+"@example.org", "wrong")
		}
		for _, spelling := range []string{"　" + name + "@example.org ", strings.Replace(name, "n", "ｎ", 1) + "@example.org"} {
			if status, _ := h.signIn(schema.Users, spelling, "wrong"); status != http.StatusTooManyRequests {
				t.Errorf("%q after ten failures of %s: %d", spelling, name, status)
			}
		}
	}
}
