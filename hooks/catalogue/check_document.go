package catalogue

import (
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/bibliography"
	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
)

// checkDocument brings what a person wrote into the catalogue's shape, or
// refuses it.
func checkDocument(e *core.RecordEvent) error {
	for _, check := range []func(*core.Record) error{
		checkTexts, checkAuthors, checkTags, checkISBN, checkLanguage, checkPublished, checkExpiry, checkAlertEmails,
	} {
		if err := check(e.Record); err != nil {
			return reply.Validation(err)
		}
	}
	return e.Next()
}

// checkTexts refuses what is no text: forms may carry any bytes.
func checkTexts(r *core.Record) error {
	for _, f := range r.Collection().Fields {
		if f.Type() != core.FieldTypeText {
			continue
		}
		if s := r.GetString(f.GetName()); !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return fault.Field(f.GetName(), "text_invalid", nil)
		}
	}
	return nil
}

func checkAuthors(r *core.Record) error { return makeList(r, "authors", 100, 256) }

func checkTags(r *core.Record) error { return makeList(r, "tags", 100, 64) }

func checkISBN(r *core.Record) error {
	raw := strings.TrimSpace(r.GetString("isbn"))
	isbn, ok := bibliography.ISBN(raw)
	if raw != "" && !ok {
		return fault.Field("isbn", "isbn_invalid", nil)
	}
	r.Set("isbn", isbn)
	return nil
}

func checkLanguage(r *core.Record) error {
	raw := strings.TrimSpace(r.GetString("language"))
	tag := bibliography.Language(raw)
	if raw != "" && tag == "" {
		return fault.Field("language", "language_tag_unknown", nil)
	}
	r.Set("language", tag)
	return nil
}

func checkPublished(r *core.Record) error {
	s := strings.TrimSpace(r.GetString("published"))
	if len(s) == len(time.DateOnly) && !isDay(s) {
		return fault.Field("published", "day_unknown", nil)
	}
	r.Set("published", s)
	return nil
}

func checkExpiry(r *core.Record) error {
	s := strings.TrimSpace(r.GetString("expiresOn"))
	if s != "" && !isDay(s) {
		return fault.Field("expiresOn", "day_unknown", nil)
	}
	r.Set("expiresOn", s)
	return nil
}

// isDay tells whether s is a day of the calendar, as YYYY-MM-DD.
func isDay(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

func checkAlertEmails(r *core.Record) error {
	if err := makeList(r, "alertEmails", 10, 254); err != nil {
		return err
	}
	for _, address := range r.GetStringSlice("alertEmails") {
		if a, err := mail.ParseAddress(address); err != nil || a.Address != address {
			return fault.Field("alertEmails", "email_invalid", map[string]any{"email": address})
		}
	}
	return nil
}
