package accounts

import (
	"database/sql"
	"errors"
	"net/http"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/actor"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

// endSessions answers POST users/{id}/end-sessions: every token of the account
// dies, that of the request too if it is the caller's own. Others' are for those
// who manage users, within their reach.
func endSessions(e *core.RequestEvent) error {
	own, err := heldBy(e.App, e.Auth)
	if err != nil {
		return err
	}
	user, err := e.App.FindRecordById(schema.Users, e.Request.PathValue("id"))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if user == nil || !isSelf(e.Auth, user) && !own.has(schema.UsersManage) {
		return e.NotFoundError("", nil)
	}
	theirs, err := heldByRole(e.App, user.GetString("role"))
	if err != nil {
		return err
	}
	if !isSelf(e.Auth, user) && own.lacks(theirs) {
		return reply.Error(holdsMore())
	}
	user.IgnoreUnchangedFields(true)
	user.RefreshTokenKey()
	if err := e.App.SaveWithContext(actor.Context(e), user); err != nil {
		return err
	}
	return e.NoContent(http.StatusNoContent)
}
