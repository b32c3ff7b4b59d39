package catalogue

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

func TestSweep(t *testing.T) {
	h := open(t)
	kept := h.place(t, h.upload(t, h.owner, testapp.Form{"file": picture("thumbs_a.png", 120), "visibility": "public"}), picture("thumbnail.png", 5))
	h.Do(t, nil, "GET", file(kept, "thumb=100x100"), nil)
	before := h.stored(t, kept)
	root := filepath.Join(h.DataDir(), core.LocalStorageDirName, collection(t, h, schema.Documents).Id)
	plant := func(path string) string {
		t.Helper()
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	orphans := []string{
		plant(kept.Id + "/old_file.pdf"), plant(kept.Id + "/old_file.pdf.attrs"), plant(kept.Id + "/thumbs_old_file.png/100x100_old_file.png"),
		plant(kept.Id + "/half.pdf.18af.tmp"), plant("goneforever0000/file.pdf"), plant("goneforever0000/thumbs_file.pdf/x"),
	}
	if _, err := Sweep(t.Context(), h, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	for _, path := range orphans {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("a young file is swept: %v", err)
		}
	}
	n, err := Sweep(t.Context(), h, time.Now().Add(time.Hour))
	if err != nil || n != 6 {
		t.Errorf("swept %d: %v", n, err)
	}
	for _, path := range append(orphans, filepath.Join(root, "goneforever0000")) {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is left: %v", path, err)
		}
	}
	if got := h.stored(t, kept); len(got) != len(before) || len(got) != 4 {
		t.Errorf("left %v, before %v", got, before)
	}
	if a := h.Do(t, nil, "GET", file(kept, ""), nil); a.Status != 200 {
		t.Errorf("a named file: %d", a.Status)
	}
}

// A bucket is swept by PocketBase's own way to files, which leads to the disk too.
func TestSweepBucket(t *testing.T) {
	h := open(t)
	kept := h.place(t, h.upload(t, h.owner, testapp.Form{"file": picture("thumbs_a.png", 120), "visibility": "public"}), picture("thumbnail.png", 5))
	h.Do(t, nil, "GET", file(kept, "thumb=100x100"), nil)
	before := h.blobs(t)
	documents := collection(t, h, schema.Documents)
	fsys, err := h.NewFilesystem()
	if err != nil {
		t.Fatal(err)
	}
	defer fsys.Close()
	for _, key := range []string{kept.Id + "/old.pdf", kept.Id + "/thumbs_old.png/100x100_old.png", "goneforever0000/file.pdf"} {
		if err := fsys.Upload([]byte("x"), documents.Id+"/"+key); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := sweepBucket(t.Context(), h, documents, time.Now().Add(-time.Hour)); err != nil || n != 0 {
		t.Errorf("young files: swept %d: %v", n, err)
	}
	if n, err := sweepBucket(t.Context(), h, documents, time.Now().Add(time.Hour)); err != nil || n != 3 || h.blobs(t) != before {
		t.Errorf("swept %d: %v; %d files, want %d", n, err, h.blobs(t), before)
	}
}
