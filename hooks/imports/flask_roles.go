package imports

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/flask"
	"onlibrary/internal/quiet"
	"onlibrary/internal/schema"
)

// role moves a role with what its grants mean here. Of the library's own roles
// it takes the Admin who might do everything and the Visitor who might nothing;
// all others stay apart, so that nobody may more than they might.
func (m *mover) role(ctx context.Context, row flask.Row, rec *core.Record, l *line) error {
	name, granted := row.Text("name"), m.grants[row.ID()]
	own := ""
	switch {
	case strings.EqualFold(name, "admin") && len(granted) == len(schema.Permissions()):
		own = schema.RoleAdmin
	case strings.EqualFold(name, "visitor") && len(granted) == 0:
		own = schema.RoleVisitor
	}
	if own != "" {
		if err := m.ownRole(ctx, row.ID(), own, granted, l); err != nil {
			return err
		}
	}
	free, err := m.freeRoleName(name)
	if err != nil {
		return err
	}
	if free != name {
		l.note("role %q became %q", name, free)
	}
	rec.Set("name", free)
	rec.Set("permissions", granted)
	for _, f := range actionFields() {
		rec.Set(f.field, append([]string{}, m.actions[f.table][row.ID()]...))
	}
	l.note("may %s", orNothing(granted))
	return nil
}

type actionField struct{ table, field string }

func actionFields() []actionField {
	return []actionField{{flask.WebActions, "webActions"}, {flask.MobileActions, "mobileActions"}}
}

// ownRole settles a role that is one of the library's own, if that grants no
// more. Its actions come where it has none; what staff has set is left alone.
func (m *mover) ownRole(ctx context.Context, old int64, id string, granted []string, l *line) error {
	found, err := m.app.FindRecordsByIds(schema.Roles, []string{id})
	if err != nil || len(found) == 0 {
		return err
	}
	rec := found[0]
	for _, p := range rec.GetStringSlice("permissions") {
		if !slices.Contains(granted, p) {
			return nil
		}
	}
	outcome := unchanged
	for _, f := range actionFields() {
		if actions := m.actions[f.table][old]; len(actions) > 0 && len(rec.GetStringSlice(f.field)) == 0 {
			rec.Set(f.field, actions)
			outcome = moved
		}
	}
	why := "is the library's own " + rec.GetString("name")
	if outcome == moved {
		why += ", which takes its actions"
		if !m.dry {
			if err := m.app.SaveWithContext(quiet.With(ctx), rec); err != nil {
				return err
			}
		}
	}
	l.note("may %s", orNothing(granted))
	return settled{outcome: outcome, at: id, why: why}
}

func (m *mover) freeRoleName(name string) (string, error) {
	if name == "" {
		name = "Flask"
	}
	if r := []rune(name); len(r) > 110 {
		name = string(r[:110])
	}
	for n, free := 1, name; ; n++ {
		taken, err := m.app.CountRecords(schema.Roles, dbx.NewExp("name = {:name} COLLATE NOCASE", dbx.Params{"name": free}))
		if err != nil {
			return "", err
		}
		if key := "role " + strings.ToLower(free); taken == 0 && !m.names[key] {
			m.names[key] = true
			return free, nil
		}
		free = name + " (Flask)"
		if n > 1 {
			free = fmt.Sprintf("%s (Flask %d)", name, n)
		}
	}
}

func orNothing(permissions []string) string {
	if len(permissions) == 0 {
		return "nothing"
	}
	return strings.Join(permissions, ", ")
}

// grant and action tell what became of a row that went into its role.
func (m *mover) grant(_ context.Context, row flask.Row, _ *core.Record, l *line) error {
	method, route, role := row.Text("method"), row.Text("route"), row.Number("role_id")
	permissions, why := flask.Mean(method, route)
	if route == flask.Everything && len(m.everything[role]) == len(flask.Methods()) {
		permissions, why = []string{"every permission"}, ""
	}
	l.note("%s: %s %s", m.roleNames[role], method, route)
	if len(permissions) == 0 {
		return skip("%s", why)
	}
	l.note("becomes %s", strings.Join(permissions, ", "))
	return m.withRole(role)
}

func (m *mover) action(_ context.Context, row flask.Row, _ *core.Record, l *line) error {
	role, action := row.Number("role_id"), row.Text("action")
	l.note("%s: %.80q", m.roleNames[role], action)
	if wrong := roleAction(action); wrong != "" {
		return skip("dropped: it %s", wrong)
	}
	return m.withRole(role)
}

func (m *mover) withRole(role int64) error {
	outcome, ok := m.outcomes[flask.Roles][role]
	if !ok {
		return skip("there is no role %d", role)
	}
	return settled{outcome: outcome}
}
