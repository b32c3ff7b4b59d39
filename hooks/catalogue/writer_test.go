package catalogue

import (
	"bytes"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	"onlibrary/internal/schema"
)

// slow is a file that stops in the middle of its second reading, which is the
// copying, until it is let go on.
type slow struct {
	content   []byte
	mu        sync.Mutex
	opened    int
	copying   chan struct{}
	goOn      chan struct{}
	announced sync.Once
}

func (s *slow) Open() (io.ReadSeekCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened++
	return &slowReader{bytes.NewReader(s.content), s, s.opened > 1}, nil
}

type slowReader struct {
	*bytes.Reader
	file *slow
	wait bool
}

func (r *slowReader) Read(p []byte) (int, error) {
	if r.wait {
		r.file.announced.Do(func() { close(r.file.copying) })
		<-r.file.goOn
	}
	return r.Reader.Read(p)
}

// WriteTo keeps io.Copy from going past Read.
func (r *slowReader) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{r})
}

func (r *slowReader) Close() error { return nil }

// While a file is copied into the store, everybody else may write.
func TestWriterIsFreeWhileFilesAreCopied(t *testing.T) {
	h := open(t)
	for _, act := range []string{"create", "replace"} {
		file := &slow{content: []byte("words\n"), copying: make(chan struct{}), goOn: make(chan struct{})}
		doc := core.NewRecord(collection(t, h, schema.Documents))
		if act == "replace" {
			doc = h.shelf(t)["public"]
		}
		doc.Set("file", &filesystem.File{Reader: file, Name: "slow_" + act + ".txt", OriginalName: "slow.txt", Size: 6})
		saved := make(chan error, 1)
		go func() { saved <- h.Save(doc) }()
		<-file.copying
		written := make(chan error, 1)
		go func() {
			_, err := h.NonconcurrentDB().NewQuery("UPDATE library SET description = {:act}").Bind(map[string]any{"act": act}).Execute()
			written <- err
		}()
		select {
		case err := <-written:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(20 * time.Second):
			t.Errorf("%s: nobody can write while the file is copied", act)
		}
		close(file.goOn)
		if err := <-saved; err != nil {
			t.Errorf("%s: %v", act, err)
		}
	}
}
