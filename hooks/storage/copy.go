package storage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/pocketbase/pocketbase/tools/filesystem"
	"github.com/pocketbase/pocketbase/tools/filesystem/blob"

	"onlibrary/internal/disk"
)

const (
	// tries is how often a file is tried: S3 turns some away when it is busy,
	// and may be away for a moment.
	tries = 4
	// hopeless is how many files in a row fail before the rest is not tried.
	hopeless = 20
	// partSize and partsAtOnce bound what a copy to S3 holds in memory.
	partSize    = 8 << 20
	partsAtOnce = 2
)

var errMissing = errors.New("it is gone")

// one brings a file over and notes what became of it. Its error ends the run.
func (m *move) one(ctx context.Context, f file) error {
	var copied bool
	var size int64
	var err error
	pause := m.pause
	for try := 1; ; try++ {
		copied, size, err = m.bring(f)
		final := err == nil || errors.Is(err, errMissing) || errors.Is(err, errDamaged)
		if final || try == tries || m.inRow.Load() >= workers { // of those each was tried long enough
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause *= 4
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errMissing):
		m.missing.Add(1)
		return m.progress.missing(f.key)
	case err != nil:
		m.failed.Add(1)
		if m.inRow.Add(1) == hopeless {
			return fmt.Errorf("%d files failed one after the other, lastly %s: %w", hopeless, f.key, err)
		}
		return m.progress.failed(f.key, err)
	}
	m.inRow.Store(0)
	return m.progress.done(copied, size)
}

var errDamaged = errors.New("it is damaged: its content is not what was stored")

// bring copies a file unless the copy is there already and right.
func (m *move) bring(f file) (copied bool, size int64, err error) {
	there, err := attributes(m.to, f.key)
	if err != nil {
		return false, 0, err
	}
	if there != nil {
		if size, right := m.journal.size(f.key); right && size == there.Size {
			return false, 0, nil
		}
		if f.sha256 != "" {
			size, sum, err := digest(m.to, f.key)
			if err != nil {
				return false, 0, err
			}
			if sum == f.sha256 {
				return false, 0, m.right(f.key, size)
			}
		}
	}
	here, err := attributes(m.from, f.key)
	if err != nil {
		return false, 0, err
	}
	switch {
	case here == nil && (there == nil || f.sha256 != ""):
		return false, 0, errMissing
	case here == nil: // the original was deleted by an earlier run, which had compared it
		return false, 0, m.right(f.key, there.Size)
	case there != nil && f.sha256 == "" && there.Size == here.Size:
		same, err := m.same(f.key)
		if err != nil {
			return false, 0, err
		}
		if same {
			return false, 0, m.right(f.key, there.Size)
		}
	}
	if size, err = m.copy(f, here); err != nil {
		return false, 0, err
	}
	return true, size, m.right(f.key, size)
}

// same compares the two copies of a file.
func (m *move) same(key string) (bool, error) {
	_, one, err := digest(m.from, key)
	if err != nil {
		return false, err
	}
	_, other, err := digest(m.to, key)
	return one == other, err
}

// copy copies a file, with what its store knows of it, and reads the copy.
func (m *move) copy(f file, here *blob.Attributes) (int64, error) {
	from, err := m.from.GetReader(f.key)
	if err != nil {
		return 0, err
	}
	defer from.Close()
	to, err := m.to.NewWriter(f.key, &blob.WriterOptions{
		ContentType: here.ContentType, ContentDisposition: here.ContentDisposition, ContentEncoding: here.ContentEncoding,
		ContentLanguage: here.ContentLanguage, CacheControl: here.CacheControl, Metadata: here.Metadata,
		BufferSize: partSize, MaxConcurrency: partsAtOnce,
	})
	if err != nil {
		return 0, err
	}
	size, sum, err := pour(to, from)
	if err = errors.Join(err, to.Close()); err == nil { // the latter keeps what came so far
		err = m.verify(f, here.Size, size, sum)
	}
	if err != nil {
		if left := m.to.Delete(f.key); left != nil && !errors.Is(left, filesystem.ErrNotFound) {
			err = errors.Join(err, left)
		}
		return 0, err
	}
	return size, nil
}

// verify tells whether what was read is what it has to be, and the copy too.
func (m *move) verify(f file, want, size int64, sum string) error {
	switch {
	case f.sha256 != "" && sum != f.sha256:
		return errDamaged
	case size != want:
		return fmt.Errorf("%d of %d bytes came", size, want)
	}
	read, check, err := digest(m.to, f.key)
	if err == nil && (check != sum || read != size) {
		err = errors.New("the copy is not what was written")
	}
	return err
}

// right notes that a copy is right, once it is on the disk for good.
func (m *move) right(key string, size int64) error {
	if m.flags.to == toDisk {
		path := filepath.Join(m.root, filepath.FromSlash(key))
		for _, path := range []string{path, path + ".attrs", filepath.Dir(path), filepath.Dir(filepath.Dir(path))} {
			if err := disk.Flush(path); err != nil {
				return fmt.Errorf("bring it to the disk: %w", err)
			}
		}
	}
	return m.journal.add(key, size)
}

// attributes are those of a stored file, nil if it is not there.
func attributes(system *filesystem.System, key string) (*blob.Attributes, error) {
	found, err := system.Attributes(key)
	if errors.Is(err, filesystem.ErrNotFound) {
		return nil, nil //nolint:nilnil // what is not there has none
	}
	return found, err
}

// digest reads a stored file: its size and its SHA-256 in hexadecimal.
func digest(system *filesystem.System, key string) (int64, string, error) {
	from, err := system.GetReader(key)
	if err != nil {
		return 0, "", err
	}
	defer from.Close()
	return pour(io.Discard, from)
}

// pour copies, in large pieces, which blob's own way does not.
func pour(to io.Writer, from io.Reader) (int64, string, error) {
	sum := sha256.New()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(to, sum)}, struct{ io.Reader }{from}, make([]byte, 256<<10))
	return n, hex.EncodeToString(sum.Sum(nil)), err
}
