package media

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestSamples(t *testing.T) {
	files, err := filepath.Glob("../../../shared/samples/*/*")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("no samples beside the project")
	}
	p := New(Config{CacheDir: compiledDir()})
	defer p.Close()
	t.Log(p.Sandbox())
	start := time.Now()
	t.Log(p.Warm(t.Context()), time.Since(start))
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		fi, _ := f.Stat()
		typ, err := Inspect(name, f, fi.Size())
		f.Close()
		if err != nil {
			t.Log(name, err)
			continue
		}
		start := time.Now()
		v, err := p.Preview(t.Context(), name, typ)
		t.Logf("%s %v %v: %d bytes %q %d pages %.1f s %+v %v %v", filepath.Base(name), time.Since(start), typ, len(v.Thumbnail), v.Detail, v.Pages, v.Duration, v.Work, v.Failed, err)
		if v.Thumbnail != nil && os.Getenv("LOOK") != "" {
			os.WriteFile(filepath.Join(os.Getenv("LOOK"), filepath.Base(name)+".jpg"), v.Thumbnail, 0o600)
		}
	}
}
