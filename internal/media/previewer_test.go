package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// compiledDir is kept between runs, as PDFium takes seconds to compile.
func compiledDir() string { return filepath.Join(os.TempDir(), "onlibrary-test-pdfium") }

func previewer(t testing.TB, cfg Config) *Previewer {
	t.Helper()
	cfg.CacheDir = compiledDir()
	cfg.TempDir = t.TempDir()
	cfg.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	p := New(cfg)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(cfg.TempDir); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
	return p
}

func preview(t testing.TB, p *Previewer, name string, data []byte) Preview {
	t.Helper()
	typ, err := inspect(name, data)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	v, err := p.Preview(t.Context(), written(t, "file", data), typ)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

func TestPreviewBooks(t *testing.T) {
	t.Parallel()
	p := previewer(t, Config{})
	picture := string(pngOf(t, quarters(60, 80)))
	info := `<ComicInfo><Title>Made Comic</Title></ComicInfo>`
	core := `<cp:coreProperties xmlns:cp="c" xmlns:dc="d"><dc:title>Made Office</dc:title><dc:creator>Ann</dc:creator></cp:coreProperties>`
	meta := `<office:document-meta xmlns:office="o" xmlns:dc="d"><office:meta><dc:title>Made Office</dc:title><dc:creator>Ann</dc:creator></office:meta></office:document-meta>`
	for name, c := range map[string]struct {
		data   []byte
		title  string
		pages  int
		detail string
		failed bool
	}{
		"a.epub":        {epubOf(t, "c.png", picture), "Made Book", 0, "", false},
		"svg.epub":      {epubOf(t, "c.svg", `<svg><image href="i/c.png"/></svg>`, "i/c.png", picture), "Made Book", 0, "", false},
		"drawn.epub":    {epubOf(t, "c.svg", `<svg><path/></svg>`), "Made Book", 0, DetailUnsupported, false},
		"plain.epub":    {epubOf(t, "c.txt", ""), "Made Book", 0, DetailUnsupported, false},
		"zip bomb.epub": {epubOf(t, "c.png", strings.Repeat("\x00", 8<<20)), "Made Book", 0, DetailBroken, true},
		"no opf.epub":   {zipOf(t, "META-INF/container.xml", "<x/>"), "", 0, DetailBroken, true},
		"a.cbz":         {zipOf(t, "10.png", "no", "2.png", picture, "ComicInfo.xml", info), "Made Comic", 2, "", false},
		"broken.cbz":    {zipOf(t, "1.png", "no picture"), "", 1, DetailBroken, true},
		"a.pdf":         {pdfOf("Made PDF"), "Made PDF", 1, "", false},
		"cut.pdf":       {pdfOf("x")[:60], "", 0, DetailBroken, true},
		"a.docx":        {zipOf(t, "[Content_Types].xml", "", "word/document.xml", "", "docProps/core.xml", core), "Made Office", 0, DetailUnsupported, false},
		"picture.docx":  {zipOf(t, "[Content_Types].xml", "", "word/document.xml", "", "docProps/thumbnail.jpeg", string(jpegOf(t, quarters(60, 80)))), "", 0, "", false},
		"secret.docx":   {compoundOf("EncryptedPackage"), "", 0, DetailPassword, false},
		"a.odt":         {zipOf(t, "mimetype", "application/vnd.oasis.opendocument.text", "meta.xml", meta, "Thumbnails/thumbnail.png", picture), "Made Office", 0, "", false},
		"a.txt":         {[]byte("x"), "", 0, DetailUnsupported, false},
		"a.zip":         {zipOf(t, "x", "y"), "", 0, DetailUnsupported, false},
		"a.jpg":         {jpegOf(t, quarters(600, 800)), "", 0, "", false},
		"cut.png":       {pngOf(t, quarters(300, 300))[:60], "", 0, DetailBroken, true},
		"dark.png":      {blackPNG(t, 1100, 1100), "", 0, "", false},
	} {
		v := preview(t, p, name, c.data)
		if v.Work.Title != c.title || v.Pages != c.pages || v.Detail != c.detail || v.Failed != c.failed || (v.Thumbnail != nil) != (c.detail == "") {
			t.Errorf("%s: %d bytes, %+v", name, len(v.Thumbnail), v)
		}
		if v.Thumbnail != nil && name != "dark.png" && corners(t, v.Thumbnail) != "rgbw" {
			t.Errorf("%s: corners %q", name, corners(t, v.Thumbnail))
		}
	}
	v := preview(t, p, "a.pdf", pdfOf("Made PDF"))
	if v.Work.Language != "fr-CA" || len(v.Work.Authors) != 1 || v.Work.Authors[0] != "Ann Other" {
		t.Errorf("PDF: %+v", v.Work)
	}
}

// quartersVideo are FFmpeg's arguments for a film of quarters that lasts 5 s.
func quartersVideo(t testing.TB) []string {
	return []string{"-loop", "1", "-framerate", "25", "-t", "5", "-i", written(t, "q.png", pngOf(t, quarters(640, 480))), "-pix_fmt", "yuv420p"}
}

func TestPreviewFilmsAndSound(t *testing.T) {
	t.Parallel()
	p := previewer(t, Config{})
	film := quartersVideo(t)
	tone := []string{"-f", "lavfi", "-i", "sine=duration=5", "-metadata", "title=Made Song", "-metadata", "artist=Ann"}
	cover := written(t, "c.png", pngOf(t, quarters(100, 100)))
	for name, args := range map[string][]string{
		"a.mp4": append(film, "-metadata", "title=Made Film"), "a.mov": film, "a.m4v": film, "a.mkv": film, "a.webm": append(film, "-c:v", "libvpx-vp9", "-cpu-used", "8"),
		"a.avi": film, "a.wmv": film, "a.ogg": append(film, "-c:v", "libtheora"),
		"a.mp3": tone, "a.m4a": tone, "a.m4b": tone, "a.opus": tone, "sound.ogg": append(tone, "-c:a", "libvorbis"), "a.flac": tone, "a.wav": tone,
		"cover.mp3":  {"-f", "lavfi", "-i", "sine=duration=5", "-i", cover, "-map", "0", "-map", "1", "-c:v", "copy", "-metadata", "title=Made Song", "-metadata", "artist=Ann"},
		"silent.mp4": append(append([]string{}, tone...), "-f", "mp4"),
	} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(ffmpegMade(t, name, args...))
			if err != nil {
				t.Fatal(err)
			}
			v := preview(t, p, name, data)
			if math.Abs(v.Duration-5) > 0.2 {
				t.Errorf("%v seconds", v.Duration)
			}
			if pictured := strings.Contains(strings.Join(args, " "), ".png"); pictured != (v.Thumbnail != nil) || v.Detail != map[bool]string{true: "", false: DetailUnsupported}[pictured] || v.Failed {
				t.Errorf("%d bytes, %q, %v", len(v.Thumbnail), v.Detail, v.Duration)
			} else if pictured && corners(t, v.Thumbnail) != "rgbw" {
				t.Errorf("corners %q", corners(t, v.Thumbnail))
			}
			if strings.Contains(strings.Join(args, " "), "Made Song") && (v.Work.Title != "Made Song" || len(v.Work.Authors) != 1) {
				t.Errorf("%+v", v.Work)
			}
			cut := written(t, "cut", data[:len(data)/3])
			if typ, err := inspect(name, data[:len(data)/3]); err == nil {
				if v, err := p.Preview(t.Context(), cut, typ); err != nil {
					t.Errorf("cut: %+v, %v", v, err)
				}
			}
		})
	}
}

// TestFadeIn wants the picture at a tenth where the key frame before it is black.
func TestFadeIn(t *testing.T) {
	t.Parallel()
	film := append(quartersVideo(t), "-vf", "drawbox=c=black:t=fill:enable='lt(t,0.4)'", "-g", "1000")
	data, err := os.ReadFile(ffmpegMade(t, "a.mp4", film...))
	if err != nil {
		t.Fatal(err)
	}
	if v := preview(t, previewer(t, Config{}), "a.mp4", data); v.Thumbnail == nil || corners(t, v.Thumbnail) != "rgbw" {
		t.Errorf("%d bytes, %q, %v", len(v.Thumbnail), v.Detail, v.Duration)
	}
}

// TestPlaylists feeds lists that name a server and a local file to FFmpeg, HLS to
// every demuxer.
func TestPlaylists(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			c.Close()
		}
	}()
	canary, err := os.ReadFile(ffmpegMade(t, "canary.mp4", quartersVideo(t)...))
	if err != nil {
		t.Fatal(err)
	}
	local := written(t, "canary.mp4", canary)
	server := "http://" + l.Addr().String() + "/x.mp4"
	p := previewer(t, Config{})
	for kind, list := range map[string]string{
		"HLS":          "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n" + server + "\n#EXTINF:1,\nfile://" + local + "\n#EXTINF:1,\nconcat:" + local + "|" + server + "\n#EXT-X-ENDLIST\n",
		"HLS of local": "#EXTM3U\n#EXTINF:1,\n" + local + "\n#EXT-X-ENDLIST\n",
		"concat":       "ffconcat version 1.0\nfile '" + local + "'\nfile '" + server + "'\n",
		"DASH":         `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet><Representation><BaseURL>` + server + `</BaseURL></Representation></AdaptationSet></Period></MPD>`,
		"SDP":          "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
	} {
		if _, err := inspect("a.mp4", []byte(list)); code(t, err) != FileTypeMismatch {
			t.Errorf("%s: %v", kind, err)
		}
		file := written(t, "list", []byte(list))
		for _, typ := range []Type{
			{"video/mp4", KindVideo}, {"video/quicktime", KindVideo}, {"video/matroska", KindVideo}, {"video/vnd.avi", KindVideo}, {"video/x-ms-wmv", KindVideo}, {"video/ogg", KindVideo},
			{"audio/mpeg", KindAudio}, {"audio/flac", KindAudio}, {"audio/vnd.wave", KindAudio}, {"image/avif", KindImage},
		} {
			if kind != "HLS" && typ.ContentType != "video/mp4" {
				continue
			}
			if v, err := p.Preview(t.Context(), file, typ); err != nil || v.Thumbnail != nil || v.Duration != 0 {
				t.Errorf("%s as %s: %+v, %v", kind, typ.ContentType, v, err)
			}
		}
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("the server was asked %d times", n)
	}
}

func TestPreviewWithoutFFmpeg(t *testing.T) {
	t.Setenv("PATH", "")
	p := previewer(t, Config{FFmpeg: "/nonexistent/ffmpeg"})
	if p.FFmpeg() != "" {
		t.Errorf("found %q", p.FFmpeg())
	}
	for name, data := range specimens(t) {
		typ, err := inspect(name, data)
		if err != nil || typ.Kind != KindVideo && typ.Kind != KindAudio {
			continue
		}
		v, err := p.Preview(t.Context(), written(t, "file", data), typ)
		if err != nil || v.Detail != DetailToolMissing || v.Failed {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
}

func TestPreviewFaults(t *testing.T) {
	t.Parallel()
	p := previewer(t, Config{})
	jpeg := Type{"image/jpeg", KindImage}
	if _, err := p.Preview(t.Context(), "/nonexistent", jpeg); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := p.Preview(t.Context(), t.TempDir(), jpeg); err == nil {
		t.Error("a folder")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	file := written(t, "a.jpg", jpegOf(t, quarters(10, 10)))
	if _, err := p.Preview(ctx, file, jpeg); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	none := previewer(t, Config{Executable: "/nonexistent/program"})
	if _, err := none.Preview(t.Context(), file, jpeg); err == nil {
		t.Error("no program to start")
	}
	quiet := previewer(t, Config{Executable: "/bin/false"})
	if _, err := quiet.Preview(t.Context(), file, jpeg); err == nil {
		t.Error("a program that is no child")
	}
}

func TestPreviewerCloses(t *testing.T) {
	t.Parallel()
	p := New(Config{TempDir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	file := written(t, "a.jpg", jpegOf(t, quarters(10, 10)))
	if _, err := p.Preview(t.Context(), file, Type{"image/jpeg", KindImage}); err != nil {
		t.Fatal(err)
	}
	child := p.idle
	if child == nil {
		t.Fatal("no child was kept")
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	select {
	case <-child.exited:
	default:
		t.Error("the child lives on")
	}
	if _, err := p.Preview(t.Context(), file, Type{"image/jpeg", KindImage}); err == nil {
		t.Error("a preview after the end")
	}
}

// TestPreviewerIdles wants one child for many files, and none after a while.
func TestPreviewerIdles(t *testing.T) {
	t.Parallel()
	p := previewer(t, Config{})
	p.idleFor = 300 * time.Millisecond
	file := written(t, "a.jpg", jpegOf(t, quarters(10, 10)))
	var first *process
	for i := range 3 {
		if _, err := p.Preview(t.Context(), file, Type{"image/jpeg", KindImage}); err != nil {
			t.Fatal(err)
		}
		p.mu.Lock()
		child := p.idle
		p.mu.Unlock()
		if i == 0 {
			first = child
		}
		if child != first || child == nil {
			t.Fatal("another child")
		}
	}
	select {
	case <-first.exited:
	case <-time.After(10 * time.Second):
		t.Error("the child lives on")
	}
}

func TestFrames(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := writeFrame(&b, request{Path: "/x"}); err != nil {
		t.Fatal(err)
	}
	var req request
	if err := readFrame(&b, &req); err != nil || req.Path != "/x" {
		t.Errorf("%+v, %v", req, err)
	}
	if err := writeFrame(&b, response{Preview: Preview{Thumbnail: make([]byte, maxFrame)}}); err == nil {
		t.Error("a frame too large")
	}
	if err := readFrame(bytes.NewReader(binary.BigEndian.AppendUint32(nil, maxFrame+1)), &req); err == nil {
		t.Error("a frame too large")
	}
}

func TestPreviewAVIF(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(ffmpegMade(t, "a.avif", append(quartersVideo(t), "-frames:v", "1", "-c:v", "libaom-av1", "-cpu-used", "8", "-still-picture", "1")...))
	if err != nil {
		t.Fatal(err)
	}
	v := preview(t, previewer(t, Config{}), "a.avif", data)
	if v.Detail == DetailUnsupported {
		t.Skip("this FFmpeg reads no AVIF")
	}
	if v.Failed || corners(t, v.Thumbnail) != "rgbw" {
		t.Errorf("%d bytes, %q, %v", len(v.Thumbnail), v.Detail, v.Duration)
	}
}
