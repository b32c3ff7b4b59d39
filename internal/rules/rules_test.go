package rules_test

import (
	"testing"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/search"

	"onlibrary/internal/rules"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

func TestStanding(t *testing.T) {
	app := testapp.New(t)
	customer := testapp.User(t, app, "customer", schema.RoleCustomer)
	visitor := testapp.User(t, app, "visitor", schema.RoleVisitor)
	inactive := testapp.User(t, app, "inactive", schema.RoleAdmin, func(r *core.Record) { r.Set("state", schema.StateInactive) })
	for _, tc := range []struct {
		user          string
		permissions   []string
		active, holds bool
	}{
		{customer.Id, nil, true, true},
		{customer.Id, []string{schema.DocumentsCreate}, true, true},
		{customer.Id, []string{schema.DocumentsManage, schema.LoansBorrow}, true, true},
		{customer.Id, []string{schema.DocumentsManage}, true, false},
		{customer.Id, []string{"documents.creat"}, true, false}, // no accident of beginnings
		{customer.Id, []string{"ocuments.create"}, true, false},
		{visitor.Id, nil, true, true},
		{visitor.Id, []string{schema.DocumentsCreate}, true, false},
		{inactive.Id, []string{schema.DocumentsCreate}, false, false},
		{inactive.Id, nil, false, false},
		{"", nil, false, false},
		{"' OR 1=1 --", nil, false, false},
	} {
		active, holds, err := rules.Standing(app, tc.user, tc.permissions...)
		if err != nil || active != tc.active || holds != tc.holds {
			t.Errorf("%s %v: %v %v %v", tc.user, tc.permissions, active, holds, err)
		}
	}
	for _, bad := range []string{"", "%", "a'b", `a"b`, "a_b", `a\b`} {
		if _, _, err := rules.Standing(app, customer.Id, bad); err == nil {
			t.Errorf("%q is taken for a permission", bad)
		}
	}
}

// What the functions say, by whom, as rules on documents.
func TestFunctions(t *testing.T) {
	app := testapp.New(t)
	owner := testapp.User(t, app, "owner", schema.RoleCustomer)
	recipient := testapp.User(t, app, "recipient", schema.RoleVisitor)
	doc := testapp.Document(t, app, owner, schema.VisibilityPrivate)
	ownerless := testapp.Document(t, app, nil, schema.VisibilityPrivate)
	testapp.Share(t, app, doc, recipient)
	for rule, want := range map[string]map[string]bool{
		"may(@request.auth.id) = true":                         {"owner": true, "recipient": true},
		"may(@request.auth.id, 'documents.create') = true":     {"owner": true},
		"may(@request.auth.id, 'x', 'loans.borrow') = true":    {"owner": true},
		"may(@request.auth.id, 'documents.manage') = false":    {"owner": true, "recipient": true, "guest": true},
		"owns(id, @request.auth.id) = true":                    {"owner": true},
		"shared(id, @request.auth.id) = true":                  {"recipient": true},
		"shared(id, @request.auth.id) != true":                 {"owner": true, "guest": true},
		"true = shared(id, @request.auth.id)":                  {"recipient": true},
		"(shared(id, @request.auth.id) = true) || id = 'none'": {"recipient": true},
	} {
		for who, user := range map[string]*core.Record{"owner": owner, "recipient": recipient, "guest": nil} {
			got, err := app.CanAccessRecord(doc, &core.RequestInfo{Auth: user}, &rule)
			if err != nil || got != want[who] {
				t.Errorf("%s for %s: %v %v", rule, who, got, err)
			}
		}
	}
	for _, rule := range []string{"owns(id, @request.auth.id) = true", "shared(id, @request.auth.id) = true"} {
		if got, err := app.CanAccessRecord(ownerless, &core.RequestInfo{}, &rule); err != nil || got {
			t.Errorf("%s: a guest has what nobody has: %v %v", rule, got, err)
		}
	}
	// Nobody may ask about anybody else.
	c := doc.Collection()
	for _, filter := range []string{
		"may() = true", "may(id) = true", "may('" + owner.Id + "') = true", "may(owner, 'a') = true", "may(@request.auth.role) = true",
		"may(@request.auth.id, id) = true", "may(@request.auth.id, 'a%') = true", "may(@request.auth.id, '') = true",
		"shared(id) = true", "shared(id, owner) = true", "shared('" + doc.Id + "', @request.auth.id) = true", "shared(id, @request.auth.id, 1) = true",
		"owns(id, owner) = true", "owns(@request.auth.id, id) = true", "owns(nothing, @request.auth.id) = true",
	} {
		resolver := core.NewRecordFieldResolver(app, c, &core.RequestInfo{Auth: owner}, true)
		if _, err := search.FilterData(filter).BuildExpr(resolver); err == nil {
			t.Errorf("%s is taken", filter)
		}
	}
	resolver := core.NewRecordFieldResolver(app, c, &core.RequestInfo{Auth: owner}, true)
	expr, err := search.FilterData(*c.ListRule).BuildExpr(resolver)
	if err != nil {
		t.Fatal(err)
	}
	query := app.RecordQuery(c).AndWhere(expr)
	if err := resolver.UpdateQuery(query); err != nil {
		t.Fatal(err)
	}
	if info := query.Info(); info.Distinct || len(info.Join) > 0 {
		t.Errorf("the rule joins: %s", query.Build().SQL())
	}
}
