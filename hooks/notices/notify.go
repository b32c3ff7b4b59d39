package notices

import (
	"fmt"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
)

// Notice is what a patron is told of something that happened. The words are
// those of Key in the recipient's language, notice.<key>.title and
// notice.<key>.body, with Data for their placeholders.
type Notice struct {
	User      *core.Record
	Kind      string // one of schema.Kind…
	Key       string
	Data      map[string]any
	Document  string // an id, or empty
	WebAction string // a path of the app, or empty
}

// notify writes a notice through tx, which should be the transaction of its
// cause. Push and mail follow from that.
func (r *room) notify(tx core.App, n Notice) error {
	record, err := r.compose(tx, n)
	if err != nil {
		return err
	}
	if err := tx.Save(record); err != nil {
		return fmt.Errorf("notice %s: %w", n.Key, err)
	}
	return nil
}

// compose makes a notice in the recipient's language, or without one in the
// library's.
func (r *room) compose(tx core.App, n Notice) (*core.Record, error) {
	c, err := tx.FindCachedCollectionByNameOrId(schema.Notifications)
	if err != nil {
		return nil, err
	}
	language, _ := r.Recipient(n.User)
	text := func(part string) string { return r.Text(language, "notice."+n.Key+"."+part, n.Data) }
	record := core.NewRecord(c)
	if n.User != nil {
		record.Set("user", n.User.Id)
	}
	record.Set("kind", n.Kind)
	record.Set("title", cut(text("title"), titleMost))
	record.Set("body", cut(text("body"), bodyTextMost))
	record.Set("document", n.Document)
	record.Set("webAction", n.WebAction)
	return record, nil
}

// What the fields of a notification hold at most, in characters.
const (
	titleMost    = 200
	bodyTextMost = 2000
)

// cut shortens what would be refused: the words around a long title or name are
// no reason to undo the cause.
func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
