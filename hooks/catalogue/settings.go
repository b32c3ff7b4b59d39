package catalogue

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
)

var (
	domain    = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)
	extension = regexp.MustCompile(`^[a-z0-9]{1,8}$`)
)

// validateSettings brings the two lists of the library's settings into shape.
func validateSettings(e *core.RecordEvent) error {
	s := e.Record
	if err := words(s, "allowedExtensions", 200, 8); err != nil {
		return reply.Validation(err)
	}
	extensions := s.GetStringSlice("allowedExtensions")
	for i, x := range extensions {
		extensions[i] = strings.ToLower(strings.TrimPrefix(x, "."))
		if !extension.MatchString(extensions[i]) {
			return reply.Validation(fault.Field("allowedExtensions", "extension_invalid", map[string]any{"extension": x}))
		}
	}
	s.Set("allowedExtensions", extensions)

	if err := words(s, "allowedEmailDomains", 1000, 253); err != nil {
		return reply.Validation(err)
	}
	domains := s.GetStringSlice("allowedEmailDomains")
	for i, d := range domains {
		domains[i] = strings.ToLower(strings.TrimPrefix(d, "@"))
		if !domain.MatchString(domains[i]) {
			return reply.Validation(fault.Field("allowedEmailDomains", "domain_invalid", map[string]any{"domain": d}))
		}
	}
	s.Set("allowedEmailDomains", domains)
	return e.Next()
}

// uploadBound writes maxUploadMB into the file field, from which PocketBase
// takes how much of a request it reads at all.
func uploadBound(e *core.RecordEvent) error {
	most, err := maxUpload(e.App)
	if err != nil {
		return err
	}
	documents, err := e.App.FindCollectionByNameOrId(schema.Documents)
	if err != nil {
		return err
	}
	file, ok := documents.Fields.GetByName("file").(*core.FileField)
	if !ok {
		return fmt.Errorf("documents.file is no file field")
	}
	if file.MaxSize != most {
		file.MaxSize = most
		if err := e.App.Save(documents); err != nil {
			return fmt.Errorf("bound uploads to %d bytes: %w", most, err)
		}
	}
	return e.Next()
}
