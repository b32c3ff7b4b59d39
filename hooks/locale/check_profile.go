package locale

import (
	"errors"
	"maps"

	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
)

// checkUser lets users have only a language and a time zone that there are.
func (r *room) checkUser(e *core.RecordEvent) error {
	return r.checkDefaults(e, "language", "timezone")
}

// checkLibrary does it for the library's defaults.
func (r *room) checkLibrary(e *core.RecordEvent) error {
	return r.checkDefaults(e, "defaultLanguage", "defaultTimezone")
}

// checkDefaults adds its refusals to those of PocketBase's own validation, so
// that a form shows all at once. A value as it was loaded passes: a language
// that was dropped since must not keep its users from changing their password.
func (r *room) checkDefaults(e *core.RecordEvent, language, zone string) error {
	err := e.Next()
	refused := validation.Errors{}
	changed := func(field string) (value string, ok bool) {
		value = e.Record.GetString(field)
		return value, value != "" && value != e.Record.Original().GetString(field)
	}
	if lang, ok := changed(language); ok && !r.catalog.Known(lang) {
		refused = with(refused, fault.Field(language, "language_unknown", map[string]any{"Language": cut(lang, 35)}))
	}
	if name, ok := changed(zone); ok {
		if _, known := r.loadZone(name); !known {
			refused = with(refused, unknownZone(zone, name))
		}
	}
	var others validation.Errors
	switch {
	case len(refused) == 0:
		return err
	case err == nil:
		return refused
	case errors.As(err, &others):
		maps.Copy(refused, others)
		return refused
	default:
		return err
	}
}

func with(all validation.Errors, f *fault.Error) validation.Errors {
	var one validation.Errors
	if errors.As(reply.Validation(f), &one) {
		maps.Copy(all, one)
	}
	return all
}
