package media

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/dhowden/tag"

	"onlibrary/internal/bibliography"
)

// video reads the duration and draws the picture at a tenth of it.
func (j *job) video(ctx context.Context) (Preview, error) {
	if j.request.FFmpeg == "" || j.request.FFprobe == "" {
		return Preview{Detail: DetailToolMissing}, nil
	}
	if demuxer(j.request.Type.ContentType) == "mov" {
		if seconds := j.file.movieSeconds(); seconds > 0 {
			// To start ffprobe takes longer than to read this.
			thumb, err := j.scene(ctx, "V:0", seconds/10)
			if err == nil {
				return Preview{Thumbnail: thumb, Duration: seconds, Work: j.tags()}, nil
			}
			if !errors.Is(err, errToolFailed) {
				return j.toolEnded(Preview{Duration: seconds}, err)
			}
		}
	}
	info, err := j.probe(ctx)
	if err != nil {
		return j.toolEnded(Preview{}, err)
	}
	p := Preview{Duration: info.duration(), Work: info.work()}
	stream := info.picture()
	if stream < 0 {
		p.Detail = DetailUnsupported
		return p, nil
	}
	if s := info.Streams[stream]; tooLarge(s.Width, s.Height) || s.Codec == "" || s.Codec == "unknown" {
		p.Detail = DetailUnsupported
		return p, nil
	}
	p.Thumbnail, err = j.scene(ctx, strconv.Itoa(stream), p.Duration/10)
	if errors.Is(err, errToolFailed) {
		// No key frame from there on, as in a stream that was cut: from the begin, then.
		p.Thumbnail, err = j.scene(ctx, strconv.Itoa(stream), 0)
	}
	if err != nil {
		return j.toolEnded(p, err)
	}
	return p, nil
}

// scene draws the picture at a key frame, or exactly where that one is blank or told
// to be the first.
func (j *job) scene(ctx context.Context, stream string, seconds float64) ([]byte, error) {
	img, err := j.frame(ctx, stream, seconds, seconds == 0)
	if err != nil {
		return nil, err
	}
	thumb := shrink(img)
	if isBlank(thumb) && seconds > 0 {
		if exact, err := j.frame(ctx, stream, seconds, true); err == nil {
			thumb = shrink(exact)
		}
	}
	return encode(thumb)
}

// tags reads those of a movie; none where they can't be read.
func (j *job) tags() bibliography.Work {
	meta, err := tag.ReadFrom(io.NewSectionReader(j.file, 0, j.file.size))
	if err != nil {
		return bibliography.Work{}
	}
	return tagWork(meta)
}

// picture returns the stream to draw: the first film, else a cover, else -1.
func (p probe) picture() int {
	cover := -1
	for i, s := range p.Streams {
		if s.Type != "video" {
			continue
		}
		if s.Disposition.AttachedPicture == 0 {
			return i
		}
		if cover < 0 {
			cover = i
		}
	}
	return cover
}

// still draws an AVIF or HEIC picture, as far as the FFmpeg at hand can. One that is
// made of tiles is as many streams to some versions: none of these is the picture.
func (j *job) still(ctx context.Context) (Preview, error) {
	if j.request.FFmpeg == "" || j.request.FFprobe == "" {
		return Preview{Detail: DetailToolMissing}, nil
	}
	w, h, err := ImageSize(j.file, j.file.size)
	if err != nil {
		return j.broken(err), nil
	}
	if tooLarge(w, h) {
		return Preview{Detail: DetailUnsupported}, nil
	}
	info, err := j.probe(ctx)
	if err != nil && !errors.Is(err, errToolFailed) {
		return j.toolEnded(Preview{}, err)
	}
	for i, s := range info.Streams {
		if s.Type != "video" || (s.Width != w || s.Height != h) && (s.Width != h || s.Height != w) {
			continue
		}
		img, err := j.frame(ctx, strconv.Itoa(i), 0, true)
		if errors.Is(err, errToolFailed) {
			break
		}
		if err != nil {
			return j.toolEnded(Preview{}, err)
		}
		thumb, err := encode(shrink(img))
		return Preview{Thumbnail: thumb}, err
	}
	return Preview{Detail: DetailUnsupported}, nil
}

// toolEnded completes p by how a native tool failed.
func (j *job) toolEnded(p Preview, err error) (Preview, error) {
	switch {
	case errors.Is(err, errToolMissing):
		p.Detail = DetailToolMissing
	case errors.Is(err, errTime):
		p.Detail, p.Failed = DetailTimeout, true
	case isUnknownCodec(err):
		p.Detail = DetailUnsupported
	case errors.Is(err, errToolFailed), errors.Is(err, errCrashed):
		b := j.broken(err)
		p.Detail, p.Failed = b.Detail, b.Failed
	default:
		return Preview{}, err
	}
	return p, nil
}

// isUnknownCodec tells by FFmpeg's words that nothing need be wrong with the file.
func isUnknownCodec(err error) bool {
	return slices.ContainsFunc([]string{"not on whitelist", "Decoder not found", "Decoder (codec", "Codec not currently supported"},
		func(words string) bool { return strings.Contains(err.Error(), words) })
}
