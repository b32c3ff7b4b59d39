package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/dhowden/tag"

	"onlibrary/internal/bibliography"
)

// audio reads the tags, the cover among them, and the duration.
func (j *job) audio(ctx context.Context) (Preview, error) {
	p := Preview{Detail: DetailUnsupported}
	meta, err := tag.ReadFrom(io.NewSectionReader(j.file, 0, j.file.size))
	if err != nil {
		// Without tags, or with broken ones, it may well play.
		fmt.Fprintln(os.Stderr, "tags:", err)
	} else {
		p.Work = tagWork(meta)
		if cover := meta.Picture(); cover != nil {
			thumb, err := thumbnail(bytes.NewReader(cover.Data), int64(len(cover.Data)), j.most())
			switch {
			case err == nil:
				p.Thumbnail, p.Detail = thumb, ""
			case errors.Is(err, errHeavy):
				return Preview{}, err
			default:
				fmt.Fprintln(os.Stderr, "cover:", err)
			}
		}
	}
	if j.request.FFprobe == "" {
		p.Detail = DetailToolMissing
		return p, nil
	}
	info, err := j.probe(ctx)
	if err != nil {
		return j.toolEnded(p, err)
	}
	p.Duration = info.duration()
	if tags := info.work(); p.Work.Title == "" {
		p.Work.Title = tags.Title
		if len(p.Work.Authors) == 0 {
			p.Work.Authors = tags.Authors
		}
	}
	return p, nil
}

func tagWork(m tag.Metadata) bibliography.Work {
	w := bibliography.Work{Title: usualTitle(m.Title())}
	for _, names := range []string{m.Artist(), m.AlbumArtist(), m.Composer()} {
		if len(w.Authors) == 0 {
			w.Authors = usualAuthors(strings.ReplaceAll(names, "\x00", ";"))
		}
	}
	if y := m.Year(); y > 0 {
		w.Published = strconv.Itoa(y)
	}
	return w
}
