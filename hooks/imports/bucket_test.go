package imports

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"onlibrary/internal/config"
	"onlibrary/internal/flask"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// putUploads puts what lies in a folder into a bucket, below a prefix.
func putUploads(t testing.TB, s3 *testapp.S3, dir, prefix string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	bucket := s3.Open(t)
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err == nil {
			err = bucket.Upload(content, prefix+entry.Name())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Uploads in a bucket come as those of a folder do, and leave nothing behind.
func TestUploadsComeFromABucket(t *testing.T) {
	s3, o := testapp.StartS3(t), small().write(t)
	putUploads(t, s3, o.uploads, "old/uploads/")
	if err := s3.Open(t).Upload([]byte("secret\n"), "old/secret.txt"); err != nil { // beside what is asked for
		t.Fatal(err)
	}
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	_, byFolder := moveIn(t, o)
	h := open(t)
	h.aws = config.AWS{AccessKey: s3.AccessKey, SecretKey: s3.Secret, Region: s3.Region, Endpoint: s3.Endpoint}
	out, err := h.move(t, old{o.database, "s3://" + s3.Bucket + "/old/uploads"})
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if diff := cmp.Diff(outcomes(byFolder), outcomes(out)); diff != "" {
		t.Error(diff)
	}
	docs, err := h.FindAllRecords(schema.Documents)
	if err != nil || len(docs) != 3 {
		t.Fatalf("%d documents: %v", len(docs), err)
	}
	fsys, err := h.NewFilesystem()
	if err != nil {
		t.Fatal(err)
	}
	defer fsys.Close()
	var contents []string
	for _, doc := range docs {
		f, err := fsys.GetReader(doc.BaseFilesPath() + "/" + doc.GetString("file"))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := b.ReadFrom(f); err != nil {
			t.Fatal(err)
		}
		f.Close()
		contents = append(contents, b.String())
	}
	slices.Sort(contents)
	if got := strings.Join(contents, ""); got != "dois\ntres\num\n" {
		t.Errorf("came %q", got)
	}
	if left, err := filepath.Glob(filepath.Join(temp, "onlibrary-*")); err != nil || len(left) > 0 {
		t.Errorf("left: %v %v", left, err)
	}
	if out, err = h.move(t, old{o.database, "s3://" + s3.Bucket + "/old/uploads"}); err != nil || !strings.HasSuffix(out, "\n0 changes\n") {
		t.Errorf("once more: %v\n%s", err, out)
	}
}

// outcomes are what became of the rows that have files, but for the names that
// files get by chance.
func outcomes(out string) (lines []string) {
	out = regexp.MustCompile(`"[^"]*_[a-z0-9]{10}\.png"`).ReplaceAllString(out, "a picture")
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, flask.Documents+"\t") || strings.HasPrefix(line, flask.Users+"\t") {
			lines = append(lines, line)
		}
	}
	return lines
}

// A bucket that does not let itself be read fails the rows that need it, and
// says why in a line; the next run brings them.
func TestUploadsOfABucketAway(t *testing.T) {
	s3, o := testapp.StartS3(t), small().write(t)
	putUploads(t, s3, o.uploads, "")
	h := open(t)
	h.aws = config.AWS{AccessKey: s3.AccessKey, SecretKey: "another", Region: s3.Region, Endpoint: s3.Endpoint}
	where := old{o.database, "s3://" + s3.Bucket}
	out, err := h.move(t, where)
	if err == nil || !strings.HasPrefix(said(t, out, flask.Documents, 1), "failed\t") {
		t.Errorf("%v\n%s", err, out)
	}
	if n, err := h.CountRecords(schema.Documents); err != nil || n != 0 {
		t.Errorf("%d documents: %v", n, err)
	}
	h.aws.SecretKey = s3.Secret
	if out, err = h.move(t, where); err != nil || !strings.HasPrefix(said(t, out, flask.Documents, 1), "moved") {
		t.Errorf("%v\n%s", err, out)
	}
}
