package flask

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"onlibrary/internal/schema"
)

// Meaning is what the grants of some routes mean here.
type Meaning struct {
	Methods, Routes []string
	Permission      string // empty: none
	Why             string // where there is none
}

const (
	forAll  = "nothing needed: whoever may see it may, or its owner"
	tooMuch = "dropped: reading alone would need "
)

// Meanings returns the meaning of every route that the old system guarded, the
// first that fits a grant counting. A grant to read never becomes one to write.
func Meanings() []Meaning {
	row := func(methods, permission, why string, routes ...string) Meaning {
		return Meaning{strings.Fields(methods), routes, permission, why}
	}
	return []Meaning{
		row("GET", schema.DocumentsRead, "", "/documents"),
		row("POST", schema.DocumentsCreate, "", "/documents"),
		row("PUT DELETE", schema.DocumentsManage, "", "/documents/:id"),
		row("POST DELETE", schema.DocumentsManage, "", "/document-models", "/document-models/:id"),
		row("POST PUT DELETE", schema.CategoriesManage, "", "/document-categories", "/document-categories/:id"),
		row("POST PUT DELETE", schema.PlacesManage, "", "/ufs", "/ufs/:id", "/cities", "/cities/:id"),
		row("POST PUT DELETE", schema.UsersManage, "", "/users", "/users/:id", "/users/:id/is-active", "/users/:id/role"),
		row("POST PUT DELETE", schema.RolesManage, "", "/roles", "/roles/:id", "/roles/:id/copy"),
		row("POST DELETE", schema.RolesManage, "", "/role-api-routes", "/role-api-routes/:id", "/role-web-actions", "/role-web-actions/:id",
			"/role-mobile-actions", "/role-mobile-actions/:id"),
		row("POST PUT DELETE", schema.NotificationsSend, "", "/notifications", "/notifications/:id"),
		row("POST", schema.NotificationsSend, "", "/send-push-notification-message", "/send-socketio-message"),
		row("GET", schema.AuditRead, "", "/logs", "/logs/:id"),
		row("POST", schema.AuditWrite, "", "/logs"),
		row("DELETE", "", "dropped: nobody deletes the audit", "/logs/:id"),
		row("GET", "", tooMuch+schema.UsersManage, "/users", "/users/:id"),
		row("GET", "", tooMuch+schema.NotificationsSend, "/notifications"),
		row("POST", "", "dropped: a file comes with its document", "/files/upload"),
		row("PATCH", "", "dropped: devices are their owner's", "/users/:id/fcm-token"),
		row("POST DELETE", "", forAll, "/documents/:id/share", "/documents/:id/notify_expiration", "/document-sharings/:id"),
		row("GET", "", forAll, "/documents/:id", "/documents/my", "/documents/shared", "/document-categories", "/document-categories/:id",
			"/document-models", "/document-models/:id", "/document-sharings", "/document-sharings/:id", "/ufs", "/ufs/:id", "/cities",
			"/cities/:id", "/roles", "/roles/:id", "/role-api-routes", "/role-web-actions", "/role-mobile-actions", "/routes"),
		row("GET PUT POST PATCH DELETE", "", forAll, "/profile", "/profile/avatar", "/users/my/fcm-token", "/users/my/sid",
			"/notifications/my", "/notifications/:id", "/notifications/:id/read", "/notifications/read-all", "/notifications/:id/my"),
	}
}

// Everything is the route that stands for all.
const Everything = "*"

// Methods returns the methods that could be granted.
func Methods() []string { return []string{"GET", "POST", "PUT", "PATCH", "DELETE"} }

// Mean returns the permissions that a grant gives, and in words why not where
// it gives none. A grant of everything gives what its method gives anywhere.
func Mean(method, route string) (permissions []string, why string) {
	method, route = strings.ToUpper(strings.TrimSpace(method)), plain(route)
	for _, m := range Meanings() {
		if !slices.Contains(m.Methods, method) {
			continue
		}
		switch {
		case route == Everything:
			if m.Permission != "" && !slices.Contains(permissions, m.Permission) {
				permissions = append(permissions, m.Permission)
			}
		case !slices.Contains(m.Routes, route):
		case m.Permission != "":
			return []string{m.Permission}, ""
		default:
			return nil, m.Why
		}
	}
	switch {
	case route != Everything:
		return nil, "dropped: there was no such route"
	case len(permissions) == 0:
		return nil, "nothing that " + method + " did needs a permission"
	}
	return permissions, ""
}

// plain writes a route as the old system listed it, with :id where Flask's own
// patterns have <int:id>.
func plain(route string) string {
	route = strings.TrimSpace(route)
	if route == Everything || route == "/*" {
		return Everything
	}
	route = regexp.MustCompile(`<[^>]*>|\{[^}]*\}|:[A-Za-z_]+`).ReplaceAllString(route, ":id")
	return "/" + strings.Trim(route, "/")
}

// PrintMeanings prints the table of all grants, as Markdown.
func PrintMeanings(w io.Writer) error {
	text := "| granted | of | becomes |\n| --- | --- | --- |\n"
	for _, m := range Meanings() {
		becomes := "`" + m.Permission + "`"
		if m.Permission == "" {
			becomes = m.Why
		}
		text += fmt.Sprintf("| %s | `%s` | %s |\n", strings.Join(m.Methods, " "), strings.Join(m.Routes, "` `"), becomes)
	}
	text += "| one method | `*` | what that method becomes in any row above |\n| all five | `*` | every permission |\n"
	_, err := io.WriteString(w, text)
	return err
}
