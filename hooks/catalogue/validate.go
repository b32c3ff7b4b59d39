package catalogue

import (
	"encoding/json"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
	"golang.org/x/text/language"

	"onlibrary/internal/bibliography"
	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
)

// validateDocument brings what a person wrote into the catalogue's shape, or
// refuses it.
func validateDocument(e *core.RecordEvent) error {
	doc := e.Record
	for _, check := range []func(*core.Record) error{
		func(d *core.Record) error { return words(d, "authors", 100, 256) },
		func(d *core.Record) error { return words(d, "tags", 100, 64) },
		validISBN, validLanguage, validPublished, validExpiry, validAlertEmails,
	} {
		if err := check(doc); err != nil {
			return reply.Validation(err)
		}
	}
	return e.Next()
}

// words makes the field a list of at most most texts of at most long
// characters, none empty, none twice.
func words(r *core.Record, field string, most, long int) error {
	list, ok := texts(r.Get(field))
	if !ok {
		return fault.Field(field, "not_a_list", nil)
	}
	out := make([]string, 0, len(list))
	for _, s := range list {
		s = strings.Join(strings.Fields(s), " ")
		if s == "" || slices.Contains(out, s) {
			continue
		}
		if utf8.RuneCountInString(s) > long {
			return fault.Field(field, "entry_too_long", map[string]any{"max": long})
		}
		out = append(out, s)
	}
	if len(out) > most {
		return fault.Field(field, "too_many_entries", map[string]any{"max": most})
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
		if len(v) == 0 || string(v) == "null" || string(v) == `""` {
			return nil, true
		}
		var list []string
		if json.Unmarshal(v, &list) == nil {
			return list, true
		}
		var one string
		if json.Unmarshal(v, &one) == nil {
			return []string{one}, true
		}
	}
	return nil, false
}

func validISBN(r *core.Record) error {
	raw := strings.TrimSpace(r.GetString("isbn"))
	if raw == "" {
		r.Set("isbn", "")
		return nil
	}
	isbn, ok := bibliography.ISBN(raw)
	if !ok {
		return fault.Field("isbn", "isbn_invalid", nil)
	}
	r.Set("isbn", isbn)
	return nil
}

func validLanguage(r *core.Record) error {
	raw := strings.TrimSpace(r.GetString("language"))
	if raw == "" {
		return nil
	}
	tag, err := language.Parse(raw)
	if err != nil || tag == language.Und {
		return fault.Field("language", "language_unknown", map[string]any{"language": raw})
	}
	r.Set("language", tag.String())
	return nil
}

func validPublished(r *core.Record) error {
	s := r.GetString("published")
	if len(s) == len(time.DateOnly) && !isDay(s) {
		return fault.Field("published", "day_unknown", nil)
	}
	return nil
}

func validExpiry(r *core.Record) error {
	if s := r.GetString("expiresOn"); s != "" && !isDay(s) {
		return fault.Field("expiresOn", "day_unknown", nil)
	}
	return nil
}

// isDay tells whether s is a day of the calendar, as YYYY-MM-DD.
func isDay(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

func validAlertEmails(r *core.Record) error {
	if err := words(r, "alertEmails", 10, 254); err != nil {
		return err
	}
	for _, address := range r.GetStringSlice("alertEmails") {
		if a, err := mail.ParseAddress(address); err != nil || a.Address != address {
			return fault.Field("alertEmails", "email_invalid", map[string]any{"email": address})
		}
	}
	return nil
}
