package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// readers is how many files are read at a time.
const readers = 2

// Check reads the whole archive and compares it with its sums; of a stock one,
// with the zip's. It writes nothing. progress is told of bytes as they are read,
// from several goroutines.
func (a *Archive) Check(ctx context.Context, progress func(n int)) error {
	return a.each(ctx, func(e entry) error {
		h := sha256.New()
		if err := e.copy(ctx, h, progress); err != nil {
			return err
		}
		if e.sum != "" && e.sum != hex.EncodeToString(h.Sum(nil)) {
			return fmt.Errorf("it is damaged: %s has another sum than its manifest says", e.file.Name)
		}
		return nil
	})
}

// Extract writes the files to where place says; what returns an empty path is
// left out. It makes their folders and replaces no file. What it wrote is not
// brought to the disk yet.
func (a *Archive) Extract(ctx context.Context, place func(name string) string, progress func(n int)) error {
	return a.each(ctx, func(e entry) error {
		to := place(e.file.Name)
		if to == "" {
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		early := &Early{File: f}
		err = e.copy(ctx, early, progress)
		early.finish()
		err = errors.Join(err, f.Close())
		if err == nil && !e.file.Modified.IsZero() {
			err = os.Chtimes(to, e.file.Modified, e.file.Modified)
		}
		return err
	})
}

// Compare reads the files that were extracted and compares them with the sums.
func (a *Archive) Compare(ctx context.Context, place func(name string) string, progress func(n int)) error {
	return a.each(ctx, func(e entry) error {
		f, err := os.Open(place(e.file.Name))
		if err != nil {
			return err
		}
		defer f.Close()
		h := sha256.New()
		n, err := pour(ctx, h, f, progress)
		if err != nil {
			return err
		}
		if n != int64(e.file.UncompressedSize64) || e.sum != "" && e.sum != hex.EncodeToString(h.Sum(nil)) {
			return fmt.Errorf("%s came back as another", e.file.Name)
		}
		return nil
	})
}

// each calls do for every file, some at a time, until one fails.
func (a *Archive) each(ctx context.Context, do func(entry) error) error {
	var next atomic.Int64
	work, ctx := errgroup.WithContext(ctx)
	for range readers {
		work.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(a.entries) {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := do(a.entries[i]); err != nil {
					return err
				}
			}
		})
	}
	return work.Wait()
}

// copy writes an entry to w: as many bytes as the zip's directory says, or it fails.
func (e entry) copy(ctx context.Context, w io.Writer, progress func(n int)) error {
	r, err := e.file.Open()
	if err != nil {
		return fmt.Errorf("it is damaged at %s: %w", e.file.Name, err)
	}
	defer r.Close()
	size := int64(e.file.UncompressedSize64)
	n, err := pour(ctx, w, io.LimitReader(r, size+1), progress)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", e.file.Name, err)
	case n != size:
		return fmt.Errorf("it is damaged: %s has another size", e.file.Name)
	}
	return nil
}

// pour is io.Copy that lets others at the processor.
func pour(ctx context.Context, w io.Writer, r io.Reader, progress func(n int)) (total int64, err error) {
	buffer := make([]byte, chunkSize)
	for {
		if err := ctx.Err(); err != nil {
			return total, err
		}
		n, err := r.Read(buffer)
		if n > 0 {
			if _, err := w.Write(buffer[:n]); err != nil {
				return total, err
			}
			total += int64(n)
			progress(n)
		}
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, fmt.Errorf("it is damaged or cannot be read: %w", err)
		}
		runtime.Gosched()
	}
}
