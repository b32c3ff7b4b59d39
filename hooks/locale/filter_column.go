package locale

import (
	"regexp"
	"strings"
	"time"

	"github.com/ganigeorgiev/fexpr"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
)

// column is what a filter needs to know of a field that it names.
type column struct {
	instant bool // a date or autodate field
	text    bool // kept as text
	lower   bool // seen through :lower
}

// write writes an instant as the column shows it. What is out of the years that
// the database can hold comes before or after all that it does.
func (c column) write(at time.Time) string {
	at = at.UTC()
	switch year := at.Year(); {
	case year < 0:
		at = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	case year > 9999:
		at = time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC)
	}
	text := at.Format(types.DefaultDateLayout)
	if c.lower {
		return strings.ToLower(text)
	}
	return text
}

var backRelation = regexp.MustCompile(`^(\w+)_via_(\w+)$`)

// column follows a path from field to field as PocketBase does when it builds
// the query (core/record_field_resolver_runner.go). It need not ask who may
// see what lies on the way, since PocketBase refuses that afterwards.
func (l *localiser) column(t fexpr.Token) column {
	if t.Type != fexpr.TokenIdentifier {
		return column{}
	}
	collection, path := l.collection, t.Literal
	if rest, ok := strings.CutPrefix(path, "@collection."); ok {
		name, rest, _ := strings.Cut(rest, ".")
		name, _, _ = strings.Cut(name, ":") // an alias
		collection, path = l.find(name), rest
	}
	for collection != nil {
		name, rest, more := strings.Cut(path, ".")
		if !more {
			return l.last(collection, name)
		}
		collection, path = l.next(collection, name), rest
	}
	return column{}
}

// next is the collection that a relation or back-relation leads to, nil if it
// is neither.
func (l *localiser) next(from *core.Collection, name string) *core.Collection {
	if field := from.Fields.GetByName(name); field != nil {
		if relation, ok := field.(*core.RelationField); ok {
			return l.find(relation.CollectionId)
		}
		return nil // a path within JSON, or none
	}
	parts := backRelation.FindStringSubmatch(name)
	if parts == nil {
		return nil
	}
	back := l.find(parts[1])
	if back == nil {
		return nil
	}
	if relation, ok := back.Fields.GetByName(parts[2]).(*core.RelationField); !ok || relation.CollectionId != from.Id {
		return nil
	}
	return back
}

func (l *localiser) last(of *core.Collection, name string) column {
	name, modifier, _ := strings.Cut(name, ":")
	field := of.Fields.GetByName(name)
	if field == nil {
		return column{}
	}
	lower := modifier == "lower"
	switch field.Type() {
	case core.FieldTypeDate, core.FieldTypeAutodate:
		// Of the other modifiers PocketBase makes nothing for a single value.
		return column{instant: true, text: !lower, lower: lower}
	default:
		return column{text: modifier == "" && strings.HasPrefix(field.ColumnType(l.app), "TEXT")}
	}
}

func (l *localiser) find(collection string) *core.Collection {
	c, err := l.app.FindCachedCollectionByNameOrId(collection)
	if err != nil {
		return nil
	}
	return c
}
