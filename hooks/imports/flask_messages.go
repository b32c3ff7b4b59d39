package imports

import (
	"context"
	"net/netip"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/flask"
	"onlibrary/internal/schema"
)

func (m *mover) notification(_ context.Context, row flask.Row, rec *core.Record, l *line) error {
	user, ok := m.found(flask.Users, row.Number("user_id"))
	if !ok {
		return skip("there is no user %d", row.Number("user_id"))
	}
	rec.Set("user", user)
	rec.Set("title", row.Text("title"))
	rec.Set("body", row.Text("description"))
	rec.Set("kind", schema.KindMessage)
	for _, to := range []struct{ column, field string }{{"web_action", "webAction"}, {"mobile_action", "mobileAction"}} {
		action := row.Text(to.column)
		if action != "" && !isLink(action) {
			l.note("the action %.80q was dropped: it is neither a path nor https", action)
			action = ""
		}
		rec.Set(to.field, action)
	}
	if row.Number("is_read") != 1 {
		return nil
	}
	read, err := m.instant(row, "read_at", m.zone)
	if err == nil && read.IsZero() {
		read, err = m.instant(row, "updated_at", m.clock)
	}
	rec.Set("readAt", read)
	return err
}

// isLink tells whether an action is one that notifications take.
func isLink(action string) bool {
	unlinkable := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
	return utf8.RuneCountInString(action) <= 512 && !strings.ContainsFunc(action, unlinkable) && regexp.MustCompile(`^(https://[^\s\\]+|/([^/\\\s][^\\\s]*)?)$`).MatchString(action)
}

const (
	ipMost        = 64
	userAgentMost = 750
)

// log moves an entry of the log: a sign-in, which the system noted by itself in
// the language of the moment, or what somebody had written.
func (m *mover) log(_ context.Context, row flask.Row, rec *core.Record, l *line) error {
	description := row.Text("description")
	actor, ok := m.found(flask.Users, row.Number("user_id"))
	if ok {
		rec.Set("actor", actor)
		rec.Set("actorName", m.nameOf(actor))
	} else {
		l.note("its user %d did not come", row.Number("user_id"))
	}
	rec.Set("action", "note")
	if row.Text("model_name") == "User" {
		rec.Set("collection", schema.Users)
		if about, ok := m.found(flask.Users, row.Number("model_id")); ok {
			rec.Set("record", about)
		}
	}
	const mark = "(User-Agent: "
	if at := strings.LastIndex(description, mark); at >= 0 && row.Number("model_id") == row.Number("user_id") {
		agent := []rune(strings.TrimSuffix(description[at+len(mark):], ")"))
		rec.Set("action", "login")
		rec.Set("userAgent", string(agent[:min(len(agent), userAgentMost)]))
		description = strings.TrimSpace(description[:at])
	}
	rec.Set("note", description)
	if ip := row.Text("ip_address"); len(ip) <= ipMost {
		rec.Set("ip", ip)
	} else if first, err := netip.ParseAddr(strings.TrimSpace(strings.Split(ip, ",")[0])); err == nil {
		rec.Set("ip", first.String())
	} else {
		l.note("the address %.80q was dropped", ip)
	}
	if created := rec.GetDateTime("created"); m.oldestLog.IsZero() || created.Time().Before(m.oldestLog) {
		m.oldestLog = created.Time()
	}
	return nil
}

// nameOf is the name of a user who was moved, as the audit tells it.
func (m *mover) nameOf(user string) string {
	name := ""
	err := m.app.DB().Select("coalesce(nullif(name, ''), username)").From(schema.Users).Where(dbx.HashExp{"id": user}).Row(&name)
	if err != nil {
		return "" // as in a dry run, in which there is no such user
	}
	return name
}
