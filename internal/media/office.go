package media

import (
	"bytes"
	"strings"

	"onlibrary/internal/bibliography"
	"onlibrary/internal/media/bound"
)

const (
	maxOfficeXML     = 4 << 20
	maxOfficePicture = 20 << 20
)

// openXML reads the core properties (ECMA-376 part 2 §11) of a Word or Excel file, and
// the picture of its first page that some programs store.
func (j *job) openXML() Preview {
	if j.file.is(0, cfbMagic) {
		return Preview{Detail: DetailPassword}
	}
	z, err := bound.OpenZip(j.file, j.file.size)
	if err != nil {
		return j.broken(err)
	}
	var core struct {
		Title       string `xml:"title"`
		Creator     string `xml:"creator"`
		Language    string `xml:"language"`
		Description string `xml:"description"`
	}
	p := Preview{Detail: DetailUnsupported}
	if readXML(z, "docProps/core.xml", &core) {
		p.Work = bibliography.Work{
			Title: usualTitle(core.Title), Authors: usualAuthors(core.Creator), Language: core.Language, Description: core.Description,
		}
	}
	return j.storedPicture(p, z, "docProps/thumbnail.jpeg", "docProps/thumbnail.jpg", "docProps/thumbnail.png")
}

// openDocument reads the metadata (ODF 1.3 part 3 §4) of an OpenDocument file and the
// picture of its first page (part 2 §3.8).
func (j *job) openDocument() Preview {
	z, err := bound.OpenZip(j.file, j.file.size)
	if err != nil {
		return j.broken(err)
	}
	var meta struct {
		Title       string `xml:"meta>title"`
		Initial     string `xml:"meta>initial-creator"`
		Creator     string `xml:"meta>creator"`
		Language    string `xml:"meta>language"`
		Description string `xml:"meta>description"`
	}
	p := Preview{Detail: DetailUnsupported}
	if readXML(z, "meta.xml", &meta) {
		author := meta.Initial
		if strings.TrimSpace(author) == "" {
			author = meta.Creator
		}
		p.Work = bibliography.Work{
			Title: usualTitle(meta.Title), Authors: usualAuthors(author), Language: meta.Language, Description: meta.Description,
		}
	}
	return j.storedPicture(p, z, "Thumbnails/thumbnail.png")
}

// readXML says whether the entry was there and could be read.
func readXML(z *bound.Zip, name string, into any) bool {
	data, err := z.Read(name, maxOfficeXML)
	return err == nil && bound.XML(data).Decode(into) == nil
}

// storedPicture completes p with the first of these entries that can be drawn.
func (j *job) storedPicture(p Preview, z *bound.Zip, names ...string) Preview {
	for _, name := range names {
		data, err := z.Read(name, maxOfficePicture)
		if err != nil {
			continue
		}
		if thumb, err := thumbnail(bytes.NewReader(data), int64(len(data)), j.most()); err == nil {
			p.Thumbnail, p.Detail = thumb, ""
			return p
		}
	}
	return p
}
