// Package rules adds two functions to PocketBase's rule language, may() and
// shared(), so that a collection rule can ask for a permission or a share
// without joining a table: joins make PocketBase select DISTINCT, which costs
// far more than the rule.
package rules

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ganigeorgiev/fexpr"
	"github.com/pocketbase/dbx"
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
//
// The user argument has to be @request.auth.id itself. Clients may not write
// that in a filter, so neither function can be used to ask about others.
func Register() {
	search.TokenFunctions["may"] = may
	search.TokenFunctions["shared"] = shared
}

func may(res resolve, args ...fexpr.Token) (*search.ResolverResult, error) {
	if len(args) == 0 || !isCaller(args[0]) {
		return nil, errCaller
	}
	user, err := res(args[0])
	if err != nil {
		return nil, err
	}
	holds := make([]string, 0, len(args))
	for _, a := range args[1:] {
		if a.Type != fexpr.TokenText || strings.ContainsAny(a.Literal, `'"%_\`) {
			return nil, fmt.Errorf("not a permission: %q", a.Literal)
		}
		holds = append(holds, `r.permissions LIKE '%"`+a.Literal+`"%'`)
	}
	where := "u.id = " + user.Identifier + " AND u.state = 'active'"
	if len(holds) > 0 {
		where += " AND (" + strings.Join(holds, " OR ") + ")"
	}
	return truth("EXISTS (SELECT 1 FROM users u JOIN roles r ON r.id = u.role WHERE "+where+")", user.Params), nil
}

func shared(res resolve, args ...fexpr.Token) (*search.ResolverResult, error) {
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
	for _, p := range []dbx.Params{document.Params, user.Params} {
		for k, v := range p {
			params[k] = v
		}
	}
	return truth("("+document.Identifier+" IN (SELECT s.document FROM document_shares s WHERE s.user = "+user.Identifier+"))", params), nil
}

func isCaller(t fexpr.Token) bool {
	return t.Type == fexpr.TokenIdentifier && t.Literal == caller
}

func truth(sql string, params dbx.Params) *search.ResolverResult {
	return &search.ResolverResult{NullFallback: search.NullFallbackDisabled, Identifier: sql, Params: params}
}
