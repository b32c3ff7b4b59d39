package catalogue

import (
	"net/url"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// secretive is a public document of which some things are not for all.
func (h *house) secretive(t *testing.T) *core.Record {
	doc := testapp.Document(t, h, h.owner, schema.VisibilityPublic, func(r *core.Record) {
		r.Set("observations", "SECRET")
		r.Set("titleProvisional", true)
	})
	testapp.Share(t, h, doc, h.recipient)
	return doc
}

// What one may not read cannot be learnt by asking: two questions of which one
// is right get the same answer.
func TestNoOracles(t *testing.T) {
	h := open(t)
	h.secretive(t)
	for right, wrong := range map[string]string{
		"observations ~ 'SEC'":                                     "observations ~ 'QQQ'",
		"observations:length > 3":                                  "observations:length > 30",
		"observations:lower ~ 'sec'":                               "observations:lower ~ 'qqq'",
		"titleProvisional = true":                                  "titleProvisional = false",
		"owner.email ~ 'owner@'":                                   "owner.email ~ 'nobody@'",
		"owner.usernameKey = 'owner'":                              "owner.usernameKey = 'nobody'",
		"owner.username = 'owner'":                                 "owner.username = 'nobody'",
		"owner.state = 'active'":                                   "owner.state = 'inactive'",
		"owner.role.permissions ~ 'documents.create'":              "owner.role.permissions ~ 'users.manage'",
		"owner.tokenKey != ''":                                     "owner.tokenKey = ''",
		"document_shares_via_document.user ?= '{recipient}'":       "document_shares_via_document.user ?= '{other}'",
		"document_shares_via_document.user.username = 'recipient'": "document_shares_via_document.user.username = 'other'",
		"owner.document_shares_via_user.id != ''":                  "owner.document_shares_via_user.id = 'x'",
		"may(id) = true":                                           "may(id) = false",
		"may('{owner}', 'documents.create') = true":                "may('{owner}', 'users.manage') = true",
		"may(@request.auth.id, 'documents.create') = true":         "may(@request.auth.id, 'users.manage') = true",
		"shared(id, '{recipient}') = true":                         "shared(id, '{other}') = true",
		"shared(id, owner) = true":                                 "shared(id, owner) = false",
		"owns(id, owner) = true":                                   "owns(id, owner) = false",
		"@collection.jobs.id != ''":                                "@collection.jobs.id = 'x'",
		"@collection.document_shares.user ?= '{recipient}'":        "@collection.document_shares.user ?= '{other}'",
		"@request.auth.role.permissions ~ 'documents.create'":      "@request.auth.role.permissions ~ 'users.manage'",
	} {
		t.Run(right, func(t *testing.T) {
			t.Parallel() // PocketBase answers who asks much in vain slowly
			who := "other"
			user := h.people()[who]
			ask := func(filter string) testapp.Answer {
				for name, person := range h.people() {
					if person != nil {
						filter = strings.ReplaceAll(filter, "{"+name+"}", person.Id)
					}
				}
				return h.Do(t, user, "GET", records+"?filter="+url.QueryEscape(filter), nil)
			}
			a, b := ask(right), ask(wrong)
			if a.Status != b.Status || a.Status == 200 && string(a.Raw) != string(b.Raw) {
				t.Errorf("%s learns by %q: %d %s\nand %d %s", who, right, a.Status, a.Raw, b.Status, b.Raw)
			}
			if a.Status >= 500 {
				t.Errorf("%s: %q is answered with %d", who, right, a.Status)
			}
		})
	}
}

func TestNoOraclesBySortOrFields(t *testing.T) {
	h := open(t)
	doc := h.secretive(t)
	for _, sort := range []string{"observations", "titleProvisional", "owner.email", "owner.usernameKey", "owner.role.name", "may(id)",
		"shared(id,@request.auth.id)", "@request.auth.id", "@collection.jobs.id", "document_shares_via_document.user"} {
		for _, who := range []string{"guest", "other"} {
			a := h.Do(t, h.people()[who], "GET", records+"?sort="+url.QueryEscape(sort), nil)
			found := a.At("totalItems") != nil && a.At("totalItems") != 0.0
			if a.Status == 200 && found || a.Status >= 500 {
				t.Errorf("%s sorts by %s: %d %s", who, sort, a.Status, a.Raw)
			}
		}
	}
	for _, secret := range []string{"observations", "titleProvisional", "collectionId,observations,expand.owner.email"} {
		a := h.Do(t, h.other, "GET", records+"/"+doc.Id+"?expand=owner&fields="+secret, nil)
		if a.At("observations") != nil || a.At("titleProvisional") != nil || a.At("expand", "owner", "email") != nil {
			t.Errorf("fields=%s shows %s", secret, a.Raw)
		}
	}
	// Hidden from filters, it is still the owner's to read.
	if a := h.Do(t, h.owner, "GET", records+"/"+doc.Id, nil); a.At("observations") != "SECRET" {
		t.Errorf("the owner reads %v", a.At("observations"))
	}
}
