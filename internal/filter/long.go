package filter

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/ganigeorgiev/fexpr"
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/tools/search"
)

const (
	// LongParam is the parameter of the request's info (core.RequestInfo.Query)
	// in which Long looks for the filter that it stands for.
	LongParam = "filterInFull"

	// Long is a filter that stands for the one in LongParam, whose length is not
	// limited. The number of its expressions is: to PocketBase's 200.
	Long = function + "(" + argument + ")=true"

	function = "filterInFull"
	argument = "@request.query." + LongParam
)

var errLong = errors.New("a filter in full stands in the request, and holds no other")

// Register makes the function in Long known to PocketBase. Call it before the
// app is bootstrapped. Only superusers may write @request., and thus call it
// themselves.
func Register() { register() }

// Once: PocketBase reads the map without a lock while it serves.
var register = sync.OnceFunc(func() { search.TokenFunctions[function] = long })

func long(resolve func(fexpr.Token) (*search.ResolverResult, error), args ...fexpr.Token) (*search.ResolverResult, error) {
	if len(args) != 1 || args[0].Type != fexpr.TokenIdentifier || args[0].Literal != argument {
		return nil, errLong
	}
	param, err := resolve(args[0])
	if err != nil {
		return nil, err
	}
	var text string
	for _, value := range param.Params {
		text, _ = value.(string)
	}
	if text == "" || strings.Contains(text, function) {
		return nil, errLong
	}
	whole, err := search.FilterData(text).BuildExpr(resolver(resolve))
	if err != nil {
		return nil, fmt.Errorf("the filter in full: %w", err)
	}
	return &search.ResolverResult{
		NullFallback: search.NullFallbackDisabled,
		Identifier:   "TRUE",
		AfterBuild:   func(dbx.Expression) dbx.Expression { return whole },
	}, nil
}

// resolver has a filter's fields resolved by whoever resolves the fields of the
// filter around it, which is then told of every table that they need.
type resolver func(fexpr.Token) (*search.ResolverResult, error)

// Resolve implements search.FieldResolver.
func (r resolver) Resolve(field string) (*search.ResolverResult, error) {
	return r(fexpr.Token{Type: fexpr.TokenIdentifier, Literal: field})
}

// UpdateQuery implements search.FieldResolver: there is nothing left to update.
func (r resolver) UpdateQuery(*dbx.SelectQuery) error { return nil }
