package locale

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/search"

	"onlibrary/internal/schema"
)

func BenchmarkLocalise(b *testing.B) {
	h := open(b)
	documents, err := h.FindCollectionByNameOrId(schema.Documents)
	if err != nil {
		b.Fatal(err)
	}
	zone, ok := h.guide.loadZone("America/Sao_Paulo")
	if !ok {
		b.Fatal("no zone")
	}
	for name, text := range map[string]string{
		"nothing":   `visibility = "public" && title ~ "whale"`,
		"today":     `created >= @todayStart && created <= @todayEnd`,
		"dates":     `created >= "2026-11-01" && created < "2026-12-01 12:00" && (title ~ "whale" || expiresOn = @today)`,
		"relations": `document_shares_via_document.user.created ?> "2026-11-24" && owner.created < @yearStart`,
		"longest":   strings.Repeat(`created=@todayStart||`, 165) + `id=""`,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				l := localiser{app: h, collection: documents, now: time.Now().In(zone)}
				l.localise(text)
			}
		})
	}
}

// BenchmarkParsedFilters shows what PocketBase's memory of 500 parsed filters,
// which forgets none, costs a filter that finds no room there.
func BenchmarkParsedFilters(b *testing.B) {
	h := open(b)
	documents, err := h.FindCollectionByNameOrId(schema.Documents)
	if err != nil {
		b.Fatal(err)
	}
	build := func(b *testing.B, text string) {
		b.Helper()
		if _, err := search.FilterData(text).BuildExpr(core.NewRecordFieldResolver(h, documents, &core.RequestInfo{}, true)); err != nil {
			b.Fatal(err)
		}
	}
	rule := *documents.ListRule
	b.Run("remembered", func(b *testing.B) {
		for b.Loop() {
			build(b, rule)
		}
	})
	for i := range 600 {
		build(b, fmt.Sprintf("created > '%d'", i))
	}
	b.Run("no room", func(b *testing.B) {
		for b.Loop() {
			build(b, rule+" // another text")
		}
	})
}
