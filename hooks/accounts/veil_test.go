package accounts

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

var profileFields = []string{"avatar", "collectionId", "collectionName", "id", "name", "username"}

func TestVeil(t *testing.T) {
	h := open(t)
	ann, bob := h.user("ann", schema.RoleCustomer), h.user("bob", schema.RoleCustomer)
	root, top := h.user("root", schema.RoleAdmin), testapp.Superuser(t, h.TestApp)
	doc := testapp.Document(t, h.TestApp, ann, schema.VisibilityMembers)
	testapp.Share(t, h.TestApp, doc, bob)

	fields := func(v any) []string {
		record, _ := v.(m)
		return slices.Sorted(maps.Keys(record))
	}
	for name, a := range map[string]any{
		"view":          h.ask(bob, "GET", users+"/"+ann.Id, nil).body,
		"fields":        h.ask(bob, "GET", users+"/"+ann.Id+"?fields=*,expand.*,email,role,state,tokenKey,password", nil).body,
		"expand role":   h.ask(bob, "GET", users+"/"+ann.Id+"?expand=role,documents_via_owner", nil).body,
		"expand":        h.ask(bob, "GET", "/api/collections/documents/records/"+doc.Id+"?expand=owner", nil).at("expand", "owner"),
		"deep expand":   h.ask(bob, "GET", "/api/collections/documents/records/"+doc.Id+"?expand=owner.role", nil).at("expand", "owner"),
		"through share": h.ask(bob, "GET", "/api/collections/document_shares/records?expand=document.owner", nil).body.(m)["items"].([]any)[0].(m)["expand"].(m)["document"].(m)["expand"].(m)["owner"],
	} {
		got := fields(a)
		if name == "fields" {
			got = append(got, "collectionId", "collectionName")
			slices.Sort(got)
			got = slices.Compact(got)
		}
		if !equal(got, profileFields) {
			t.Errorf("%s shows %v", name, got)
		}
	}
	for name, as := range map[string]*core.Record{"self": ann, "staff": root, "superuser": top} {
		a := h.ask(as, "GET", users+"/"+ann.Id+"?expand=role", nil)
		if a.at("email") != "ann@example.org" || a.at("state") != "active" || a.at("expand", "role", "name") != "Customer" {
			t.Errorf("%s: %s", name, a.raw)
		}
		if name != "superuser" && (a.at("usernameKey") != nil || a.at("tokenKey") != nil) {
			t.Errorf("%s sees what is hidden: %s", name, a.raw)
		}
	}
	if a := h.ask(root, "GET", users+"?filter="+url.QueryEscape(`username ~ "ann" && state = "active" && role.name = "Customer"`), nil); a.at("totalItems") != 1.0 || !strings.Contains(a.raw, "ann@example.org") {
		t.Errorf("staff cannot search: %s", a.raw)
	}
}

// What others may not see of a user they cannot find out by asking for it
// either: the answer is the same whatever they guess.
func TestNoOracles(t *testing.T) {
	h := open(t)
	ann, bob := h.user("ann", schema.RoleAdmin), h.user("bob", schema.RoleCustomer)
	doc := testapp.Document(t, h.TestApp, ann, schema.VisibilityMembers)
	testapp.Share(t, h.TestApp, doc, bob)
	const documents = "/api/collections/documents/records"
	right := map[string]string{
		documents + "?filter=owner.email~'%s'":                                               "ann@",
		documents + "?filter=owner.state='%s'":                                               "active",
		documents + "?filter=owner.role.name='%s'":                                           "Admin",
		documents + "?filter=owner.role.permissions~'%s'":                                    "users.manage",
		documents + "?filter=owner.lastLogin='%s'":                                           "",
		users + "?filter=email~'%s'":                                                         "ann@",
		users + "?filter=role.name='%s'":                                                     "Admin",
		roles + "?filter=users_via_role.username?='%s'":                                      "ann",
		roles + "?filter=users_via_role.email?~'%s'":                                         "ann@",
		"/api/collections/document_shares/records?filter=document.owner.email~'%s'":          "ann@",
		documents + "?filter=document_shares_via_document.document.owner.username?='%s'":     "ann",
		documents + "?filter=document_shares_via_document.user.documents_via_owner.id?='%s'": doc.Id,
	}
	for path, guess := range right {
		head, value, _ := strings.Cut(path, "filter=")
		ask := func(v string) answer {
			return h.ask(bob, "GET", head+"filter="+url.QueryEscape(strings.ReplaceAll(value, "%s", v)), nil)
		}
		yes, no := ask(guess), ask("zzz-nothing")
		if yes.status != no.status || yes.raw != no.raw {
			t.Errorf("%s tells:\n%d %s\n%d %s", path, yes.status, yes.raw, no.status, no.raw)
		}
	}
	for _, path := range []string{
		users + "?filter=tokenKey~'a'", users + "?sort=usernameKey", documents + "?filter=owner.tokenKey~'a'",
		documents + "?filter=owner.usernameKey='ann'", documents + "?sort=owner.password",
	} {
		if a := h.ask(bob, "GET", path, nil); a.status != 400 {
			t.Errorf("%s: %d %s", path, a.status, a.raw)
		}
	}
}
