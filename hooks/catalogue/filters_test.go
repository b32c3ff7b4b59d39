package catalogue

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

// stacks holds five documents that members may read and a private one of
// somebody else, which matches all that the others do.
func stacks(t *testing.T) *house {
	t.Helper()
	h := open(t)
	for i, title := range []string{"Anna Karenina", "Poor Folk", "War and Peace", "100% Wool", "100 Sheep"} {
		testapp.Document(t, h, h.owner, schema.VisibilityMembers, func(r *core.Record) {
			r.Set("title", title)
			r.Set("code", fmt.Sprintf("D%d", i+1))
			r.Set("daysToAlert", (i+1)*10)
			r.Set("expiresOn", fmt.Sprintf("2027-0%d-15", i+1))
		})
	}
	testapp.Document(t, h, h.owner, schema.VisibilityPrivate, func(r *core.Record) {
		r.Set("title", "Anna and Peace, Folk of 100% Wool")
		r.Set("code", "D9")
		r.Set("daysToAlert", 25)
		r.Set("expiresOn", "2027-02-20")
	})
	return h
}

// finds has a patron ask, and wants the documents of these codes. Staff, who
// read the private one too, find it besides where it matches.
func (h *house) finds(t *testing.T, filter, codes string) {
	t.Helper()
	ask := func(who *core.Record) []string {
		a := h.Do(t, who, "GET", records+"?sort=code&filter="+url.QueryEscape(filter), nil)
		if a.Status != 200 {
			t.Fatalf("%s: %d %s", filter, a.Status, a.Raw)
		}
		got := []string{}
		items, _ := a.At("items").([]any)
		for _, item := range items {
			got = append(got, fmt.Sprint(item.(map[string]any)["code"]))
		}
		if a.At("totalItems") != float64(len(got)) {
			t.Errorf("%s: %v in total, %d listed", filter, a.At("totalItems"), len(got))
		}
		return got
	}
	want := strings.Fields(codes)
	if got := ask(h.other); !slices.Equal(got, want) {
		t.Errorf("%s finds %v, want %v", filter, got, want)
	}
	staff := slices.DeleteFunc(ask(h.librarian), func(code string) bool { return code == "D9" })
	if !slices.Equal(staff, want) {
		t.Errorf("%s: staff find %v, want %v", filter, staff, want)
	}
}

func TestFilterLike(t *testing.T) {
	h := stacks(t)
	h.finds(t, `title ~ "and"`, "D3")
	h.finds(t, `title ~ "100\%"`, "D4") // its wildcard escaped, it is a letter
	h.finds(t, `title ~ "1_0"`, "")     // an underscore is no wildcard
	h.finds(t, `title ~ "War%"`, "D3")  // anyMatch off: wildcards as they are written
	h.finds(t, `title ~ "%Peace"`, "D3")
}

func TestFilterLikeInAnyCase(t *testing.T) {
	h := stacks(t)
	h.finds(t, `title ~ "KARENINA"`, "D1")
	h.finds(t, `title ~ "fOLK"`, "D2")
}

func TestFilterNotLike(t *testing.T) {
	h := stacks(t)
	h.finds(t, `title !~ "and"`, "D1 D2 D4 D5")
	h.finds(t, `title !~ "%Peace"`, "D1 D2 D4 D5")
}

func TestFilterNotLikeInAnyCase(t *testing.T) {
	stacks(t).finds(t, `title !~ "WAR" && title !~ "aNNa"`, "D2 D4 D5")
}

func TestFilterEqual(t *testing.T) {
	h := stacks(t)
	h.finds(t, `title = "Poor Folk"`, "D2")
	h.finds(t, `daysToAlert = 30`, "D3")
	h.finds(t, `expiresOn = "2027-02-20"`, "") // the private one's
}

func TestFilterNotEqual(t *testing.T) {
	stacks(t).finds(t, `title != "Poor Folk" && daysToAlert != 10`, "D3 D4 D5")
}

func TestFilterLess(t *testing.T) {
	stacks(t).finds(t, `daysToAlert < 30`, "D1 D2")
}

func TestFilterLessOrEqual(t *testing.T) {
	stacks(t).finds(t, `expiresOn <= "2027-03-15"`, "D1 D2 D3")
}

func TestFilterGreater(t *testing.T) {
	stacks(t).finds(t, `daysToAlert > 40`, "D5")
}

func TestFilterGreaterOrEqual(t *testing.T) {
	stacks(t).finds(t, `expiresOn >= "2027-04-15"`, "D4 D5")
}

// A list of values is a chain of ors: as many as the client writes.
func TestFilterIn(t *testing.T) {
	stacks(t).finds(t, `(code = "D1" || code = "D4" || code = "D9" || code = "none")`, "D1 D4")
}

func TestFilterNotIn(t *testing.T) {
	stacks(t).finds(t, `(code != "D1" && code != "D4")`, "D2 D3 D5")
}

func TestFilterBetween(t *testing.T) {
	h := stacks(t)
	h.finds(t, `(daysToAlert >= 20 && daysToAlert <= 40)`, "D2 D3 D4")
	h.finds(t, `(expiresOn >= "2027-02-01" && expiresOn <= "2027-02-28")`, "D2")
}

// All that are joined by and, and any of those that are joined by or.
func TestFilterJoinsByAndAndOr(t *testing.T) {
	stacks(t).finds(t, `daysToAlert >= 20 && (title ~ "Folk" || title ~ "Sheep")`, "D2 D5")
}

// What is no filter answers nothing at all, rather than everything.
func TestUnknownOperatorIsRefused(t *testing.T) {
	h := stacks(t)
	for _, filter := range []string{
		`title like "and"`, `title == "and"`, `title <> "and"`, `title ilike "and"`, `daysToAlert between 1`, `code in "D1"`, `title =`, `title`, `(title = "x"`,
		`[{"property":"title","operator":"like","value":"and"}]`, `__class__ = 1`, `title.__class__ = 1`, `owner.password ~ "a"`, `owner.legacyHash ~ "a"`,
	} {
		a := h.Do(t, h.other, "GET", records+"?filter="+url.QueryEscape(filter), nil)
		if a.Status != 400 || a.At("items") != nil {
			t.Errorf("%s: %d %s", filter, a.Status, a.Raw)
		}
		if strings.Contains(strings.ToLower(string(a.Raw)), "sql") {
			t.Errorf("%s: the answer speaks of SQL: %s", filter, a.Raw)
		}
	}
}

// A sort names a field that may be sorted by, and calls nothing.
func TestUnknownSortIsRefused(t *testing.T) {
	h := stacks(t)
	for _, sort := range []string{"query", "-delete", "metadata", "owner.password", "owner.legacyHash", "title;DROP TABLE documents", `[{"property":"query","direction":"delete"}]`} {
		a := h.Do(t, h.other, "GET", records+"?sort="+url.QueryEscape(sort), nil)
		if a.Status != 400 || a.At("items") != nil {
			t.Errorf("%s: %d %s", sort, a.Status, a.Raw)
		}
	}
	h.finds(t, `code ~ "D"`, "D1 D2 D3 D4 D5") // nothing is gone
}
