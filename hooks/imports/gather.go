package imports

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pocketbase/pocketbase/tools/security"
	"golang.org/x/crypto/bcrypt"

	"onlibrary/internal/flask"
	"onlibrary/internal/schema"
)

// gathered is what has to be known of many rows before the first is moved.
type gathered struct {
	grants     map[int64][]string        // role → permissions
	everything map[int64]map[string]bool // role → methods granted on every route
	actions    map[string]map[int64][]string
	roleNames  map[int64]string
	addresses  map[string]int // case aside → how many have it
	nobody     string         // the hash of a password that nobody has
	oldestLog  time.Time
}

func (m *mover) gather(ctx context.Context) error {
	m.gathered = gathered{
		grants: map[int64][]string{}, everything: map[int64]map[string]bool{}, roleNames: map[int64]string{}, addresses: map[string]int{},
		actions: map[string]map[int64][]string{flask.WebActions: {}, flask.MobileActions: {}},
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(security.RandomString(40)), bcrypt.DefaultCost)
	if err != nil {
		return fmt.Errorf("make a password that nobody has: %w", err)
	}
	m.nobody = string(hash)
	for table, note := range map[string]func(flask.Row){
		flask.Roles:         func(row flask.Row) { m.roleNames[row.ID()] = row.Text("name") },
		flask.Grants:        m.gatherGrant,
		flask.WebActions:    func(row flask.Row) { m.gatherAction(flask.WebActions, row) },
		flask.MobileActions: func(row flask.Row) { m.gatherAction(flask.MobileActions, row) },
		flask.Users:         func(row flask.Row) { m.addresses[strings.ToLower(row.Text("email"))]++ },
	} {
		for row, err := range m.source.Rows(ctx, table) {
			if err != nil {
				return err
			}
			note(row)
		}
	}
	for role, methods := range m.everything {
		if len(methods) == len(flask.Methods()) {
			m.grants[role] = schema.Permissions()
		}
	}
	return nil
}

func (m *mover) gatherGrant(row flask.Row) {
	role, method := row.Number("role_id"), strings.ToUpper(row.Text("method"))
	permissions, _ := flask.Mean(method, row.Text("route"))
	for _, p := range permissions {
		if !slices.Contains(m.grants[role], p) {
			m.grants[role] = append(m.grants[role], p)
		}
	}
	if row.Text("route") == flask.Everything && slices.Contains(flask.Methods(), method) {
		if m.everything[role] == nil {
			m.everything[role] = map[string]bool{}
		}
		m.everything[role][method] = true
	}
}

func (m *mover) gatherAction(table string, row flask.Row) {
	role, action := row.Number("role_id"), row.Text("action")
	if roleAction(action) == "" && !slices.Contains(m.actions[table][role], action) {
		m.actions[table][role] = append(m.actions[table][role], action)
	}
}

// actionMost is how long an action of a role may be, in characters.
const actionMost = 256

// roleAction says what is wrong with an action of a role: a front end may well
// follow it as a link.
func roleAction(action string) string {
	scheme := strings.ToLower(regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`).FindString(action))
	switch {
	case action == "":
		return "is empty"
	case scheme != "" && scheme != "https:":
		return "leads to " + scheme + ", which only https: may"
	case strings.HasPrefix(strings.ReplaceAll(action, `\`, "/"), "//"):
		return "leads to another host"
	case strings.ContainsFunc(action, unicode.IsControl):
		return "has control characters"
	case utf8.RuneCountInString(action) > actionMost:
		return fmt.Sprintf("is longer than %d characters", actionMost)
	}
	return ""
}
