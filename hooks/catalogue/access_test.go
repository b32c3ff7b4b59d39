package catalogue

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// shelf holds one document of each visibility, and one that nobody owns.
type shelf map[string]*core.Record

func (h *house) shelf(t testing.TB) shelf {
	t.Helper()
	s := shelf{}
	for _, visibility := range []string{schema.VisibilityPrivate, schema.VisibilityMembers, schema.VisibilityPublic} {
		s[visibility] = testapp.Document(t, h, h.owner, visibility, func(r *core.Record) { r.Set("observations", "a secret") })
	}
	s["ownerless"] = testapp.Document(t, h, nil, schema.VisibilityPrivate)
	testapp.Share(t, h, s["private"], h.recipient)
	return s
}

// reads says who may read which of the shelf.
func reads() map[string]string {
	return map[string]string{
		"guest": "public", "inactive": "public", "other": "members public", "visitor": "members public",
		"owner": "members private public", "recipient": "members private public",
		"librarian": "members ownerless private public", "root": "members ownerless private public",
	}
}

func TestWhoReadsDocuments(t *testing.T) {
	h := open(t)
	s := h.shelf(t)
	names := map[string]string{}
	for name, doc := range s {
		names[doc.Id] = name
	}
	for _, who := range h.names() {
		user, want := h.people()[who], reads()[who]
		a := h.Do(t, user, "GET", records+"?perPage=1000", nil)
		var got []string
		items, _ := a.At("items").([]any)
		for _, item := range items {
			doc, _ := item.(map[string]any)
			got = append(got, names[fmt.Sprint(doc["id"])])
			observations, shown := doc["observations"]
			own := who == "owner" || who == "librarian" || who == "root"
			if shown != own || own && names[fmt.Sprint(doc["id"])] != "ownerless" && observations != "a secret" {
				t.Errorf("%s: observations are shown: %v, %v", who, shown, observations)
			}
			for _, hidden := range []string{"titleProvisional", "expand"} {
				if _, shown := doc[hidden]; shown && who != "root" {
					t.Errorf("%s sees %s", who, hidden)
				}
			}
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s lists %v, want %s", who, got, want)
		}
		if total := a.At("totalItems"); total != float64(len(strings.Fields(want))) {
			t.Errorf("%s: %v in total", who, total)
		}
		missing := h.Do(t, user, "GET", records+"/aaaaaaaaaaaaaaa", nil)
		for name, doc := range s {
			status := http.StatusNotFound
			if slices.Contains(strings.Fields(want), name) {
				status = http.StatusOK
			}
			a := h.Do(t, user, "GET", records+"/"+doc.Id, nil)
			if a.Status != status || status == http.StatusNotFound && string(a.Raw) != string(missing.Raw) {
				t.Errorf("%s views %s: %d %s", who, name, a.Status, a.Raw)
			}
		}
	}
}

func TestWhoWritesDocuments(t *testing.T) {
	h := open(t)
	for _, who := range h.names() {
		user := h.people()[who]
		s := h.shelf(t)
		for name, doc := range s {
			may := who == "root" || who == "librarian" || who == "owner" && name != "ownerless"
			for method, done := range map[string]int{"PATCH": 200, "DELETE": 204} {
				want := http.StatusNotFound
				if may {
					want = done
				}
				a := h.Do(t, user, method, records+"/"+doc.Id, map[string]any{"title": "Changed by " + who})
				if a.Status != want {
					t.Errorf("%s %s %s: %d, want %d: %s", who, method, name, a.Status, want, a.Raw)
				}
				if may {
					break // it is gone, or will be
				}
				if got := h.document(t, doc.Id).GetString("title"); got != "Quiet" {
					t.Errorf("%s was refused, yet the title is %q", who, got)
				}
			}
		}
	}
	for _, who := range h.names() {
		want := http.StatusBadRequest
		switch who {
		case "owner", "other", "recipient", "librarian", "root":
			want = http.StatusOK
		}
		a := h.Do(t, h.people()[who], "POST", records, testapp.Form{"file": text("a.txt", "words")})
		if a.Status != want {
			t.Errorf("%s creates: %d, want %d: %s", who, a.Status, want, a.Raw)
		}
	}
}

// What is a row's body, and what each gets; all else in the row gets rest.
type act struct {
	method, path string
	body         any
	rest         int
	want         map[string]int
}

func TestWhoDoesWhatElse(t *testing.T) {
	h := open(t)
	s := h.shelf(t)
	category := core.NewRecord(collection(t, h, schema.Categories))
	category.Set("code", "POETRY")
	category.Set("name", "Poetry")
	if err := h.Save(category); err != nil {
		t.Fatal(err)
	}
	const c = "/api/collections/"
	shares, categories, library, settings, jobs := c+"document_shares/records", c+"categories/records", c+"library/records", c+"library_settings/records", c+"jobs/records"
	toOther := func(doc string) map[string]any { return map[string]any{"document": s[doc].Id, "user": h.other.Id} }
	for _, a := range []act{
		{"GET", categories, nil, 200, nil},
		{"GET", categories + "/" + category.Id, nil, 200, nil},
		{"POST", categories, map[string]any{"code": "{who}", "name": "N"}, 400, map[string]int{"librarian": 200, "root": 200}},
		{"PATCH", categories + "/" + category.Id, map[string]any{"name": "P"}, 404, map[string]int{"librarian": 200, "root": 200}},
		{"DELETE", categories + "/aaaaaaaaaaaaaaa", nil, 404, nil},
		{"GET", library, nil, 200, nil},
		{"GET", library + "/" + schema.LibraryID, nil, 200, nil},
		{"PATCH", library + "/" + schema.LibraryID, map[string]any{"name": "N"}, 404, map[string]int{"root": 200}},
		{"POST", library, map[string]any{"name": "N"}, 403, map[string]int{"root": 400}},
		{"GET", settings + "/" + schema.LibrarySettingsID, nil, 404, map[string]int{"root": 200}},
		{"PATCH", settings + "/" + schema.LibrarySettingsID, map[string]any{"loanDays": 7}, 404, map[string]int{"root": 200}},
		{"POST", settings, map[string]any{"loanDays": 7}, 403, map[string]int{"root": 400}},
		{"DELETE", settings + "/aaaaaaaaaaaaaaa", nil, 403, map[string]int{"root": 404}},
		{"GET", jobs, nil, 403, map[string]int{"root": 200}},
		{"POST", jobs, map[string]any{"kind": "x"}, 403, map[string]int{"root": 400}},
		{"PATCH", jobs + "/aaaaaaaaaaaaaaa", map[string]any{"kind": "x"}, 403, map[string]int{"root": 404}},
		{"DELETE", jobs + "/aaaaaaaaaaaaaaa", nil, 403, map[string]int{"root": 404}},
		{"POST", shares, toOther("private"), 400, map[string]int{"owner": 200, "root": 400}}, // the pair is there by then
		{"POST", shares, toOther("ownerless"), 400, map[string]int{"root": 200}},
		{"POST", shares, map[string]any{"document": s["private"].Id, "user": h.owner.Id}, 400, map[string]int{"root": 200}}, // never to oneself
		{"POST", shares, map[string]any{"document": s["private"].Id, "user": "{who}"}, 400, nil},
		{"PATCH", shares + "/aaaaaaaaaaaaaaa", toOther("private"), 403, map[string]int{"root": 404}},
		{"GET", shares + "/aaaaaaaaaaaaaaa", nil, 404, nil},
		{"DELETE", shares + "/aaaaaaaaaaaaaaa", nil, 404, nil},
	} {
		for _, who := range h.names() {
			want, ok := a.want[who]
			if !ok {
				want = a.rest
			}
			body := a.body
			if m, ok := body.(map[string]any); ok {
				sent := map[string]any{}
				for k, v := range m {
					sent[k] = v
					if v == "{who}" {
						sent[k] = who
					}
				}
				body = sent
			}
			if got := h.Do(t, h.people()[who], a.method, a.path, body); got.Status != want {
				t.Errorf("%s %s %s %v: %d, want %d: %s", who, a.method, a.path, body, got.Status, want, got.Raw)
			}
		}
	}
	// A list by a rule that nobody meets is empty.
	for _, who := range h.names() {
		got := h.Do(t, h.people()[who], "GET", settings, nil)
		want := 0.0
		if who == "root" {
			want = 1
		}
		if got.Status != 200 || got.At("totalItems") != want {
			t.Errorf("%s lists settings: %d %s", who, got.Status, got.Raw)
		}
	}
}

func TestWhoSeesAndEndsShares(t *testing.T) {
	h := open(t)
	const shares = "/api/collections/document_shares/records"
	for _, who := range h.names() {
		s := h.shelf(t)
		a := h.Do(t, h.people()[who], "GET", shares+"?expand=document,user&filter="+"document='"+s["private"].Id+"'", nil)
		sees := who == "owner" || who == "recipient" || who == "root"
		items, _ := a.At("items").([]any)
		if a.Status != 200 || len(items) > 0 != sees {
			t.Errorf("%s lists %d shares: %s", who, len(items), a.Raw)
		}
		if sees && a.At("items", 0, "expand", "document", "id") != s["private"].Id {
			t.Errorf("%s: the document is not expanded: %s", who, a.Raw)
		}
		share, err := h.FindFirstRecordByData(schema.DocumentShares, "document", s["private"].Id)
		if err != nil {
			t.Fatal(err)
		}
		want := http.StatusNotFound
		if sees {
			want = http.StatusNoContent
		}
		if a := h.Do(t, h.people()[who], "DELETE", shares+"/"+share.Id, nil); a.Status != want {
			t.Errorf("%s ends a share: %d %s", who, a.Status, a.Raw)
		}
		if !sees {
			continue
		}
		for _, path := range []string{records + "/" + s["private"].Id, file(s["private"], "token="+testapp.FileToken(t, h.recipient))} {
			if a := h.Do(t, h.recipient, "GET", path, nil); a.Status != 404 {
				t.Errorf("without the share %s is %d", path, a.Status)
			}
		}
	}
}

func file(doc *core.Record, query string) string {
	return "/api/files/documents/" + doc.Id + "/" + doc.GetString("file") + "?" + query
}

func collection(t testing.TB, app core.App, name string) *core.Collection {
	t.Helper()
	c, err := app.FindCollectionByNameOrId(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWhatExpandShows(t *testing.T) {
	h := open(t)
	s := h.shelf(t)
	for _, who := range h.names() {
		a := h.Do(t, h.people()[who], "GET", records+"/"+s["public"].Id+"?expand=owner,document_shares_via_document,document_shares_via_document.user&fields=*,expand.*", nil)
		expanded, _ := a.At("expand").(map[string]any)
		_, owner := expanded["owner"]
		if wantOwner := who != "guest" && who != "inactive"; owner != wantOwner {
			t.Errorf("%s: the owner is expanded: %v: %s", who, owner, a.Raw)
		}
		a = h.Do(t, h.people()[who], "GET", records+"/"+s["private"].Id+"?expand=document_shares_via_document", nil)
		sees := who == "owner" || who == "recipient" || who == "root"
		if got := a.At("expand", "document_shares_via_document", 0, "id") != nil; got != sees {
			t.Errorf("%s: shares are expanded: %v: %s", who, got, a.Raw)
		}
	}
}

func TestWhoHearsOfDocuments(t *testing.T) {
	h := open(t)
	s := h.shelf(t)
	last := testapp.Document(t, h, h.owner, schema.VisibilityPublic)
	ears := map[string]*testapp.Listener{}
	for _, who := range h.names() {
		ears[who] = h.Listen(t, h.people()[who], "documents/*", "jobs/*", "library_settings/*",
			"documents/"+s["private"].Id, `documents/*?options={"query":{"filter":"observations~'secret'"}}`,
			`documents/*?options={"query":{"expand":"document_shares_via_document"}}`)
	}
	for _, doc := range s {
		if a := h.Do(t, h.root, "PATCH", records+"/"+doc.Id, map[string]any{"publisher": "Told"}); a.Status != 200 {
			t.Fatal(a.Status, string(a.Raw))
		}
	}
	for _, doc := range s {
		if a := h.Do(t, h.root, "DELETE", records+"/"+doc.Id, nil); a.Status != 204 {
			t.Fatal(a.Status, string(a.Raw))
		}
	}
	h.Do(t, h.root, "PATCH", records+"/"+last.Id, map[string]any{"publisher": "The end"})
	for _, who := range h.names() {
		ears[who].Await(t, func(e testapp.Event) bool {
			record, _ := e.Data["record"].(map[string]any)
			return record["publisher"] == "The end"
		})
		heard := map[string]bool{}
		for _, e := range ears[who].Heard() {
			if strings.Contains(e.Topic, "filter") && who != "root" {
				t.Errorf("%s hears through a filter on observations", who)
			}
			record, _ := e.Data["record"].(map[string]any)
			for name, doc := range s {
				if record["id"] == doc.Id {
					heard[fmt.Sprint(e.Data["action"], " ", name)] = true
				}
			}
			if _, shown := record["observations"]; shown != (who == "owner" || who == "librarian" || who == "root") {
				t.Errorf("%s hears observations: %v", who, shown)
			}
			if expanded, _ := record["expand"].(map[string]any); len(expanded) > 0 && who != "owner" && who != "recipient" && who != "root" {
				t.Errorf("%s hears of shares: %v", who, e.Data)
			}
		}
		for name := range s {
			for _, action := range []string{"update", "delete"} {
				want := slices.Contains(strings.Fields(reads()[who]), name)
				if heard[action+" "+name] != want {
					t.Errorf("%s hears of the %s of %s: %v", who, action, name, !want)
				}
			}
		}
	}
}

func TestWhoLosesAccessHearsNoMore(t *testing.T) {
	h := open(t)
	s := h.shelf(t)
	ear := h.Listen(t, h.recipient, "documents/*", "documents/"+s["private"].Id)
	change := func(name, publisher string) {
		t.Helper()
		if a := h.Do(t, h.owner, "PATCH", records+"/"+s[name].Id, map[string]any{"publisher": publisher}); a.Status != 200 {
			t.Fatal(a.Status, string(a.Raw))
		}
	}
	says := func(publisher string) func(testapp.Event) bool {
		return func(e testapp.Event) bool {
			record, _ := e.Data["record"].(map[string]any)
			return record["publisher"] == publisher
		}
	}
	change("private", "While it is shared")
	ear.Await(t, says("While it is shared"))
	share, err := h.FindFirstRecordByData(schema.DocumentShares, "document", s["private"].Id)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Delete(share); err != nil {
		t.Fatal(err)
	}
	change("private", "No more")
	change("public", "The end")
	ear.Await(t, says("The end"))
	if slices.ContainsFunc(ear.Heard(), says("No more")) {
		t.Error("it is heard without the share")
	}
}

func TestStatesAreToldInWords(t *testing.T) {
	h := open(t)
	doc := testapp.Document(t, h, h.owner, schema.VisibilityPublic)
	ear := h.Listen(t, nil, "documents/"+doc.Id)
	doc = h.document(t, doc.Id)
	doc.Set("state", schema.DocumentReady)
	doc.Set("stateDetail", "preview_password")
	if err := h.Save(doc); err != nil {
		t.Fatal(err)
	}
	const want = "en state.preview_password"
	ear.Await(t, func(e testapp.Event) bool {
		record, _ := e.Data["record"].(map[string]any)
		return record["stateMessage"] == want
	})
	if a := h.Do(t, nil, "GET", records+"/"+doc.Id, nil); a.At("stateMessage") != want {
		t.Errorf("viewed: %s", a.Raw)
	}
	if a := h.Do(t, nil, "GET", records+"?fields=id,stateMessage", nil); a.At("items", 0, "stateMessage") != want {
		t.Errorf("listed: %s", a.Raw)
	}
	testapp.Share(t, h, doc, h.recipient)
	a := h.Do(t, h.recipient, "GET", "/api/collections/document_shares/records?expand=document", nil)
	if a.At("items", 0, "expand", "document", "stateMessage") != want {
		t.Errorf("expanded: %s", a.Raw)
	}
}
