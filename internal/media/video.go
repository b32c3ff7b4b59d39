package media

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// video reads the duration and draws the picture at a tenth of it.
func (j *job) video(ctx context.Context) (Preview, error) {
	if j.request.FFmpeg == "" || j.request.FFprobe == "" {
		return Preview{Detail: DetailToolMissing}, nil
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
	at := p.Duration / 10
	img, err := j.frame(ctx, stream, at, false)
	if errors.Is(err, errToolFailed) {
		// No key frame from there on, as in a stream that was cut: from the begin, then.
		img, err = j.frame(ctx, stream, 0, true)
	}
	if err != nil {
		return j.toolEnded(p, err)
	}
	thumb := shrink(img)
	if isBlank(thumb) && at > 0 {
		if exact, err := j.frame(ctx, stream, at, true); err == nil {
			thumb = shrink(exact)
		}
	}
	p.Thumbnail, err = encode(thumb)
	return p, err
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
		img, err := j.frame(ctx, i, 0, true)
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
