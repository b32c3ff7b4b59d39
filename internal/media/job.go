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
		thumb, err := thumbnail(j.file, j.file.size, j.most())
		return j.drawn(Preview{Thumbnail: thumb}, err)
	case "image/avif", "image/heic":
		return j.still(ctx)
	case "application/pdf":
		return j.portableDocument()
	case "application/epub+zip":
		return j.epub()
	case "application/vnd.comicbook+zip":
		return j.comic()
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

// most returns how many bytes a picture may take. Two jobs of little need run side by
// side; one of more is asked for again, alone.
func (j *job) most() int64 {
	if j.request.Memory < fullMemory/2 {
		return lightDecoded
	}
	return maxDecoded
}

// drawn completes p by how its picture came out.
func (j *job) drawn(p Preview, err error) (Preview, error) {
	switch {
	case errors.Is(err, errHeavy):
		return Preview{}, err
	case errors.Is(err, errUnsupported):
		p.Detail = DetailUnsupported
	case err != nil:
		b := j.broken(err)
		p.Detail, p.Failed = b.Detail, b.Failed
	}
	return p, nil
}

// epub draws the first cover that can be drawn.
func (j *job) epub() (Preview, error) {
	book, err := epub.Open(j.file, j.file.size)
	if err != nil {
		return j.broken(err), nil
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
		thumb, err := coverThumbnail(data, j.most(), func(href string) ([]byte, error) { return book.ReadFrom(name, href) })
		if err == nil {
			p.Thumbnail, p.Detail = thumb, ""
			break
		}
		if errors.Is(err, errHeavy) {
			return Preview{}, err
		}
		fmt.Fprintf(os.Stderr, "cover %q: %v\n", name, err)
	}
	return p, nil
}

// comic draws the first page.
func (j *job) comic() (Preview, error) {
	book, err := comic.Open(j.file, j.file.size)
	if err != nil {
		return j.broken(err), nil
	}
	p := Preview{Work: book.Work(), Pages: len(book.Pages())}
	if book.Encrypted() {
		p.Detail = DetailPassword
		return p, nil
	}
	data, err := book.Read(book.Pages()[0])
	if err != nil {
		return j.drawn(p, err)
	}
	p.Thumbnail, err = coverThumbnail(data, j.most(), nil)
	return j.drawn(p, err)
}
