package accounts

import (
	"database/sql"
	"errors"
	"net/http"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

// findPatron answers GET patrons?username= with the profile of one active
// patron. Nobody can list patrons by it: tries are limited.
func (r *room) findPatron(e *core.RequestEvent) error {
	if wait := r.lookups.Take(e.Auth.Id, r.Now()); wait > 0 {
		return reply.Later(e.Response.Header(), wait, "too_many_tries")
	}
	username := e.Request.URL.Query().Get("username")
	unknown := reply.Error(fault.New(fault.NotFound, "patron_unknown"))
	if username == "" || len(username) > usernameBytes {
		return unknown
	}
	user, err := findByUsername(e.App, username)
	if errors.Is(err, sql.ErrNoRows) {
		return unknown
	}
	if err != nil {
		return err
	}
	if user.GetString("state") != schema.StateActive {
		return unknown
	}
	return e.JSON(http.StatusOK, profile{
		ID: user.Id, Name: user.GetString("name"), Username: user.GetString("username"), Avatar: user.GetString("avatar"),
	})
}

// profile is what one patron may see of another.
type profile struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Username string `json:"username"`
	Avatar   string `json:"avatar"`
}
