package testapp

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"
)

// S3 is a server (versitygw) that checks signatures and has one private bucket,
// kept in a folder.
type S3 struct {
	core.S3Config        // how to reach the bucket, enabled
	Dir           string // what the bucket holds, a file an object
	root          string
	address       string
	server        *exec.Cmd // nil while it is stopped
}

// NewS3 chooses the port of a server, which Start starts.
func NewS3(t testing.TB) *S3 {
	t.Helper()
	root := t.TempDir()
	s := &S3{root: root, Dir: filepath.Join(root, "library"), address: fmt.Sprintf("127.0.0.1:%d", freePort(t))}
	if err := os.Mkdir(s.Dir, 0o700); err != nil { // a folder is a bucket
		t.Fatal(err)
	}
	s.S3Config = core.S3Config{
		Enabled: true, Bucket: "library", Region: "us-east-1", Endpoint: "http://" + s.address,
		AccessKey: "reader", Secret: "reading-room-1", ForcePathStyle: true,
	}
	return s
}

// StartS3 starts a server. It ends with the test.
func StartS3(t testing.TB) *S3 {
	t.Helper()
	s := NewS3(t)
	s.Start(t)
	return s
}

// Use has app keep the files of records in the bucket.
func (s *S3) Use(t testing.TB, app core.App) {
	t.Helper()
	app.Settings().S3 = s.S3Config
	if err := app.Save(app.Settings()); err != nil {
		t.Fatal(err)
	}
}

// Start starts the server, again after Stop, and waits until it answers.
func (s *S3) Start(t testing.TB) {
	t.Helper()
	s.server = exec.Command(Tool(t, "versitygw"), "--port", s.address, "--region", s.Region, "--quiet", "posix", s.root)
	s.server.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+s.AccessKey, "ROOT_SECRET_KEY="+s.Secret)
	if err := s.server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(s.Endpoint) // unsigned, which is refused
		if err == nil {
			response.Body.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("versitygw does not answer: %v", err)
		}
	}
}

// Stop kills the server; what it holds stays.
func (s *S3) Stop() {
	if s.server == nil {
		return
	}
	_ = s.server.Process.Kill() // it may be gone already
	_ = s.server.Wait()
	s.server = nil
}

// Open opens the bucket, past any app.
func (s *S3) Open(t testing.TB) *filesystem.System {
	t.Helper()
	system, err := filesystem.NewS3(s.Bucket, s.Region, s.Endpoint, s.AccessKey, s.Secret, s.ForcePathStyle)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = system.Close() })
	return system
}

// Keys lists the objects whose keys begin with prefix, by the server's word.
func (s *S3) Keys(t testing.TB, prefix string) []string {
	t.Helper()
	objects, err := s.Open(t).List(prefix)
	if err != nil {
		t.Fatal(err)
	}
	keys := make([]string, 0, len(objects))
	for _, o := range objects {
		keys = append(keys, o.Key)
	}
	slices.Sort(keys)
	return keys
}
