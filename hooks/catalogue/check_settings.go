package catalogue

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/fault"
	"onlibrary/internal/media"
	"onlibrary/internal/reply"
)

var domain = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)

// checkSettings brings the two lists of the library's settings into shape.
func checkSettings(e *core.RecordEvent) error {
	s := e.Record
	if err := makeList(s, "allowedExtensions", 200, 32); err != nil {
		return reply.Validation(err)
	}
	extensions := s.GetStringSlice("allowedExtensions")
	for i, x := range extensions {
		extensions[i] = strings.ToLower(strings.TrimPrefix(x, "."))
		if !slices.Contains(media.Extensions(), extensions[i]) {
			return reply.Validation(fault.Field("allowedExtensions", "extension_invalid", map[string]any{"extension": x}))
		}
	}
	s.Set("allowedExtensions", unique(extensions))

	if err := makeList(s, "allowedEmailDomains", 1000, 253); err != nil {
		return reply.Validation(err)
	}
	domains := s.GetStringSlice("allowedEmailDomains")
	for i, d := range domains {
		domains[i] = strings.ToLower(strings.TrimPrefix(d, "@"))
		if !domain.MatchString(domains[i]) {
			return reply.Validation(fault.Field("allowedEmailDomains", "domain_invalid", map[string]any{"domain": d}))
		}
	}
	s.Set("allowedEmailDomains", unique(domains))
	return e.Next()
}

// unique drops what comes a second time and keeps the order.
func unique(list []string) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
