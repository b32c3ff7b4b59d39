package audit

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/actor"
	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

// bySettings marks the settings that a superuser saves, and what changes in them.
func (r *room) bySettings(e *core.SettingsUpdateRequestEvent) error {
	sections, err := sectionsChanged(e.OldSettings, e.NewSettings)
	if err != nil {
		return err
	}
	r.sections.Store(e.NewSettings, sections)
	defer r.sections.Delete(e.NewSettings)
	return r.during(e.NewSettings, actor.Of(e.RequestEvent), e.Next)
}

// sectionsChanged names the sections of the settings that differ.
func sectionsChanged(old, next *core.Settings) ([]string, error) {
	was, err := sections(old)
	if err != nil {
		return nil, err
	}
	is, err := sections(next)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for name := range is {
		if !bytes.Equal(was[name], is[name]) {
			names = append(names, name)
		}
	}
	// Secrets are left out of what settings show of themselves.
	for name, same := range map[string]bool{
		"smtp":    old.SMTP.Password == next.SMTP.Password,
		"s3":      old.S3.Secret == next.S3.Secret,
		"backups": old.Backups.S3.Secret == next.Backups.S3.Secret,
	} {
		if !same && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

func sections(s *core.Settings) (map[string]json.RawMessage, error) {
	out := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(s.String()), &out); err != nil {
		return nil, fmt.Errorf("reading settings: %w", err)
	}
	return out, nil
}

// settings keeps that PocketBase's settings were saved, by whomever.
func (r *room) settings(e *core.ModelEvent) error {
	s, ok := e.Model.(*core.Settings)
	if !ok {
		return e.Next()
	}
	app := e.App
	defer func() { e.App = app }()
	return app.RunInTransaction(func(tx core.App) error {
		e.App = tx
		if err := e.Next(); err != nil {
			return err
		}
		a, known := r.known(e.Context, app, s)
		if !known {
			a = r.itself()
		}
		w := row{Actor: a, action: Settings}
		if changes, ok := r.sections.Load(s); ok {
			w.changes, _ = changes.([]string)
			if len(w.changes) == 0 {
				return nil
			}
		}
		return r.write(tx, w)
	})
}

// collection keeps what a superuser does to collections. Migrations and what
// the program does to them by itself, following a setting, leave no row.
func (r *room) collection(action string) func(*core.CollectionEvent) error {
	return func(e *core.CollectionEvent) error {
		a, known := r.known(e.Context, e.App, e.Collection)
		if !known {
			return e.Next()
		}
		ends, err := endsAudit(e.App, action, e.Collection)
		if err != nil {
			return err
		}
		if ends {
			return reply.Validation(kept())
		}
		app := e.App
		defer func() { e.App = app }()
		return app.RunInTransaction(func(tx core.App) error {
			e.App = tx
			if err := e.Next(); err != nil {
				return err
			}
			return r.write(tx, row{Actor: a, action: action, collection: collections, record: e.Collection.Name})
		})
	}
}

// endsAudit tells whether what is done to a collection would leave the audit
// nowhere to write to: under another name it would not be found, and without one
// of its fields no change of anything could be kept, and so none be made.
func endsAudit(app core.App, action string, c *core.Collection) (bool, error) {
	stored, err := app.FindCollectionByNameOrId(schema.AuditLogs)
	if errors.Is(err, sql.ErrNoRows) || err == nil && stored.Id != c.Id {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading the audit's collection: %w", err)
	}
	return action == Delete || c.Name != stored.Name || slices.ContainsFunc(stored.Fields, func(f core.Field) bool {
		left := c.Fields.GetById(f.GetId())
		return left == nil || left.GetName() != f.GetName()
	}), nil
}

// backup keeps that one was made, by a superuser, a schedule or a command.
func (r *room) backup(e *core.BackupEvent) error {
	if err := e.Next(); err != nil {
		return err
	}
	a, known := r.known(e.Context, e.App, backedUp{})
	if !known {
		a = r.itself()
	}
	r.writeOrLog(e.App, row{Actor: a, action: Backup, collection: backups, record: e.Name})
	return nil
}

// console keeps what superusers do by routes of PocketBase that have no events.
func (r *room) console(e *core.RequestEvent) error {
	if !e.HasSuperuserAuth() {
		return e.Next()
	}
	w := row{Actor: actor.Of(e)}
	switch e.Request.Pattern {
	case "POST /api/backups":
		return r.during(backedUp{}, w.Actor, e.Next)
	case "DELETE /api/collections/{collection}/truncate":
		c, err := e.App.FindCachedCollectionByNameOrId(e.Request.PathValue("collection"))
		if err != nil {
			return e.Next() // PocketBase's to refuse
		}
		if c.Name == schema.AuditLogs {
			return reply.Error(kept())
		}
		return r.during(truncated{c.Id}, w.Actor, e.Next)
	case "POST /api/sql":
		w.action = SQL
	case "POST /api/backups/upload":
		w.action, w.collection = Create, backups
	case "DELETE /api/backups/{key}":
		w.action, w.collection, w.record = Delete, backups, e.Request.PathValue("key")
	default:
		return e.Next()
	}
	err := e.Next()
	if err == nil {
		r.writeOrLog(e.App, w)
	}
	return err
}

// keep refuses to change or delete a row of the audit, whoever asks.
func keep(*core.RecordRequestEvent) error { return reply.Error(kept()) }

func kept() error { return fault.New(fault.Forbidden, "audit_kept") }
