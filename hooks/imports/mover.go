package imports

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pocketbase/dbx"
	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/types"

	"onlibrary/internal/flask"
	"onlibrary/internal/quiet"
	"onlibrary/internal/reply"
)

// together is how many rows without files are written in one transaction.
const together = 100

// mover moves the rows of an old database.
type mover struct {
	Deps
	app         core.App // or the transaction of the rows at hand
	source      *flask.Source
	uploads     uploads
	zone, clock *time.Location // of the old server, and of its database's own times
	visibility  string
	dry         bool
	report      *report

	at       map[string]map[int64]string // where the rows of a table are now, or would be
	outcomes map[string]map[int64]string
	planned  map[string]bool   // ids that would be there after a dry run
	names    map[string]bool   // names and pairs that would be taken
	owners   map[string]string // of the documents that came now
	gathered
	fileDate types.DateTime
	clean    []func() error // when the row at hand is done
}

// step moves the rows of a table into a collection.
type step struct {
	kind, table, collection string
	alone                   bool // each row by itself: it brings a file
	// fill makes a record of a row. It may return a settled, or errNothing.
	fill func(ctx context.Context, row flask.Row, rec *core.Record, l *line) error
	// spare are fields that a record rather lacks than stays behind.
	spare []string
}

// settled is what became of a row that needs no new record. at is the id of
// the one that is there instead, if any.
type settled struct{ outcome, at, why string }

func (s settled) Error() string { return s.why }

func skip(format string, values ...any) error {
	return settled{outcome: skipped, why: fmt.Sprintf(format, values...)}
}

var (
	errNothing = errors.New("there is nothing to move in the row")
	errDry     = errors.New("nothing is written in a dry run")
)

// newID makes an id of PocketBase's shape of where a record comes from: the
// same again on the next run.
func newID(table string, id int64, more string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "flask/%s/%d/%s", table, id, more))
	return strings.ToLower(base32.HexEncoding.EncodeToString(sum[:10]))[:15]
}

// stopWrites lets everything of a dry run happen until the database would be
// written and files copied.
func stopWrites(app core.App) {
	app.OnRecordCreateExecute().Bind(&hook.Handler[*core.RecordEvent]{
		Id: "onlibrary.imports.dry", Priority: -1000, Func: func(*core.RecordEvent) error { return errDry },
	})
}

func (m *mover) move(ctx context.Context, s step) error {
	m.at[s.kind], m.outcomes[s.kind] = map[int64]string{}, map[int64]string{}
	size := together
	if s.alone {
		size = 1
	}
	var rows []flask.Row
	for row, err := range m.source.Rows(ctx, s.table) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if rows = append(rows, row); len(rows) == size {
			if err := m.write(ctx, s, rows); err != nil {
				return err
			}
			rows = rows[:0]
		}
	}
	return m.write(ctx, s, rows)
}

// write moves some rows and tells of them once that is committed.
func (m *mover) write(ctx context.Context, s step, rows []flask.Row) error {
	var lines []line
	all := func() {
		for _, row := range rows {
			if l := m.one(ctx, s, row); l.outcome != "" {
				lines = append(lines, l)
				m.outcomes[s.kind][row.ID()] = l.outcome
			}
		}
	}
	var err error
	if s.alone || m.dry { // a transaction would hold the only writer while files are copied
		all()
	} else {
		outer := m.app
		err = outer.RunInTransaction(func(tx core.App) error { m.app = tx; all(); return nil })
		m.app = outer
	}
	if err != nil {
		return fmt.Errorf("move %s: %w", s.kind, err)
	}
	for _, l := range lines {
		if err := m.report.add(l); err != nil {
			return err
		}
	}
	return nil
}

// one moves a row. The line says nothing if there was nothing to move.
func (m *mover) one(ctx context.Context, s step, row flask.Row) line {
	l := line{kind: s.kind, old: row.ID(), outcome: moved}
	id, err := m.row(ctx, s, row, &l)
	for _, clean := range m.clean {
		if err := clean(); err != nil {
			l.note("%v", err)
		}
	}
	m.clean = nil
	var to settled
	switch {
	case errors.Is(err, errNothing):
		return line{}
	case errors.As(err, &to):
		l.outcome, id = to.outcome, to.at
		if to.why != "" {
			l.note("%s", to.why)
		}
	case err != nil:
		l.outcome, id = failed, ""
		l.note("%v", reply.Plain(err, m.Text))
	}
	if id != "" {
		m.at[s.kind][row.ID()] = id
	}
	return l
}

func (m *mover) row(ctx context.Context, s step, row flask.Row, l *line) (string, error) {
	id := newID(s.kind, row.ID(), "")
	if s.collection == "" {
		return "", s.fill(ctx, row, nil, l)
	}
	n, err := m.app.CountRecords(s.collection, dbx.HashExp{"id": id})
	if err != nil {
		return "", err
	}
	if n > 0 {
		return "", settled{outcome: unchanged, at: id}
	}
	c, err := m.app.FindCachedCollectionByNameOrId(s.collection)
	if err != nil {
		return "", err
	}
	rec := core.NewRecord(c)
	rec.Set(core.FieldNameId, id)
	if err := m.date(row, rec); err != nil {
		return "", err
	}
	m.fileDate = types.DateTime{}
	if err := s.fill(ctx, row, rec, l); err != nil {
		return "", err
	}
	return id, m.save(ctx, rec, s.spare, l)
}

// date keeps when the row was made and changed, which its database wrote by its
// own clock.
func (m *mover) date(row flask.Row, rec *core.Record) error {
	created, err := m.instant(row, "created_at", m.clock)
	if err != nil || created.IsZero() {
		return err
	}
	updated, err := m.instant(row, "updated_at", m.clock)
	if err != nil {
		return err
	}
	if updated.IsZero() {
		updated = created
	}
	rec.SetRaw("created", created)
	rec.SetRaw("updated", updated)
	return nil
}

func (m *mover) instant(row flask.Row, column string, zone *time.Location) (types.DateTime, error) {
	t, err := row.Instant(column, zone)
	if err != nil || t.IsZero() {
		return types.DateTime{}, err
	}
	return types.ParseDateTime(t)
}

// save writes the record so that nobody is told, and again without a spare
// field that is refused.
func (m *mover) save(ctx context.Context, rec *core.Record, spare []string, l *line) error {
	if m.dry {
		m.planned[rec.Id] = true
		if !m.checkable(rec) {
			return nil
		}
	}
	ctx = context.WithValue(quiet.With(ctx), fileDateKey{}, m.fileDate)
	for spare := slices.Clone(spare); ; {
		err := m.app.SaveWithContext(ctx, rec)
		if m.dry && errors.Is(err, errDry) {
			return nil
		}
		var fields validation.Errors
		if !errors.As(err, &fields) {
			return err
		}
		again := false
		spare = slices.DeleteFunc(spare, func(field string) bool {
			refusal := fields[field]
			if refusal == nil {
				return false
			}
			l.note("comes without %v", reply.Plain(validation.Errors{field: refusal}, m.Text))
			rec.Set(field, nil)
			again = true
			return true
		})
		if !again {
			return err
		}
	}
}

// checkable takes out of a record what a dry run has not written and would be
// missed; false if it cannot do without.
func (m *mover) checkable(rec *core.Record) bool {
	for _, f := range rec.Collection().Fields {
		if relation, ok := f.(*core.RelationField); ok && m.planned[rec.GetString(relation.Name)] {
			if relation.Required {
				return false
			}
			rec.Set(relation.Name, "")
		}
	}
	return true
}

// found is where a row that another points to is, or would be.
func (m *mover) found(kind string, old int64) (string, bool) {
	id, ok := m.at[kind][old]
	return id, ok
}

// there returns the id of a record of which all that is so; empty if there is none.
func (m *mover) there(collection string, where dbx.HashExp) (string, error) {
	var ids []string
	err := m.app.DB().Select("id").From(collection).Where(where).Limit(1).Column(&ids)
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[0], nil
}

// fileDateKey is where a save's context keeps when a moved file last changed.
type fileDateKey struct{}

func keepFileDate(e *core.RecordEvent) error {
	if e.Context != nil {
		if date, ok := e.Context.Value(fileDateKey{}).(types.DateTime); ok && !date.IsZero() {
			e.Record.Set("fileUpdated", date)
		}
	}
	return e.Next()
}
