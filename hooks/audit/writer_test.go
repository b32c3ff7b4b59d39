package audit

import (
	"bytes"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/tools/filesystem"

	"onlibrary/internal/testapp"
)

// slow is a file whose copying stops until it is let go on.
type slow struct {
	*bytes.Reader
	once          sync.Once
	copying, goOn chan struct{}
}

func (s *slow) Open() (io.ReadSeekCloser, error) { return s, nil }
func (s *slow) Close() error                     { return nil }

func (s *slow) Read(p []byte) (int, error) {
	s.once.Do(func() { close(s.copying); <-s.goOn })
	return s.Reader.Read(p)
}

// WriteTo keeps io.Copy from going past Read.
func (s *slow) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{s})
}

// The audit's transaction begins when a file has been copied: everybody else
// may write meanwhile.
func TestWriterIsFreeWhileAFileIsCopied(t *testing.T) {
	h := open(t)
	doc := testapp.Document(t, h, h.patron, "private")
	h.forget(t)
	file := &slow{Reader: bytes.NewReader([]byte("words\n")), copying: make(chan struct{}), goOn: make(chan struct{})}
	doc.Set("file", &filesystem.File{Reader: file, Name: "slow.txt", OriginalName: "slow.txt", Size: 6})
	saved := make(chan error, 1)
	go func() { saved <- h.SaveNoValidate(doc) }()
	<-file.copying
	written := make(chan error, 1)
	go func() {
		_, err := h.NonconcurrentDB().NewQuery("UPDATE library SET description = 'free'").Execute()
		written <- err
	}()
	select {
	case err := <-written:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("nobody can write while the file is copied")
	}
	close(file.goOn)
	if err := <-saved; err != nil {
		t.Error(err)
	}
	h.check(t, `job update documents ["file"]`)
}
