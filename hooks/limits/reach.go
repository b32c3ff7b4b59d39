package limits

import (
	"net/url"
	"slices"
	"strings"

	"github.com/ganigeorgiev/fexpr"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/search"
	"github.com/pocketbase/pocketbase/tools/subscriptions"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
)

// A path that goes from many to one and back to many, as in
// category.documents_via_category, multiplies what it reaches at every turn:
// a dozen of a guest's bytes would ask for more than any memory holds. So only
// the first step of a path may lead back; superusers go where they like.

// boundReach refuses a request with a path that turns back.
func boundReach(e *core.RequestEvent) error {
	if e.Request.URL.RawQuery == "" || e.HasSuperuserAuth() {
		return e.Next()
	}
	if err := checkReach(e.Request.URL.Query()); err != nil {
		return err
	}
	return e.Next()
}

// boundBatch does it for the requests inside a batch, which pass no middleware.
func boundBatch(e *core.BatchRequestEvent) error {
	if e.HasSuperuserAuth() {
		return e.Next()
	}
	for _, request := range e.Batch {
		_, query, _ := strings.Cut(request.URL, "?")
		values, _ := url.ParseQuery(query) // what is malformed in it is passed over, as in a request's own
		if err := checkReach(values); err != nil {
			return err
		}
	}
	return e.Next()
}

// topicsMost is how much one realtime connection may subscribe to.
const topicsMost = 100

// boundSubscriptions does it for the options of realtime subscriptions, and
// bounds how many there are.
func boundSubscriptions(e *core.RealtimeSubscribeRequestEvent) error {
	if e.Auth != nil && e.Auth.IsSuperuser() {
		return e.Next()
	}
	// Each of them is looked at for every record that is written, by its writer.
	if len(e.Subscriptions) > topicsMost {
		return reply.Error(fault.Field("subscriptions", "too_many_entries", map[string]any{"max": topicsMost}))
	}
	// PocketBase's own client reads the options, so that it reads them alike.
	reader := subscriptions.NewDefaultClient()
	reader.Subscribe(e.Subscriptions...)
	for _, options := range reader.Subscriptions() {
		values := url.Values{}
		for name, value := range options.Query {
			values.Set(name, value)
		}
		if err := checkReach(values); err != nil {
			return err
		}
	}
	return e.Next()
}

func checkReach(query url.Values) error {
	for _, name := range []string{"expand", search.SortQueryParam} {
		for _, value := range query[name] {
			if slices.ContainsFunc(strings.Split(value, ","), turnsBack) {
				return reply.Error(fault.Field(name, "path_turns_back", nil))
			}
		}
	}
	for _, value := range query[search.FilterQueryParam] {
		// What cannot be parsed is PocketBase's to refuse.
		if groups, err := fexpr.Parse(value); err == nil && slices.ContainsFunc(groups, groupTurnsBack) {
			return reply.Error(fault.Field(search.FilterQueryParam, "path_turns_back", nil))
		}
	}
	return nil
}

func groupTurnsBack(g fexpr.ExprGroup) bool {
	switch item := g.Item.(type) {
	case fexpr.Expr:
		return tokenTurnsBack(item.Left) || tokenTurnsBack(item.Right)
	case fexpr.ExprGroup:
		return groupTurnsBack(item)
	case []fexpr.ExprGroup:
		return slices.ContainsFunc(item, groupTurnsBack)
	}
	return false
}

func tokenTurnsBack(t fexpr.Token) bool {
	arguments, _ := t.Meta.([]fexpr.Token)
	return t.Type == fexpr.TokenIdentifier && turnsBack(t.Literal) || slices.ContainsFunc(arguments, tokenTurnsBack)
}

// turnsBack tells whether a path leads back to many after its first step.
func turnsBack(path string) bool {
	_, rest, _ := strings.Cut(path, ".")
	return strings.Contains(rest, "_via_")
}
