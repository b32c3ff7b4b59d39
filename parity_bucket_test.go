package main

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// bucket is an S3 bucket named books in the region us-east-2, as far as the
// server needs one: objects are put, read, listed and deleted.
type bucket struct {
	*httptest.Server
	mu      sync.Mutex
	objects map[string][]byte
	signed  string      // how the last object that was put was signed
	sent    http.Header // its headers
	down    bool
}

func openBucket(t *testing.T, l *library) *bucket {
	t.Helper()
	b := &bucket{objects: map[string][]byte{}}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	s := l.App.Settings()
	s.S3.Enabled, s.S3.ForcePathStyle = true, true
	s.S3.Bucket, s.S3.Region, s.S3.Endpoint, s.S3.AccessKey, s.S3.Secret = "books", "us-east-2", b.URL, "THEKEY", "the-secret"
	if err := l.App.Save(s); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key, ours := strings.CutPrefix(r.URL.Path, "/books/")
	if b.down || !ours && r.URL.Path != "/books" {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "<Error><Code>ServiceUnavailable</Code></Error>")
		return
	}
	switch {
	case r.Method == http.MethodPut:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		b.objects[key], b.signed, b.sent = body, r.Header.Get("Authorization"), r.Header
	case r.Method == http.MethodDelete:
		delete(b.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case r.URL.Query().Has("list-type"):
		_, _ = io.WriteString(w, "<ListBucketResult>")
		for _, name := range slices.Sorted(maps.Keys(b.objects)) {
			if strings.HasPrefix(name, r.URL.Query().Get("prefix")) {
				_, _ = io.WriteString(w, "<Contents><Key>"+name+"</Key><Size>"+strconv.Itoa(len(b.objects[name]))+"</Size></Contents>")
			}
		}
		_, _ = io.WriteString(w, "</ListBucketResult>")
	default:
		body, ok := b.objects[key]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, "<Error><Code>NoSuchKey</Code></Error>")
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.Header().Set("Last-Modified", "Tue, 24 Nov 2026 12:00:00 GMT")
		_, _ = w.Write(body)
	}
}

func (b *bucket) files() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Collect(maps.Keys(b.objects))
}

func TestFilesInABucket(t *testing.T) {
	l := furnished(t)
	b := openBucket(t, l)
	path, id := l.make(t, l.ann, schema.Documents, testapp.Form{"file": quiet("lease.txt"), "visibility": "private"})
	name, _ := l.want(t, 200, l.ann, "GET", path, nil).At("file").(string)
	t.Run("bucket", func(t *testing.T) {
		if got := b.files(); len(got) != 1 || !strings.HasSuffix(got[0], id+"/"+name) {
			t.Errorf("stored: %q", got)
		}
	})
	t.Run("key", func(t *testing.T) {
		if !strings.HasPrefix(b.signed, "AWS4-HMAC-SHA256 Credential=THEKEY/") {
			t.Errorf("signed by %s", b.signed)
		}
	})
	t.Run("secret", func(t *testing.T) {
		if !strings.Contains(b.signed, "Signature=") || strings.Contains(b.signed, "the-secret") {
			t.Errorf("signed by %s", b.signed)
		}
		l.want(t, 401, nil, "GET", "/api/settings", nil)
		l.want(t, 403, l.admin, "GET", "/api/settings", nil)
		if a := l.want(t, 200, testapp.Superuser(t, l.App), "GET", "/api/settings", nil); strings.Contains(string(a.Raw), "the-secret") {
			t.Errorf("the secret is shown: %s", a.Raw)
		}
	})
	t.Run("region", func(t *testing.T) {
		if !strings.Contains(b.signed, "/us-east-2/s3/aws4_request") {
			t.Errorf("signed by %s", b.signed)
		}
	})
	t.Run("private", func(t *testing.T) {
		if acl := b.sent.Get("X-Amz-Acl"); acl != "" {
			t.Errorf("open to %s", acl)
		}
		url := "/api/files/documents/" + id + "/" + name + "?token="
		if a := l.want(t, 200, nil, "GET", url+testapp.FileToken(t, l.ann), nil); string(a.Raw) != "a quiet text\n" {
			t.Errorf("%s", a.Raw)
		}
		l.want(t, 404, nil, "GET", url+testapp.FileToken(t, l.ben), nil)
	})
	t.Run("outage", func(t *testing.T) {
		b.mu.Lock()
		b.down = true
		b.mu.Unlock()
		a := l.Do(t, l.ann, "POST", api+"documents/records", testapp.Form{"file": quiet("other.txt")})
		if a.Status < 400 || a.At("id") != nil || strings.Contains(string(a.Raw), b.URL) {
			t.Errorf("an upload while the bucket is away: %d %s", a.Status, a.Raw)
		}
		l.lists(t, l.ann, schema.Documents, "", "id", id)
		b.mu.Lock()
		b.down = false
		b.mu.Unlock()
		l.make(t, l.ann, schema.Documents, testapp.Form{"file": quiet("other.txt")})
	})
}
