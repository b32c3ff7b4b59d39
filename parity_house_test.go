package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

const api = "/api/collections/"

type m = map[string]any

// library is the whole house with people in it, for the tests that docs/parity.md
// names route by route.
type library struct {
	*testapp.Server
	admin, librarian, ann, ben *core.Record
}

func furnished(t *testing.T) *library {
	t.Helper()
	app, server := open(t)
	return &library{
		Server: &testapp.Server{URL: server.URL, App: app},
		admin:  testapp.User(t, app, "admin", schema.RoleAdmin), librarian: testapp.User(t, app, "librarian", schema.RoleLibrarian),
		ann: testapp.User(t, app, "ann", schema.RoleCustomer), ben: testapp.User(t, app, "ben", schema.RoleCustomer),
	}
}

// want sends a request that is to be answered so.
func (l *library) want(t *testing.T, status int, who *core.Record, method, path string, body any) testapp.Answer {
	t.Helper()
	a := l.Do(t, who, method, path, body)
	if a.Status != status {
		t.Fatalf("%s %s: %d, want %d: %s", method, path, a.Status, status, a.Raw)
	}
	return a
}

// refuses sends a request that is to be refused with a code for a field.
func (l *library) refuses(t *testing.T, who *core.Record, method, path string, body any, field, code string) {
	t.Helper()
	a := l.want(t, 400, who, method, path, body)
	if got := a.At("data", field, "code"); got != code {
		t.Errorf("%s %s: code %v of %s, want %s: %s", method, path, got, field, code, a.Raw)
	}
}

// make creates a record and returns its path and id.
func (l *library) make(t *testing.T, who *core.Record, collection string, body any) (path, id string) {
	t.Helper()
	a := l.want(t, 200, who, "POST", api+collection+"/records", body)
	id = fmt.Sprint(a.At("id"))
	return api + collection + "/records/" + id, id
}

// lists wants these values of a field of what a list has, in any order.
func (l *library) lists(t *testing.T, who *core.Record, collection, filter, field string, values ...string) {
	t.Helper()
	a := l.want(t, 200, who, "GET", api+collection+"/records?perPage=200&filter="+url.QueryEscape(filter), nil)
	items, _ := a.At("items").([]any)
	got := []string{}
	for _, item := range items {
		got = append(got, fmt.Sprint(item.(m)[field]))
	}
	slices.Sort(got)
	slices.Sort(values)
	if !slices.Equal(got, values) || a.At("totalItems") != float64(len(values)) {
		t.Errorf("%s by %q: %q of %v, want %q", collection, filter, got, a.At("totalItems"), values)
	}
}

// gone wants nothing at path any more, and nothing at the path of an id that never was.
func (l *library) gone(t *testing.T, who *core.Record, path string) {
	t.Helper()
	l.want(t, 404, who, "GET", path, nil)
	l.want(t, 404, who, "GET", path[:strings.LastIndex(path, "/")]+"/neverthere00000", nil)
}
