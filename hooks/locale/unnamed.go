package locale

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"onlibrary/internal/translate"
)

// unnamedValue is a text of PocketBase's that carries a value without naming it
// as a parameter, or says two things by one code.
type unnamedValue struct {
	code string // "" for a top-level message
	text *regexp.Regexp
	key  string // "" for the code's own
}

// unnamedValues are all such texts of PocketBase v0.40; each group of a pattern
// is a placeholder in the key's text.
var unnamedValues = []unnamedValue{
	{"", regexp.MustCompile(`^Failed to init provider (?P<name>.*)\.$`), "api.message.failed_to_init_provider"},
	{"", regexp.MustCompile(`^Only superusers can filter by (?P<field>.*)\.$`), "api.message.only_superusers_can_filter_by"},
	{"", regexp.MustCompile(`^The request requires auth record from (?P<collection>.*) collection\.$`), "api.message.the_request_requires_auth_record_from_collection"},
	{"", regexp.MustCompile(`^Failed to delete collection probably due to existing reference in (?P<collections>.*)\.$`), "api.message.failed_to_delete_collection_in_use"},
	{"validation_collections_import_failure", regexp.MustCompile(`(?s)^(?:Failed to import the collections configuration\. Raw error:\s*)?(?P<detail>.+)$`), ""},
	{"validation_duplicated_field_id", regexp.MustCompile(`^Duplicated or invalid field id "(?P<fieldId>.*)"\.$`), ""},
	{"validation_invalid_autogenerate_pattern", regexp.MustCompile(`(?s)^(?P<detail>.+)$`), ""},
	{"validation_invalid_autogenerate_pattern_value", regexp.MustCompile(`ex\.: "(?P<example>.*)"\.$`), ""},
	{"validation_invalid_collection_type", regexp.MustCompile(`must be (?P<types>.*?)\.$`), ""},
	{"validation_invalid_cron", regexp.MustCompile(`(?s)^(?P<detail>.+)$`), ""},
	{"validation_invalid_index_expression", regexp.MustCompile(`(?s)^Failed to create index (?P<index>.*?) - (?P<detail>.*)$`), "api.validation_invalid_index_expression_failed"},
	{"validation_invalid_mime_type", regexp.MustCompile(`^"(?P<file>.*)" mime type must be one of: (?P<types>.*)\.$`), "api.validation_invalid_mime_type_not_among"},
	{"validation_invalid_mime_type", regexp.MustCompile(`^Failed to upload "(?P<file>.*)" due to unsupported file type\.$`), ""},
	{"validation_invalid_regex", regexp.MustCompile(`(?s)^(?P<detail>.+)$`), ""},
	{"validation_invalid_rule", regexp.MustCompile(`(?s)^Invalid rule\. Raw error: (?P<detail>.+)$`), ""},
	{"validation_invalid_value", regexp.MustCompile(`^Invalid value\.$`), "api.validation_invalid_value_unnamed"},
	{"validation_invalid_view_query", regexp.MustCompile(`(?s)^Invalid query - (?P<detail>.+)$`), ""},
	{"validation_max_text_constraint", regexp.MustCompile(`^Must be less than (?P<max>\d+) character\(s\)\.$`), ""},
	{"validation_min_text_constraint", regexp.MustCompile(`^Must be at least (?P<min>\d+) character\(s\)\.$`), ""},
}

// unnamed words a message that has the form of an unnamedValue.
func (w wording) unnamed(lang, code, message string) (text string, ok bool) {
	for _, v := range unnamedValues {
		if v.code != code {
			continue
		}
		match := v.text.FindStringSubmatch(message)
		if match == nil {
			continue
		}
		params := map[string]any{}
		for i, name := range v.text.SubexpNames() {
			if name != "" {
				params[name] = strings.ToValidUTF8(match[i], "\uFFFD")
			}
		}
		for _, name := range []string{"max", "min"} {
			if n, err := strconv.Atoi(fmt.Sprint(params[name])); err == nil {
				params[translate.Count] = n
			}
		}
		key := v.key
		if key == "" {
			key = codePrefix + code
		}
		return w.catalog.Find(lang, key, params)
	}
	return "", false
}
