package catalogue

import (
	"math"
	"testing"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// The total that is found apart is the one that PocketBase counts by the rule,
// which it does where there is a filter.
func TestTotals(t *testing.T) {
	h := open(t)
	for _, visibility := range []string{schema.VisibilityPublic, schema.VisibilityMembers, schema.VisibilityPrivate} {
		for range 2 {
			testapp.Document(t, h, nil, visibility)
			testapp.Share(t, h, testapp.Document(t, h, h.other, visibility), h.recipient)
		}
		testapp.Document(t, h, h.owner, visibility)
		// A share with its own owner, which no one can make, counts once all the same.
		testapp.Share(t, h, testapp.Document(t, h, h.recipient, visibility), h.recipient)
	}
	totals := map[any]bool{}
	for name, who := range h.people() {
		want := h.Do(t, who, "GET", records+"?perPage=4&filter=id!=''", nil)
		if want.Status != 200 || want.At("totalItems") == 0.0 {
			t.Fatalf("%s: %d %s", name, want.Status, want.Raw)
		}
		for _, query := range []string{"?perPage=4", "?perPage=4&skipTotal=0", "?perPage=4&page=3&fields=totalItems,totalPages"} {
			got := h.Do(t, who, "GET", records+query, nil)
			for _, key := range []string{"totalItems", "totalPages"} {
				if got.At(key) != want.At(key) {
					t.Errorf("%s, %s: %s is %v, want %v", name, query, key, got.At(key), want.At(key))
				}
			}
		}
		if got := h.Do(t, who, "GET", records+"?perPage=4&skipTotal=1", nil); got.At("totalItems") != -1.0 {
			t.Errorf("%s: the total was to be left out, and is %v", name, got.At("totalItems"))
		}
		totals[want.At("totalItems")] = true
		if pages, _ := want.At("totalPages").(float64); pages != math.Ceil(want.At("totalItems").(float64)/4) {
			t.Errorf("%s: %v pages", name, pages)
		}
	}
	if len(totals) < 5 {
		t.Errorf("all see about the same: %v", totals)
	}
}
