// Package rules adds three functions to PocketBase's rule language, may(),
// shared() and owns(), so that a collection rule can ask for a permission, a
// share or an owner without joining a table: joins make PocketBase select
// DISTINCT rows, which costs far more than the rule.
package rules

import (
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/ganigeorgiev/fexpr"
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/search"
)

const caller = "@request.auth.id"

var errCaller = errors.New("the user argument must be " + caller)

type resolve = func(fexpr.Token) (*search.ResolverResult, error)

// Register makes the functions known to PocketBase. Call it before the app is
// bootstrapped, since saving a rule that uses an unknown function fails.
//
//	may(@request.auth.id)                  the caller is an active user
//	may(@request.auth.id, 'a', 'b')        … whose role holds one of the permissions
//	shared(document, @request.auth.id)     the document is shared with the caller
//	owns(document, @request.auth.id)       the document is the caller's
//
// The user argument has to be @request.auth.id itself. Clients may not write
// that in a filter, so no function can be used to ask about others.
func Register() { register() }

// Once: PocketBase reads the map without a lock while it serves.
var register = sync.OnceFunc(func() {
	search.TokenFunctions["may"] = may
	search.TokenFunctions["shared"] = among("SELECT s.document FROM document_shares s WHERE s.user = ")
	search.TokenFunctions["owns"] = among("SELECT d.id FROM documents d WHERE d.owner = ")
})

// Standing tells of the user with that id what may() does: whether they are
// active, and whether their role grants one of the permissions too.
func Standing(app core.App, user string, permissions ...string) (active, holds bool, err error) {
	grants, err := granted(permissions)
	if err != nil {
		return false, false, err
	}
	err = app.DB().NewQuery("SELECT " + grants + from + "{:user}").Bind(dbx.Params{"user": user}).Row(&holds)
	if errors.Is(err, sql.ErrNoRows) {
		return false, false, nil
	}
	if err != nil {
		return false, false, fmt.Errorf("what may %s do: %w", user, err)
	}
	return true, holds, nil
}

func may(res resolve, args ...fexpr.Token) (*search.ResolverResult, error) {
	if len(args) == 0 || !isCaller(args[0]) {
		return nil, errCaller
	}
	user, err := res(args[0])
	if err != nil {
		return nil, err
	}
	permissions := make([]string, 0, len(args))
	for _, a := range args[1:] {
		if a.Type != fexpr.TokenText {
			return nil, fmt.Errorf("not a permission: %q", a.Literal)
		}
		permissions = append(permissions, a.Literal)
	}
	grants, err := granted(permissions)
	if err != nil {
		return nil, err
	}
	return truth("EXISTS (SELECT 1"+from+user.Identifier+" AND "+grants+")", user.Params), nil
}

// from ends where the id of the user stands.
const from = " FROM users u JOIN roles r ON r.id = u.role WHERE u.state = 'active' AND u.id = "

// granted is the condition that a role grants one of the permissions; none asks
// for nothing. The quotes of the stored list stand around each, so that none
// passes for a longer one.
func granted(permissions []string) (string, error) {
	if len(permissions) == 0 {
		return "TRUE", nil
	}
	holds := make([]string, 0, len(permissions))
	for _, p := range permissions {
		if p == "" || strings.ContainsAny(p, `'"%_\`) {
			return "", fmt.Errorf("not a permission: %q", p)
		}
		holds = append(holds, `r.permissions LIKE '%"`+p+`"%'`)
	}
	return "(" + strings.Join(holds, " OR ") + ")", nil
}

// among makes a function that tells whether its first argument, a document's
// id, is among those that the query selects for the caller.
func among(query string) func(resolve, ...fexpr.Token) (*search.ResolverResult, error) {
	return func(res resolve, args ...fexpr.Token) (*search.ResolverResult, error) {
		if len(args) != 2 || args[0].Type != fexpr.TokenIdentifier || !isCaller(args[1]) {
			return nil, errCaller
		}
		document, err := res(args[0])
		if err != nil {
			return nil, err
		}
		user, err := res(args[1])
		if err != nil {
			return nil, err
		}
		params := dbx.Params{}
		maps.Copy(params, document.Params)
		maps.Copy(params, user.Params)
		// The plus keeps SQLite from looking up each document of the list instead
		// of going through the documents in the order that is asked for.
		condition := "(+" + document.Identifier + " IN (" + query + user.Identifier + "))"
		result := truth(condition, params)
		// As a value, IN has to tell false from unknown, which takes a second look
		// at the list for every row; as a condition it need not.
		result.AfterBuild = func(whole dbx.Expression) dbx.Expression {
			if whole.Build(nil, dbx.Params{}) != condition+" IS 1" {
				return whole
			}
			return dbx.NewExp(condition, params)
		}
		return result, nil
	}
}

func isCaller(t fexpr.Token) bool {
	return t.Type == fexpr.TokenIdentifier && t.Literal == caller
}

func truth(sql string, params dbx.Params) *search.ResolverResult {
	return &search.ResolverResult{NullFallback: search.NullFallbackDisabled, Identifier: sql, Params: params}
}
