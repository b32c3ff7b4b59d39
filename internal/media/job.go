package media

import (
	"context"
	"errors"
	"fmt"
	"os"

	"onlibrary/internal/comic"
	"onlibrary/internal/epub"
	"onlibrary/internal/media/bound"
)

// job is one file in the child's hands.
type job struct {
	worker  *worker
	request request
	file    *file
	spent   bool // this child must not see another file
}

// run makes the preview. An error is the machine's fault.
func (j *job) run(ctx context.Context) (Preview, error) {
	switch j.request.Type.ContentType {
	case "image/jpeg", "image/png", "image/gif", "image/webp":
		thumb, err := thumbnail(j.file, j.file.size)
		return j.drawn(Preview{Thumbnail: thumb}, err), nil
	case "image/avif", "image/heic":
		return j.still(ctx)
	case "application/pdf":
		return j.portableDocument()
	case "application/epub+zip":
		return j.epub(), nil
	case "application/vnd.comicbook+zip":
		return j.comic(), nil
	case "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":
		return j.openXML(), nil
	case "application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet":
		return j.openDocument(), nil
	}
	switch j.request.Type.Kind {
	case KindAudio:
		return j.audio(ctx)
	case KindVideo:
		return j.video(ctx)
	}
	return Preview{Detail: DetailUnsupported}, nil
}

// broken is the end of a job whose file can't be read. The reason goes to the log.
func (j *job) broken(err error) Preview {
	fmt.Fprintln(os.Stderr, err)
	j.spent = true
	return Preview{Detail: DetailBroken, Failed: true}
}

// drawn completes p by how its picture came out.
func (j *job) drawn(p Preview, err error) Preview {
	switch {
	case errors.Is(err, errUnsupported):
		p.Detail = DetailUnsupported
	case err != nil:
		b := j.broken(err)
		p.Detail, p.Failed = b.Detail, b.Failed
	}
	return p
}

// epub draws the first cover that can be drawn.
func (j *job) epub() Preview {
	book, err := epub.Open(j.file, j.file.size)
	if err != nil {
		return j.broken(err)
	}
	p := Preview{Work: book.Work(), Detail: DetailUnsupported}
	for _, name := range book.Covers() {
		data, err := book.Read(name)
		if errors.Is(err, bound.ErrTooLarge) {
			return j.drawn(p, err)
		}
		if err != nil {
			continue
		}
		thumb, err := coverThumbnail(data, func(href string) ([]byte, error) { return book.ReadFrom(name, href) })
		if err == nil {
			p.Thumbnail, p.Detail = thumb, ""
			break
		}
		fmt.Fprintf(os.Stderr, "cover %q: %v\n", name, err)
	}
	return p
}

// comic draws the first page.
func (j *job) comic() Preview {
	book, err := comic.Open(j.file, j.file.size)
	if err != nil {
		return j.broken(err)
	}
	p := Preview{Work: book.Work(), Pages: len(book.Pages())}
	if book.Encrypted() {
		p.Detail = DetailPassword
		return p
	}
	data, err := book.Read(book.Pages()[0])
	if err != nil {
		return j.drawn(p, err)
	}
	p.Thumbnail, err = coverThumbnail(data, nil)
	return j.drawn(p, err)
}
