package seeds

import (
	"archive/zip"
	"bytes"
	"embed"
	"fmt"
	"io"
	"text/template"
)

//go:embed epub/*.tmpl
var epubFiles embed.FS

// epub makes an EPUB 3 book of the work. EPUB 3.3, 4.2: the archive's first
// file is "mimetype", stored as it is.
func (w work) epub() ([]byte, error) {
	t, err := template.New("").Funcs(template.FuncMap{"html": template.HTMLEscapeString, "plus": func(a, b int) int { return a + b }}).
		ParseFS(epubFiles, "epub/*.tmpl")
	if err != nil {
		return nil, err
	}
	cover, err := picture(w.Code, 800, 1200)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	kind, err := z.CreateHeader(&zip.FileHeader{Name: "mimetype", Method: zip.Store})
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(kind, "application/epub+zip"); err != nil {
		return nil, err
	}
	add := func(name string, write func(io.Writer) error) {
		if err != nil {
			return
		}
		var f io.Writer
		if f, err = z.Create(name); err == nil {
			err = write(f)
		}
	}
	fill := func(name, from string, data any) {
		add(name, func(f io.Writer) error { return t.ExecuteTemplate(f, from, data) })
	}
	fill("META-INF/container.xml", "container.xml.tmpl", nil)
	fill("book/package.opf", "package.opf.tmpl", w)
	fill("book/nav.xhtml", "nav.xhtml.tmpl", w)
	add("book/cover.jpg", func(f io.Writer) error { _, err := f.Write(cover); return err })
	for i, c := range w.Chapters {
		fill(fmt.Sprintf("book/chapter%d.xhtml", i+1), "chapter.xhtml.tmpl", map[string]any{"Language": w.Language, "Chapter": c})
	}
	if err != nil {
		return nil, err
	}
	err = z.Close()
	return b.Bytes(), err
}
