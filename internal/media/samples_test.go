package media

import (
	"bytes"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSamples previews real files, where they lie beside the project. With LOOK set to
// a folder it leaves the thumbnails there, to be looked at.
func TestSamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../shared/samples/[eap]*/*.*")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("no samples beside the project")
	}
	p := previewer(t, Config{})
	for _, name := range files {
		base := filepath.Base(name)
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		fi, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		typ, err := Inspect(name, f, fi.Size())
		if err != nil {
			t.Errorf("%s: %v", base, err)
			continue
		}
		v, err := p.Preview(t.Context(), name, typ)
		if err != nil || v.Failed {
			t.Errorf("%s: %+v, %v", base, v, err)
			continue
		}
		detail := ""
		switch {
		case strings.Contains(base, "password"):
			detail = DetailPassword
		case typ.Kind == KindAudio, base == "linear-algebra.epub": // these have no picture at all
			detail = DetailUnsupported
		}
		if typ.Kind == KindAudio && p.FFmpeg() == "" {
			detail = DetailToolMissing
		}
		if v.Detail != detail || (v.Thumbnail == nil) != (detail != "") {
			t.Errorf("%s: %q with %d bytes", base, v.Detail, len(v.Thumbnail))
		}
		if typ.Kind != KindDocument && (v.Work.Title == "" || len(v.Work.Authors) == 0) || typ.Kind == KindDocument && detail == "" && v.Pages == 0 {
			t.Errorf("%s: %+v", base, v.Work)
		}
		if v.Thumbnail == nil {
			continue
		}
		img, _, err := image.Decode(bytes.NewReader(v.Thumbnail))
		if err != nil || isBlank(boxes(img, 1)) {
			t.Errorf("%s: a blank thumbnail, %v", base, err)
		}
		if dir := os.Getenv("LOOK"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, base+".jpg"), v.Thumbnail, 0o600); err != nil {
				t.Error(err)
			}
		}
	}
}
