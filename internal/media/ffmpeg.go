package media

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"slices"
	"strconv"
	"strings"

	ffmpeg "github.com/u2takey/ffmpeg-go"

	"onlibrary/internal/bibliography"
)

// codecs are the decoders that FFmpeg may use, by its names: what people's files hold,
// not the hundreds of rare ones.
const codecs = "h264,hevc,av1,libdav1d,libaom-av1,vp8,vp9,libvpx,libvpx-vp9,mpeg4,msmpeg4,msmpeg4v1,msmpeg4v2,mpeg1video,mpeg2video," +
	"mpegvideo,h263,h263p,flv,wmv1,wmv2,wmv3,vc1,theora,mjpeg,prores,dnxhd,dvvideo,png,cinepak,svq1,svq3," +
	"aac,aac_latm,mp3,mp3float,mp2,mp2float,vorbis,opus,libopus,flac,alac,ac3,eac3,dca,wmav1,wmav2,wmapro,speex,amrnb,amrwb," +
	"pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_f32le,pcm_u8,pcm_alaw,pcm_mulaw,adpcm_ms,adpcm_ima_wav,adpcm_ima_qt"

// demuxer returns FFmpeg's name for the container, which is told by our own sniffing,
// never by FFmpeg's guess: a playlist is read as no film.
func demuxer(contentType string) string {
	switch contentType {
	case "video/mp4", "video/quicktime", "audio/mp4", "image/avif", "image/heic":
		return "mov"
	case "video/matroska", "video/webm":
		return "matroska"
	case "video/vnd.avi":
		return "avi"
	case "video/x-ms-wmv":
		return "asf"
	case "video/ogg", "audio/ogg":
		return "ogg"
	case "audio/mpeg":
		return "mp3"
	case "audio/flac":
		return "flac"
	case "audio/vnd.wave":
		return "wav"
	}
	return ""
}

// inputOptions are common to FFmpeg and ffprobe: local files alone, and no other file
// than this one, whatever it refers to.
func inputOptions(format string) ffmpeg.KwArgs {
	o := ffmpeg.KwArgs{"f": format, "protocol_whitelist": "file", "threads": 1, "codec_whitelist": codecs, "max_pixels": MaxPixels}
	if format == "mov" {
		o["enable_drefs"], o["use_absolute_path"] = 0, 0
	}
	return o
}

// probe is what ffprobe tells of a file.
type probe struct {
	Streams []struct {
		Type        string `json:"codec_type"`
		Codec       string `json:"codec_name"`
		Width       int    `json:"width"`
		Height      int    `json:"height"`
		Disposition struct {
			AttachedPicture int `json:"attached_pic"`
		} `json:"disposition"`
		Tags map[string]string `json:"tags"`
	} `json:"streams"`
	Format struct {
		Duration string            `json:"duration"`
		Tags     map[string]string `json:"tags"`
	} `json:"format"`
}

func (j *job) probe(ctx context.Context) (probe, error) {
	format := demuxer(j.request.Type.ContentType)
	args := []string{"-hide_banner", "-loglevel", "error", "-f", format}
	options := inputOptions(format)
	delete(options, "f")
	args = append(args, ffmpeg.ConvertKwargsToCmdLineArgs(options)...)
	args = append(args, "-show_entries",
		"format=duration:format_tags:stream=codec_type,codec_name,width,height:stream_disposition=attached_pic:stream_tags=title,artist,album_artist,date",
		"-of", "json=c=1", "file:"+j.request.Input)
	out, err := j.tool(ctx, j.request.FFprobe, args)
	if err != nil {
		return probe{}, err
	}
	var p probe
	if err := json.Unmarshal(bytes.ToValidUTF8(out, nil), &p); err != nil {
		return probe{}, fmt.Errorf("%w: read ffprobe's answer: %w", errToolFailed, err)
	}
	return p, nil
}

// maxSeconds is beyond what any recording lasts: a year.
const maxSeconds = 366 * 24 * 3600

// duration returns seconds, 0 if it is not known or beyond maxSeconds.
func (p probe) duration() float64 {
	d, err := strconv.ParseFloat(p.Format.Duration, 64)
	if err != nil || !(d > 0 && d <= maxSeconds) {
		return 0
	}
	return d
}

// work reads the tags of the container, or of its only stream as Ogg has them.
func (p probe) work() bibliography.Work {
	tag := func(names ...string) string {
		for _, name := range names {
			for key, value := range p.Format.Tags {
				if strings.EqualFold(key, name) && strings.TrimSpace(value) != "" {
					return value
				}
			}
			if len(p.Streams) == 1 {
				for key, value := range p.Streams[0].Tags {
					if strings.EqualFold(key, name) && strings.TrimSpace(value) != "" {
						return value
					}
				}
			}
		}
		return ""
	}
	return bibliography.Work{Title: usualTitle(tag("title")), Authors: usualAuthors(tag("artist", "album_artist")), Published: tag("date")}
}

// frame grabs one picture of a stream (FFmpeg's specifier, as "V:0" for the first film
// that is no cover), from seconds on: at the key frame before, which costs one decoded
// picture, or exactly.
func (j *job) frame(ctx context.Context, stream string, seconds float64, exact bool) (image.Image, error) {
	in := inputOptions(demuxer(j.request.Type.ContentType))
	if seconds > 0 {
		in["ss"] = strconv.FormatFloat(seconds, 'f', 3, 64)
	}
	if !exact {
		in["noaccurate_seek"], in["skip_frame"] = "", "nokey"
	}
	side := strconv.Itoa(ThumbnailSide)
	out := ffmpeg.KwArgs{
		"map": "0:" + stream, "frames:v": 1, "f": "image2pipe", "c:v": "png", "compression_level": 1, "pix_fmt": "rgb24", "an": "", "sn": "", "dn": "",
		// Pictures before the wanted time would be dropped by their time stamps. Pixels
		// need not be square; a picture smaller than the thumbnail stays so.
		"vf": "setpts=PTS-STARTPTS,scale='max(1,trunc(iw*sar))':ih,setsar=1,scale='min(" + side + ",iw)':'min(" + side + ",ih)':force_original_aspect_ratio=decrease",
	}
	args := append([]string{"-nostdin", "-hide_banner", "-loglevel", "error"},
		ffmpeg.Input("file:"+j.request.Input, in).Output("pipe:1", out).GetArgs()...)
	data, err := j.tool(ctx, j.request.FFmpeg, args)
	if err != nil {
		return nil, err
	}
	size, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: no picture: %w", errToolFailed, err)
	}
	if size.Width > ThumbnailSide || size.Height > ThumbnailSide {
		return nil, fmt.Errorf("%w: a picture of %dx%d", errToolFailed, size.Width, size.Height)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: no picture: %w", errToolFailed, err)
	}
	return img, nil
}

// isBlank says whether a picture is all but one colour, as before a film fades in.
func isBlank(img *image.RGBA) bool {
	lo, hi := [3]uint8{255, 255, 255}, [3]uint8{}
	for i := 0; i+3 < len(img.Pix); i += 4 {
		for k := range 3 {
			lo[k], hi[k] = min(lo[k], img.Pix[i+k]), max(hi[k], img.Pix[i+k])
		}
	}
	return !slices.ContainsFunc([]int{0, 1, 2}, func(k int) bool { return hi[k] > lo[k] && hi[k]-lo[k] > 24 })
}
