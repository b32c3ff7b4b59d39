package apidocs

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/testapp"
)

const path = "/api/library/openapi.json"

func serve(t *testing.T, site fstest.MapFS) *testapp.Server {
	t.Helper()
	app := testapp.New(t)
	Bind(app, Deps{Version: "1.2.3", Site: site})
	return testapp.Serve(t, app)
}

func read(t *testing.T, s *testapp.Server) testapp.Answer {
	t.Helper()
	a := s.Do(t, nil, "GET", path, nil)
	if a.Status != http.StatusOK || a.At("openapi") != "3.1.0" || a.At("info", "version") != "1.2.3" {
		t.Fatalf("%d %.200s", a.Status, a.Raw)
	}
	return a
}

// Each act that a rule lets a patron do is described, and no other.
func TestDescribesWhatRulesAllow(t *testing.T) {
	s := serve(t, nil)
	a := read(t, s)
	collections, err := s.App.FindAllCollections()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range collections {
		records := "/api/collections/" + c.Name + "/records"
		for _, act := range []struct {
			method, path string
			rule         *string
		}{
			{"get", records, c.ListRule}, {"post", records, c.CreateRule},
			{"get", records + "/{id}", c.ViewRule}, {"patch", records + "/{id}", c.UpdateRule}, {"delete", records + "/{id}", c.DeleteRule},
		} {
			want := act.rule != nil && !c.System
			if got := a.At("paths", act.path, act.method) != nil; got != want {
				t.Errorf("%s %s described: %v", act.method, act.path, got)
			}
		}
	}
}

// Neither hidden collections nor hidden fields are named, but for the two that
// a document's owner writes.
func TestTellsNothingThatIsHidden(t *testing.T) {
	s := serve(t, nil)
	text := string(read(t, s).Raw)
	collections, err := s.App.FindAllCollections()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range collections {
		if hidden(c) && strings.Contains(text, `"`+c.Name) {
			t.Errorf("the collection %s is named", c.Name)
		}
		for _, f := range c.Fields {
			name := f.GetName()
			if !f.GetHidden() || name == core.FieldNamePassword || c.Name == "documents" && (name == "observations" || name == "alertEmails") {
				continue
			}
			if strings.Contains(text, name) {
				t.Errorf("the hidden field %s.%s is named", c.Name, name)
			}
		}
	}
	for _, word := range []string{"jobs", "_superusers", "impersonate", "/api/backups", "/api/crons", "/api/logs", "/api/settings", "@request", "@collection"} {
		if strings.Contains(text, word) {
			t.Errorf("%s is named", word)
		}
	}
}

// A rule about a hidden field or another collection is not put into words.
func TestSaysNothingOfHiddenConditions(t *testing.T) {
	c := core.NewBaseCollection("things")
	c.Fields.Add(&core.TextField{Name: "secretMark", Hidden: true}, &core.TextField{Name: "color"}, &core.RelationField{Name: "user", CollectionId: "x"})
	for rule, want := range map[string]string{
		`secretMark = "x7"`:              "A further condition holds.",
		`color = "red"`:                  "`color` is `red`.",
		`color != "red"`:                 "`color` is not `red`.",
		`color ~ "red"`:                  "A further condition holds.",
		`color = secretMark`:             "A further condition holds.",
		`user.tokenKey = "x"`:            "A further condition holds.",
		`@collection.jobs.id != ""`:      "A further condition holds.",
		`@request.headers.x_key = "key"`: "A further condition holds.",
		`user = @request.auth.id`:        "`user` is the caller.",
		`may(@request.auth.id) = true`:   "The caller is signed in.",
		`may(@request.auth.id, 'a', 'b') = true && (user = @request.auth.id || color = "red")`: "The caller has the permission `a` or `b` and (`user` is the caller, or `color` is `red`).",
		`@request.body.color:changed = false && @request.body.user:changed = false`:            "`color`, `user` do not change.",
	} {
		if got, _ := who(c, rule); got != want {
			t.Errorf("%s: %s", rule, got)
		}
	}
}

func TestTellsWhatGuestsMay(t *testing.T) {
	a := read(t, serve(t, nil))
	for _, tc := range []struct {
		method, path string
		guests       bool
	}{
		{"get", "/api/collections/documents/records", true}, {"post", "/api/collections/documents/records", false},
		{"get", "/api/collections/users/records", false}, {"post", "/api/collections/users/records", true},
		{"get", "/api/collections/categories/records", true}, {"get", "/api/collections/devices/records", false},
		{"patch", "/api/collections/notifications/records/{id}", false}, {"get", "/api/library/me", false},
	} {
		security, _ := a.At("paths", tc.path, tc.method, "security").([]any)
		if got := len(security) == 2; len(security) == 0 || got != tc.guests {
			t.Errorf("%s %s: %v", tc.method, tc.path, security)
		}
	}
}

// Every reference leads somewhere, and every operation has a name of its own.
func TestHoldsTogether(t *testing.T) {
	a := read(t, serve(t, nil))
	seen := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				walk(x)
			}
		case map[string]any:
			if to, ok := v["$ref"].(string); ok {
				steps := []any{}
				for step := range strings.SplitSeq(strings.TrimPrefix(to, "#/"), "/") {
					steps = append(steps, step)
				}
				if a.At(steps...) == nil {
					t.Errorf("%s leads nowhere", to)
				}
			}
			if id, ok := v["operationId"].(string); ok {
				if seen[id] {
					t.Errorf("two operations are called %s", id)
				}
				seen[id] = true
			}
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(a.Body())
	if len(seen) < 60 {
		t.Errorf("%d operations", len(seen))
	}
}

// What is known beyond the schema is known of fields that there are.
func TestFactsAreOfFields(t *testing.T) {
	s := serve(t, nil)
	for key := range known() {
		collection, field, _ := strings.Cut(key, ".")
		c, err := s.App.FindCollectionByNameOrId(collection)
		if err != nil || c.Fields.GetByName(field) == nil {
			t.Errorf("there is no field %s", key)
		}
	}
}

func TestEveryCollectionIsExplained(t *testing.T) {
	s := serve(t, nil)
	collections, err := s.App.FindAllCollections()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range collections {
		if !hidden(c) && aboutCollection(c) == "" {
			t.Errorf("nothing is said of %s", c.Name)
		}
	}
}

// The document follows the collections, by its ETag too.
func TestFollowsTheCollections(t *testing.T) {
	s := serve(t, nil)
	first := read(t, s)
	etag := first.Header.Get("ETag")
	if a := s.Do(t, nil, "GET", path, nil, "If-None-Match", etag); etag == "" || a.Status != http.StatusNotModified || len(a.Raw) > 0 {
		t.Errorf("unchanged: %d %q", a.Status, etag)
	}
	c := core.NewBaseCollection("pictures")
	c.Fields.Add(&core.NumberField{Name: "width", Required: true, OnlyInt: true})
	if err := s.App.Save(c); err != nil {
		t.Fatal(err)
	}
	if a := read(t, s); a.At("components", "schemas", "pictures") != nil {
		t.Error("a collection without rules is described")
	}
	c.ListRule = new(string)
	if err := s.App.Save(c); err != nil {
		t.Fatal(err)
	}
	a := s.Do(t, nil, "GET", path, nil, "If-None-Match", etag)
	if a.Status != http.StatusOK || a.At("components", "schemas", "pictures", "properties", "width", "type") != "integer" {
		t.Errorf("a new collection: %d", a.Status)
	}
	if err := s.App.Delete(c); err != nil {
		t.Fatal(err)
	}
	if a := read(t, s); a.Header.Get("ETag") != etag || string(a.Raw) != string(first.Raw) {
		t.Error("a deleted collection is still described")
	}
}

func TestComesCompressed(t *testing.T) {
	s := serve(t, nil)
	a := s.Do(t, nil, "GET", path, nil, "Accept-Encoding", "gzip")
	if a.Header.Get("Content-Encoding") != "gzip" || len(a.Raw) > len(read(t, s).Raw)/5 {
		t.Errorf("%v, %d bytes", a.Header, len(a.Raw))
	}
}

// Examples are what their schemas ask for, as far as type and choice go.
func TestExamplesFit(t *testing.T) {
	var schemas map[string]any
	raw, err := json.Marshal(read(t, serve(t, nil)).At("components", "schemas"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &schemas); err != nil {
		t.Fatal(err)
	}
	for name, s := range schemas {
		properties, _ := s.(map[string]any)["properties"].(map[string]any)
		for field, p := range properties {
			p := p.(map[string]any)
			examples, _ := p["examples"].([]any)
			if choice, ok := p["enum"].([]any); ok && len(examples) > 0 && !slices.Contains(choice, examples[0]) {
				t.Errorf("%s.%s: %v is none of %v", name, field, examples[0], choice)
			}
		}
	}
}

func TestPage(t *testing.T) {
	s := serve(t, fstest.MapFS{"docs.html": {Data: []byte("<!doctype html><title>API</title>")}})
	a := s.Do(t, nil, "GET", "/api/docs", nil)
	if a.Status != http.StatusOK || !strings.Contains(string(a.Raw), "<title>API") || a.Header.Get("Content-Security-Policy") != policy {
		t.Errorf("%d %v %s", a.Status, a.Header, a.Raw)
	}
	if strings.Contains(policy, "unsafe-eval") || strings.Contains(policy, "script-src 'self' '") || strings.Contains(policy, "http") {
		t.Errorf("the page may run what is not ours: %s", policy)
	}
	unbuilt := serve(t, fstest.MapFS{})
	if a := unbuilt.Do(t, nil, "GET", "/api/docs", nil); a.Status != http.StatusOK || !strings.Contains(string(a.Raw), path) {
		t.Errorf("without the app: %d %s", a.Status, a.Raw)
	}
}
