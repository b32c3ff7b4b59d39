package reply

import (
	"errors"
	"maps"
	"slices"
	"strings"

	validation "github.com/pocketbase/ozzo-validation/v4"
)

// Plain turns a record's refusal into English, a line a field, for a command;
// any other error is returned as it is. text is translate.Catalog's.
func Plain(err error, text func(language, key string, data map[string]any) string) error {
	var fields validation.Errors
	if !errors.As(err, &fields) {
		return err
	}
	lines := make([]string, 0, len(fields))
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		message := fields[field].Error()
		var coded validation.Error
		if errors.As(fields[field], &coded) && coded.Code() == message { // ours, which has no words yet
			message = text("en", "fault."+coded.Code(), coded.Params())
		}
		if field != FaultKey {
			message = field + ": " + message
		}
		lines = append(lines, message)
	}
	return errors.New(strings.Join(lines, "\n"))
}
