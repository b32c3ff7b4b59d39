package locale

import (
	"maps"
	"strings"

	"github.com/pocketbase/pocketbase/tools/router"

	"onlibrary/internal/reply"
	"onlibrary/internal/translate"
)

// Keys of PocketBase's texts: its codes stand under api., its top-level
// messages, which have no code, under api.message. and a slug of their English.
const (
	codePrefix    = "api."
	messagePrefix = "api.message."
	faultPrefix   = "fault."
)

// wording puts errors into words.
type wording struct {
	catalog *translate.Catalog
}

// apiError returns a copy of err in lang: PocketBase's own errors are shared.
func (w wording) apiError(lang string, err *router.ApiError) *router.ApiError {
	worded := *err
	worded.Data = w.data(lang, err.Data)
	worded.Message = w.topMessage(lang, err.Message, worded.Data)
	return &worded
}

// data words every refusal in data, however deep: fields, nested fields, and
// the answers to the requests of a batch.
func (w wording) data(lang string, data map[string]any) map[string]any {
	worded := make(map[string]any, len(data))
	for key, value := range data {
		switch value := value.(type) {
		case *router.ApiError:
			worded[key] = w.apiError(lang, value)
		case map[string]any:
			child := w.data(lang, value)
			if code, message, ok := refusal(value); ok {
				params, _ := value["params"].(map[string]any)
				child["message"] = w.fieldMessage(lang, code, message, params)
			}
			worded[key] = child
		case string:
			// What a client sent may come back, and JSON has to be UTF-8.
			worded[key] = strings.ToValidUTF8(value, "\uFFFD")
		default:
			worded[key] = value
		}
	}
	return worded
}

func refusal(data map[string]any) (code, message string, ok bool) {
	code, isCode := data["code"].(string)
	message, isMessage := data["message"].(string)
	return code, message, isCode && isMessage
}

// fieldMessage is the text of a refusal's code, else message as it is.
func (w wording) fieldMessage(lang, code, message string, params map[string]any) string {
	params = w.fill(lang, params)
	if text, ok := w.catalog.Find(lang, faultPrefix+code, params); ok {
		return text
	}
	if text, ok := w.unnamed(lang, code, message); ok {
		return text
	}
	if text, ok := w.catalog.Find(lang, codePrefix+code, params); ok {
		return text
	}
	return strings.ToValidUTF8(message, "\uFFFD")
}

// topMessage is the text of an error's own message. A refusal that is about no
// field speaks for the whole.
func (w wording) topMessage(lang, message string, data map[string]any) string {
	if fault, ok := data[reply.FaultKey].(map[string]any); ok {
		if _, text, ok := refusal(fault); ok {
			return text
		}
	}
	slug := slugOf(message)
	if text, ok := w.catalog.Find(lang, messagePrefix+slug, nil); ok {
		return text
	}
	if text, ok := w.unnamed(lang, "", message); ok {
		return text
	}
	if head, detail, ok := strings.Cut(message, " Raw error:"); ok {
		if text, ok := w.catalog.Find(lang, messagePrefix+slugOf(head), nil); ok {
			return w.catalog.Text(lang, messagePrefix+"raw_error", map[string]any{"message": text, "detail": strings.ToValidUTF8(strings.TrimSpace(detail), "\uFFFD")})
		}
	}
	// A refusal of a field, made by package reply, repeats its code.
	for _, value := range data {
		if field, ok := value.(map[string]any); ok {
			if code, text, ok := refusal(field); ok && slugOf(code) == slug {
				return text
			}
		}
	}
	return strings.ToValidUTF8(message, "\uFFFD")
}

// fill adds to the parameters of a refusal what its text may need: a count for
// the plural and a size in words.
func (w wording) fill(lang string, params map[string]any) map[string]any {
	filled := maps.Clone(params)
	if filled == nil {
		filled = map[string]any{}
	}
	for key, value := range filled {
		if s, ok := value.(string); ok {
			filled[key] = strings.ToValidUTF8(s, "\uFFFD")
		}
	}
	if _, counted := filled[translate.Count]; !counted {
		if n, ok := countOf(filled); ok {
			filled[translate.Count] = n
		}
	}
	if bytes, ok := toInt(filled["maxSize"]); ok {
		filled["size"] = w.size(lang, bytes)
	}
	return filled
}

// countOf is the number that a refusal is about: the upper bound if it names
// two, else the only number there is.
func countOf(params map[string]any) (n any, ok bool) {
	if n, ok := params["max"]; ok {
		return n, true
	}
	for _, value := range params {
		switch value.(type) {
		case int, int64, float64:
			if ok {
				return nil, false
			}
			n, ok = value, true
		}
	}
	return n, ok
}

// size words a number of bytes in the largest unit that it is a whole number of.
func (w wording) size(lang string, bytes int64) string {
	unit := "bytes"
	for _, larger := range []string{"kb", "mb", "gb"} {
		if bytes == 0 || bytes%1024 != 0 {
			break
		}
		unit, bytes = larger, bytes/1024
	}
	return w.catalog.Text(lang, "api.size."+unit, map[string]any{translate.Count: bytes})
}

func toInt(n any) (int64, bool) {
	switch n := n.(type) {
	case int:
		return int64(n), true
	case int64:
		return n, true
	default:
		return 0, false
	}
}

// slugOf turns an English message into the last part of a key: its letters and
// digits in lower case, all else an underscore.
func slugOf(message string) string {
	var slug strings.Builder
	gap := false
	for _, c := range strings.ToLower(message) {
		if c == '\'' {
			continue
		}
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			gap = slug.Len() > 0
			continue
		}
		if gap {
			slug.WriteByte('_')
			gap = false
		}
		slug.WriteRune(c)
	}
	return slug.String()
}
