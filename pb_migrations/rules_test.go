package pb_migrations_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/testapp"
)

// A changed rule, index or bound shows in review: UPDATE=1 go test writes the
// golden file anew.
func TestRulesAreAsReviewed(t *testing.T) {
	app := testapp.New(t)
	var b strings.Builder
	for _, name := range sorted(collections()) {
		c, err := app.FindCollectionByNameOrId(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", name)
		rules := []struct {
			act  string
			rule *string
		}{{"list", c.ListRule}, {"view", c.ViewRule}, {"create", c.CreateRule}, {"update", c.UpdateRule}, {"delete", c.DeleteRule}}
		if c.IsAuth() {
			rules = append(rules, []struct {
				act  string
				rule *string
			}{{"auth", c.AuthRule}, {"manage", c.ManageRule}}...)
		}
		for _, r := range rules {
			text := "superusers only"
			if r.rule != nil {
				if text = *r.rule; text == "" {
					text = "anyone"
				}
			}
			fmt.Fprintf(&b, "\t%-7s %s\n", r.act, text)
		}
		var hidden, protected []string
		for _, f := range c.Fields {
			if f.GetHidden() {
				hidden = append(hidden, f.GetName())
			}
			if file, ok := f.(*core.FileField); ok && file.Protected {
				protected = append(protected, file.Name)
			}
		}
		fmt.Fprintf(&b, "\thidden %q\n\tprotected %q\n", hidden, protected)
	}
	path := filepath.Join("testdata", "rules.golden")
	if os.Getenv("UPDATE") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(golden), b.String()); diff != "" {
		t.Errorf("the rules are not those that were reviewed (UPDATE=1 go test ./pb_migrations writes them anew): -reviewed +now\n%s", diff)
	}
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}
