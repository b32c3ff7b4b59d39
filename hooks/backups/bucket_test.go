package backups

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"onlibrary/internal/archive"
	"onlibrary/internal/testapp"
)

// A bucket is a place for backups as the disk is.
func TestBackupsInABucket(t *testing.T) {
	h := furnish(t)
	doc := h.document(t, "a text")
	s3 := testapp.StartS3(t)
	h.Settings().Backups.S3 = s3.S3Config
	if err := h.Save(h.Settings()); err != nil {
		t.Fatal(err)
	}
	if out, err := h.command(t, "create"); err != nil || !strings.Contains(out, "in the bucket of backups") {
		t.Fatal(out, err)
	}
	keys := s3.Keys(t, "")
	if len(keys) != 1 || !strings.HasPrefix(keys[0], "onlibrary_") {
		t.Fatalf("the bucket holds %v", keys)
	}
	if left := texts(t, filepath.Join(h.DataDir(), workshopName)); len(left) != 1 {
		t.Errorf("left on the disk: %v", left)
	}
	if out, err := h.command(t, "list"); err != nil || !strings.Contains(out, keys[0]) {
		t.Error(out, err)
	}
	h.Settings().Backups.Cron = "0 3 * * *"
	if err := h.room.rehearse(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if last, err := LastRehearsal(h); err != nil || last.Problem != "" || last.Backup != keys[0] {
		t.Errorf("%+v %v", last, err)
	}
	path, release, err := h.room.fetch(t.Context(), h, keys[0])
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "data")
	if _, err := h.put(t, path, dir); err != nil {
		t.Fatal(err)
	}
	if texts(t, dir)[stored(doc)] != "a text" {
		t.Error("the file did not come back")
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	h.workOn(dir)
	for _, args := range [][]string{{"verify", keys[0]}, {"restore", "--yes", keys[0]}} {
		if out, err := h.command(t, args...); err != nil {
			t.Errorf("%v: %s %v", args, out, err)
		}
	}
	if out, err := h.command(t, "verify", "nothing.zip"); err == nil || !strings.Contains(err.Error(), "nothing.zip") {
		t.Errorf("%s %v", out, err)
	}
	h.workOn(h.DataDir())
	if left := texts(t, h.room.Spool); len(left) > 0 {
		t.Errorf("left in the spool: %v", left)
	}
	s3.Stop()
	if out, err := h.command(t, "create"); err == nil || len(texts(t, filepath.Join(h.DataDir(), workshopName))) != 1 {
		t.Errorf("with the bucket away: %s %v", out, err)
	}
}

// Files that are kept in a bucket are in a backup if that is wanted, with what
// PocketBase would note beside them on a disk.
func TestFilesInABucket(t *testing.T) {
	h := furnish(t)
	onDisk := h.document(t, "a text")
	noted, err := os.ReadFile(filepath.Join(h.DataDir(), stored(onDisk)+attrs))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Delete(onDisk); err != nil {
		t.Fatal(err)
	}
	s3 := testapp.StartS3(t)
	s3.Use(t, h)
	doc, gone := h.document(t, "a text"), h.document(t, "another")
	if err := os.Remove(filepath.Join(s3.Dir, gone.BaseFilesPath(), gone.GetString("file"))); err != nil {
		t.Fatal(err)
	}
	without, with := filepath.Join(t.TempDir(), "a.zip"), filepath.Join(t.TempDir(), "b.zip")
	if out, err := h.command(t, "create", without); err != nil {
		t.Fatal(out, err)
	}
	a, files := inside(t, without)
	if a.Manifest.Storage != archive.Bucket || a.Manifest.FilesInside || files[stored(doc)] != "" {
		t.Errorf("%+v holds %v", a.Manifest, files)
	}
	if out, err := h.command(t, "create", "--bucket", with); err != nil || !strings.Contains(out, "missing: "+stored(gone)) {
		t.Fatal(out, err)
	}
	a, files = inside(t, with)
	if !a.Manifest.FilesInside || files[stored(doc)] != "a text" || len(a.Manifest.Missing) != 1 {
		t.Errorf("%+v holds %v", a.Manifest, files)
	}
	var want, got map[string]any
	if err := errors.Join(json.Unmarshal(noted, &want), json.Unmarshal([]byte(files[stored(doc)+attrs]), &got)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("noted otherwise than on a disk: %s", diff)
	}
	for _, path := range []string{without, with} {
		if out, err := h.command(t, "verify", path); err != nil {
			t.Error(out, err)
		}
	}
}
