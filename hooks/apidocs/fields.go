package apidocs

import (
	"fmt"
	"maps"
	"regexp"
	"strings"

	"github.com/pocketbase/pocketbase/core"
)

const (
	instant = `^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$`
	idText  = "^[a-z0-9]{15}$"
)

// reading is the schema of a field as it is read, writing that as it is written.
func reading(c *core.Collection, f core.Field) object { return finish(c, f, shape(f, false)) }
func writing(c *core.Collection, f core.Field) object {
	s := finish(c, f, shape(f, true))
	delete(s, "readOnly")
	return s
}

// finish adds what is known of a field beyond its type.
func finish(c *core.Collection, f core.Field, s object) object {
	known := fact(c, f.GetName())
	if known.schema != nil {
		s = maps.Clone(known.schema)
	}
	if known.text != "" {
		s["description"] = strings.TrimSpace(known.text)
	}
	if known.example != nil {
		s["examples"] = []any{known.example}
	}
	if !writable(c, f) {
		s["readOnly"] = true
	}
	return s
}

// shape is the schema of what a field of this type takes. PocketBase lets the
// empty value of a type pass all bounds where the field is not required.
func shape(f core.Field, write bool) object {
	switch f := f.(type) {
	case *core.TextField:
		return textShape(f)
	case *core.EditorField:
		return text("", "")
	case *core.EmailField:
		return orEmpty(f.Required, object{"type": "string", "format": "email", "maxLength": 255}, "ana@example.org")
	case *core.URLField:
		return orEmpty(f.Required, object{"type": "string", "format": "uri"}, "https://example.org/")
	case *core.NumberField:
		return numberShape(f)
	case *core.BoolField:
		return object{"type": "boolean", "examples": []any{false}}
	case *core.DateField:
		return instantShape(f.Required, write)
	case *core.AutodateField:
		return instantShape(true, write)
	case *core.SelectField:
		return selectShape(f)
	case *core.RelationField:
		if f.IsMultiple() {
			return object{"type": "array", "items": object{"type": "string", "pattern": idText}, "maxItems": f.MaxSelect}
		}
		return orEmpty(f.Required, object{"type": "string", "pattern": idText}, "x7k2m9q4w8e1r5t")
	case *core.FileField:
		return fileShape(f, write)
	case *core.GeoPointField:
		return object{"type": "object", "properties": object{"lon": object{"type": "number"}, "lat": object{"type": "number"}}}
	}
	return object{} // JSON: any value
}

func textShape(f *core.TextField) object {
	most := f.Max
	if most == 0 {
		most = 5000 // PocketBase's
	}
	s := object{"type": "string", "maxLength": most}
	if f.PrimaryKey {
		return object{"type": "string", "pattern": idText, "examples": []any{"x7k2m9q4w8e1r5t"}}
	}
	if f.Required {
		s["minLength"] = max(1, f.Min)
	} else if f.Min > 0 {
		s["description"] = fmt.Sprintf("Empty, or at least %d characters.", f.Min)
	}
	if f.Pattern != "" && portable(f.Pattern) {
		s["pattern"] = f.Pattern
		if !f.Required {
			s["pattern"] = "^$|" + f.Pattern
		}
	}
	return s
}

// portable tells whether Go and JavaScript, which JSON Schema goes by, read a
// pattern alike.
func portable(pattern string) bool {
	return !regexp.MustCompile(`\(\?|\\[AzQCpP][^{]|\[\[:`).MatchString(pattern)
}

func numberShape(f *core.NumberField) object {
	s := object{"type": "number"}
	if f.OnlyInt {
		s["type"] = "integer"
	}
	if f.Min != nil && (f.Required || *f.Min <= 0) {
		s["minimum"] = *f.Min
	}
	if f.Max != nil {
		s["maximum"] = *f.Max
	}
	return s
}

// instantShape is PocketBase's own way to write one; it reads RFC 3339 too.
func instantShape(required, write bool) object {
	s := object{"type": "string", "description": "An instant in UTC.", "examples": []any{"2026-03-14 12:26:53.589Z"}}
	switch {
	case write:
		s["description"] = "An instant, as `2026-03-14 12:26:53.589Z` or in RFC 3339."
	case required:
		s["pattern"] = instant
	default:
		s["pattern"] = "^$|" + instant
	}
	return s
}

func selectShape(f *core.SelectField) object {
	if f.IsMultiple() {
		return object{
			"type": "array", "items": object{"type": "string", "enum": f.Values}, "uniqueItems": true, "maxItems": f.MaxSelect,
			"examples": []any{f.Values[:1]},
		}
	}
	values := f.Values
	if !f.Required {
		values = append([]string{""}, values...)
	}
	return object{"type": "string", "enum": values, "examples": []any{f.Values[0]}}
}

func fileShape(f *core.FileField, write bool) object {
	if !write {
		s := object{"type": "string", "description": "The name under which the file is stored; see `GET /api/files/…`.", "examples": []any{"quiet_x7k2m9q4w8.pdf"}}
		return one(f.IsMultiple(), s)
	}
	size := f.MaxSize
	if size <= 0 {
		size = core.DefaultFileFieldMaxSize
	}
	note := fmt.Sprintf("At most %d MB.", size>>20)
	if len(f.MimeTypes) > 0 {
		note += " " + strings.Join(f.MimeTypes, ", ") + "."
	}
	return one(f.IsMultiple(), object{"type": "string", "format": "binary", "description": note})
}

// orEmpty lets the empty text pass where a field is not required.
func orEmpty(required bool, s object, example string) object {
	if !required {
		s = object{"type": "string", "anyOf": []object{{"const": ""}, s}}
	}
	s["examples"] = []any{example}
	return s
}

func text(description, example string) object {
	s := object{"type": "string"}
	if description != "" {
		s["description"] = description
	}
	if example != "" {
		s["examples"] = []any{example}
	}
	return s
}
