package catalogue

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// confided is a public document of which two fields are private.
func (h *house) confided(t *testing.T) *core.Record {
	category := core.NewRecord(collection(t, h, schema.Categories))
	category.Set("code", "C")
	category.Set("name", "C")
	if err := h.Save(category); err != nil {
		t.Fatal(err)
	}
	doc := testapp.Document(t, h, h.owner, schema.VisibilityPublic, func(r *core.Record) {
		r.Set("observations", "SECRET")
		r.Set("alertEmails", []string{"third@party.example"})
		r.Set("category", category.Id)
	})
	for _, user := range []*core.Record{h.recipient, h.other} {
		testapp.Share(t, h, doc, user)
	}
	return doc
}

// sees tells whether who is shown what is private of the owner's documents.
func sees(who string) bool { return who == "owner" || who == "librarian" || who == "root" }

func TestPrivateFieldsAreForOwnerAndStaff(t *testing.T) {
	h := open(t)
	doc := h.confided(t)
	for _, who := range h.names() {
		for _, path := range []string{
			records, records + "/" + doc.Id, records + "?fields=id,observations,alertEmails", records + "/" + doc.Id + "?fields=*,alertEmails",
			"/api/collections/document_shares/records?expand=document&fields=*,expand.document.*",
			"/api/collections/categories/records?expand=documents_via_category&fields=*,expand.documents_via_category.alertEmails,expand.documents_via_category.observations",
			"/api/collections/users/records/" + h.owner.Id + "?expand=documents_via_owner",
			records + "?expand=category.documents_via_category,owner.documents_via_owner",
		} {
			a := h.Do(t, h.people()[who], "GET", path, nil)
			shown := strings.Contains(string(a.Raw), "alertEmails") || strings.Contains(string(a.Raw), "observations") ||
				strings.Contains(string(a.Raw), "third@party.example") || strings.Contains(string(a.Raw), "SECRET")
			found := strings.Contains(string(a.Raw), doc.Id) || strings.Contains(path, "fields=")
			if shown && !sees(who) {
				t.Errorf("%s is shown at %s: %s", who, path, a.Raw)
			}
			// The librarian lists no shares of others.
			if sees(who) && found && !shown && !(who == "librarian" && strings.Contains(path, "document_shares")) {
				t.Errorf("%s is not shown at %s: %s", who, path, a.Raw)
			}
		}
	}
}

func TestPrivateFieldsAreNotHeard(t *testing.T) {
	h := open(t)
	doc := h.confided(t)
	ears := map[string]*testapp.Listener{}
	guesses := []string{"alertEmails ~ 'third'", "alertEmails:length > 0", "alertEmails:each ~ 'third'", "document_shares_via_document.document.alertEmails ~ 'third'"}
	for _, who := range h.names() {
		topics := []string{"documents/*", "documents/" + doc.Id, `documents/*?options={"query":{"fields":"id,title,publisher,alertEmails,observations"}}`}
		for _, guess := range guesses {
			topics = append(topics, `documents/*?options={"query":{"filter":"`+guess+`"}}`)
		}
		ears[who] = h.Listen(t, h.people()[who], topics...)
	}
	for _, publisher := range []string{"Told", "The end"} {
		if a := h.Do(t, h.owner, "PATCH", records+"/"+doc.Id, map[string]any{"publisher": publisher, "alertEmails": []string{"third@party.example", "fourth@party.example"}}); a.Status != 200 {
			t.Fatal(a.Status, string(a.Raw))
		}
	}
	for _, who := range h.names() {
		ears[who].Await(t, func(e testapp.Event) bool {
			record, _ := e.Data["record"].(map[string]any)
			return e.Topic == "documents/"+doc.Id && record["publisher"] == "The end"
		})
		for _, e := range ears[who].Heard() {
			record, isRecord := e.Data["record"].(map[string]any)
			_, shown := record["alertEmails"]
			switch {
			case strings.Contains(e.Topic, "filter") && who != "root":
				t.Errorf("%s hears by %s", who, e.Topic)
			case isRecord && shown != sees(who):
				t.Errorf("%s hears of addresses by %s: %v", who, e.Topic, shown)
			}
		}
	}
}

// No question about addresses is answered by what they are, whatever the path.
func TestPrivateFieldsAreNoOracle(t *testing.T) {
	h := open(t)
	h.confided(t)
	users, shares, categories := "/api/collections/users/records", "/api/collections/document_shares/records", "/api/collections/categories/records"
	for _, who := range h.names() {
		if who == "root" { // superusers ask what they like
			continue
		}
		for path, fields := range map[string][]string{
			records: {"alertEmails", "alertEmails:length", "alertEmails:each", "alertEmails:lower", "alertEmails.0",
				"owner.documents_via_owner.alertEmails", "category.documents_via_category.alertEmails",
				"document_shares_via_document.document.alertEmails", "@collection.documents.alertEmails", "@collection.documents:other.alertEmails"},
			shares:     {"document.alertEmails", "document.alertEmails:length", "document.owner.documents_via_owner.alertEmails", "user.documents_via_owner.alertEmails"},
			categories: {"documents_via_category.alertEmails", "documents_via_category.alertEmails:each", "documents_via_category.owner.documents_via_owner.alertEmails"},
			users:      {"documents_via_owner.alertEmails", "document_shares_via_user.document.alertEmails"},
		} {
			for _, field := range fields {
				ask := func(parameter, value string) testapp.Answer {
					return h.Do(t, h.people()[who], "GET", path+"?"+parameter+"="+url.QueryEscape(value), nil)
				}
				for _, operator := range []string{"~", "?~", "!~", "="} {
					a := ask("filter", fmt.Sprintf("%s %s '[\"third@party.example\"]'", field, operator))
					b := ask("filter", fmt.Sprintf("%s %s '[\"nobody@party.example\"]'", field, operator))
					if a.Status >= 500 || a.Status == 200 && len(a.Body()) > 0 && a.At("totalItems") != 0.0 ||
						a.Status != b.Status || string(a.Raw) != string(b.Raw) {
						t.Errorf("%s asks %s for %s %s: %d %s\nand %d %s", who, path, field, operator, a.Status, a.Raw, b.Status, b.Raw)
					}
				}
				for _, sort := range []string{field, "-" + field, "created," + field} {
					if a := ask("sort", sort); a.Status >= 500 || a.Status == 200 && a.At("totalItems") != 0.0 {
						t.Errorf("%s sorts %s by %s: %d %s", who, path, sort, a.Status, a.Raw)
					}
				}
			}
		}
	}
}

func TestPrivateFieldsAreWritten(t *testing.T) {
	h := open(t)
	h.Settings().Batch.Enabled, h.Settings().Batch.MaxRequests, h.Settings().Batch.Timeout = true, 10, 3
	stored := func(id string) []string { return h.document(t, id).GetStringSlice("alertEmails") }
	doc := h.upload(t, h.owner, testapp.Form{"file": pdf("a.pdf"), "alertEmails": []string{"a@example.org", "b@example.org"}})
	if diff := cmp.Diff([]string{"a@example.org", "b@example.org"}, stored(doc.Id)); diff != "" {
		t.Error(diff)
	}
	one := h.upload(t, h.owner, testapp.Form{"file": pdf("b.pdf"), "alertEmails": `["a@example.org"]`})
	if diff := cmp.Diff([]string{"a@example.org"}, stored(one.Id)); diff != "" {
		t.Error(diff)
	}
	for who, may := range map[string]bool{"owner": true, "librarian": true, "root": true, "other": false, "recipient": false, "guest": false} {
		want := []string{who + "@example.org"}
		a := h.Do(t, h.people()[who], "PATCH", records+"/"+doc.Id, map[string]any{"alertEmails": want})
		if written := cmp.Equal(want, stored(doc.Id)); written != may || may != (a.Status == 200) {
			t.Errorf("%s writes: %d, stored %v", who, a.Status, stored(doc.Id))
		}
		want = []string{who + "@batch.example"}
		a = h.Do(t, h.people()[who], "POST", "/api/batch", map[string]any{"requests": []any{
			map[string]any{"method": "PATCH", "url": records + "/" + doc.Id, "body": map[string]any{"alertEmails": want}},
		}})
		if written := cmp.Equal(want, stored(doc.Id)); written != may || may != (a.Status == 200) {
			t.Errorf("%s writes by batch: %d %s, stored %v", who, a.Status, a.Raw, stored(doc.Id))
		}
	}
	if a := h.Do(t, h.owner, "PATCH", records+"/"+doc.Id, map[string]any{"publisher": "Other"}); a.Status != 200 || len(stored(doc.Id)) != 1 {
		t.Errorf("what is not sent is not kept: %d %v", a.Status, stored(doc.Id))
	}
	if a := h.Do(t, h.owner, "PATCH", records+"/"+doc.Id, map[string]any{"alertEmails": nil}); a.Status != 200 || len(stored(doc.Id)) != 0 {
		t.Errorf("not emptied: %d %v", a.Status, stored(doc.Id))
	}
}
