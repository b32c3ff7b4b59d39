// Package locales holds the texts that people read, one JSON file a language in
// go-i18n's format, named by its BCP 47 tag. The web app reads the same files.
package locales

import "embed"

// FS holds the language files, at its root.
//
//go:embed *.json
var FS embed.FS
