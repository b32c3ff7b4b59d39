package media

import (
	"path"
	"slices"
	"strings"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"

	"onlibrary/internal/bibliography"
)

// pdfWork reads the information dictionary (PDF 2.0 §14.3.3) and the catalogue's
// language, and where they are silent the XMP. What can't be read is left out.
func (j *job) pdfWork(instance pdfium.Pdfium, doc references.FPDF_DOCUMENT) bibliography.Work {
	info := func(tag string) string {
		meta, err := instance.GetMetaData(&requests.GetMetaData{Document: doc, Tags: &[]string{tag}})
		if err != nil || len(meta.Tags) == 0 {
			return ""
		}
		return bibliography.Line(meta.Tags[0].Value, bibliography.MaxTitle)
	}
	w := j.xmp()
	if title := usualTitle(info("Title")); title != "" {
		w.Title = title
	}
	if authors := usualAuthors(info("Author")); len(authors) > 0 {
		w.Authors = authors
	}
	lang, err := instance.FPDFCatalog_GetLanguage(&requests.FPDFCatalog_GetLanguage{Document: doc})
	if err == nil && bibliography.Language(lang.Language) != "" {
		w.Language = lang.Language
	}
	return w
}

// usualTitle returns the title that a program wrote into a file, or "" where it is
// no title of the work: many leave a name of their own or the file's.
func usualTitle(s string) string {
	s = strings.TrimSpace(s)
	for _, program := range []string{"Microsoft Word - ", "Microsoft PowerPoint - ", "Microsoft Excel - "} {
		if rest, ok := strings.CutPrefix(s, program); ok {
			s = withoutExtension(rest)
		}
	}
	lower := strings.ToLower(s)
	switch {
	case slices.Contains([]string{
		"untitled", "untitled document", "untitled-1", "unknown", "none", "null", "title", "document", "document1", "(anonymous)",
		"powerpoint presentation", "slide 1", "print", "about:blank", "full page photo", "layout 1", "sans titre", "sem título",
		"sin título", "documento", "scanned document", "presentación de powerpoint", "apresentação do powerpoint", "présentation powerpoint",
	}, lower), strings.Contains(s, `:\`), strings.HasPrefix(lower, "file://"), strings.HasPrefix(s, "/"):
		return ""
	case withoutExtension(s) != s && !strings.Contains(s, " "):
		return "" // a file's name
	}
	return withoutExtension(s)
}

// withoutExtension drops the extension of a text program's file.
func withoutExtension(s string) string {
	ext := path.Ext(s)
	if slices.Contains([]string{
		".doc", ".docx", ".dvi", ".pdf", ".rtf", ".odt", ".tex", ".ps", ".indd", ".qxd", ".qxp", ".cdr", ".pub", ".pmd", ".p65", ".wpd",
		".xls", ".xlsx", ".ppt", ".pptx", ".ods", ".odp", ".txt", ".html", ".htm", ".ai", ".psd", ".fm", ".eps", ".jpg", ".tif", ".tiff",
	}, strings.ToLower(ext)) {
		return strings.TrimSpace(strings.TrimSuffix(s, ext))
	}
	return s
}

// usualAuthors splits a list of names, and leaves out what is the name of an account.
func usualAuthors(s string) []string {
	parts := strings.Split(s, ";")
	if len(parts) == 1 {
		// A comma parts names only where each is of several words: not in "Eco, Umberto".
		if commas := strings.Split(s, ","); !slices.ContainsFunc(commas, func(p string) bool { return len(strings.Fields(p)) < 2 }) {
			parts = commas
		}
	}
	var out []string
	for _, p := range parts {
		p = strings.TrimSpace(p)
		if !slices.Contains([]string{
			"", "unknown", "anonymous", "(anonymous)", "admin", "administrator", "user", "owner", "author", "pc", "hp", "dell", "windows user",
			"microsoft office user", "usuario", "usuário", "utilisateur", "default", "root", "none", "null", "-",
		}, strings.ToLower(p)) {
			out = append(out, p)
		}
	}
	return out
}
