package catalogue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"onlibrary/internal/fault"
)

// makeList makes the field a list of at most most texts of at most long
// characters, none empty, none twice.
func makeList(r *core.Record, field string, most, long int) error {
	list, ok := texts(r.Get(field))
	if !ok {
		return fault.Field(field, "not_a_list", nil)
	}
	out := make([]string, 0, len(list))
	for _, s := range list {
		s = strings.Join(strings.FieldsFunc(s, blank), " ")
		if s == "" || slices.Contains(out, s) {
			continue
		}
		if utf8.RuneCountInString(s) > long {
			return fault.Field(field, "entry_too_long", map[string]any{"max": long})
		}
		if len(out) == most {
			return fault.Field(field, "too_many_entries", map[string]any{"max": most})
		}
		out = append(out, s)
	}
	r.Set(field, out)
	return nil
}

// texts reads a JSON field that should be a list of texts; one text alone, as
// forms send it, is a list of one.
func texts(v any) ([]string, bool) {
	switch v := v.(type) {
	case nil:
		return nil, true
	case []string:
		return v, true
	case string:
		return []string{v}, true
	case types.JSONRaw:
		if len(v) == 0 {
			return nil, true
		}
		d := json.NewDecoder(bytes.NewReader(v))
		d.UseNumber()
		var any any
		if err := d.Decode(&any); err != nil {
			return nil, false
		}
		return textsOf(any)
	}
	return nil, false
}

func textsOf(v any) ([]string, bool) {
	list, ok := v.([]any)
	switch {
	case v == nil:
		return nil, true
	case !ok:
		list = []any{v}
	}
	out := make([]string, 0, len(list))
	for _, entry := range list {
		switch entry.(type) {
		// PocketBase takes a form's "1984" and "true" for a number and a truth.
		case string, json.Number, bool:
			out = append(out, fmt.Sprint(entry))
		default:
			return nil, false
		}
	}
	return out, true
}

// blank tells what parts words, control characters among it.
func blank(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }
