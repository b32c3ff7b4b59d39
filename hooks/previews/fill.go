package previews

import (
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"onlibrary/internal/bibliography"
)

// fillable are the fields that a file may fill where no person has.
func fillable() []string {
	return []string{
		"title", "titleProvisional", "authors", "language", "isbn", "publisher", "published", "description", "series", "seriesIndex",
	}
}

// fill gives the document what its file says of itself where it has nothing.
func fill(doc *core.Record, w bibliography.Work) {
	if w.Title != "" && doc.GetBool("titleProvisional") {
		doc.Set("title", w.Title)
		doc.Set("titleProvisional", false)
	}
	if w.Series != "" && doc.GetString("series") == "" && doc.GetFloat("seriesIndex") == 0 {
		doc.Set("series", w.Series)
		doc.Set("seriesIndex", w.SeriesIndex)
	}
	if v, ok := doc.Get("authors").(types.JSONRaw); len(w.Authors) > 0 && (!ok || len(v) == 0 || string(v) == "null" || string(v) == "[]") {
		doc.Set("authors", w.Authors)
	}
	for field, value := range map[string]string{
		"language": w.Language, "isbn": w.ISBN, "publisher": w.Publisher, "published": w.Published, "description": w.Description,
	} {
		if doc.GetString(field) == "" {
			doc.Set(field, value)
		}
	}
}
