package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"
	"github.com/pocketbase/pocketbase/tools/security"
	"golang.org/x/sync/errgroup"

	"onlibrary/internal/schema"
)

const (
	// workers is how many files are copied at a time: most are small, and S3
	// takes its time for each.
	workers = 4
	// page is how many records are read at a time.
	page = 500
)

// move copies the library's files from one store to the other.
type move struct {
	app      core.App
	flags    flags
	s3       core.S3Config
	root     string // of the disk's files
	from, to *filesystem.System
	journal  *journal
	progress *progress
	pause    time.Duration
	// How many files are gone and have failed, and failed one after the other.
	missing, failed, inRow atomic.Int64
}

// file is one that a record names.
type file struct {
	key    string
	sha256 string // in hexadecimal; empty where the library keeps none
}

func newMove(app core.App, f flags, s3 core.S3Config, p *progress, pause time.Duration) (*move, error) {
	m := &move{pause: pause, app: app, flags: f, s3: s3, root: filepath.Join(app.DataDir(), core.LocalStorageDirName), progress: p}
	disk, err := filesystem.NewLocal(m.root)
	if err != nil {
		return nil, fmt.Errorf("open the files on the disk: %w", err)
	}
	bucket, err := filesystem.NewS3(s3.Bucket, s3.Region, s3.Endpoint, s3.AccessKey, s3.Secret, s3.ForcePathStyle)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the bucket: %w", err), disk.Close())
	}
	m.from, m.to = disk, bucket
	if f.to == toDisk {
		m.from, m.to = bucket, disk
	}
	m.journal, err = openJournal(filepath.Join(app.DataDir(), ".storage-migrate"), fmt.Sprintf("%s %s %s", f.to, s3.Endpoint, s3.Bucket))
	if err != nil {
		return nil, errors.Join(err, disk.Close(), bucket.Close())
	}
	return m, nil
}

func (m *move) close() error {
	return errors.Join(m.from.Close(), m.to.Close(), m.journal.close())
}

// all copies, then switches, then deletes what is asked to be.
func (m *move) all(ctx context.Context) error {
	m.from.SetContext(ctx)
	m.to.SetContext(ctx)
	if err := m.try(); err != nil {
		return fmt.Errorf("the bucket %s at %s does not do: %s", m.s3.Bucket, m.s3.Endpoint, oneLine(err.Error()))
	}
	total, err := m.count()
	if err != nil {
		return err
	}
	m.progress.begin(total)
	if err := errors.Join(m.each(ctx, m.one), m.progress.end()); err != nil {
		return err
	}
	switch missing, failed := m.missing.Load(), m.failed.Load(); {
	case failed > 0:
		return fmt.Errorf("%d files failed; the library keeps its files where they were, and another run goes on from there", failed)
	case missing > 0 && !m.flags.ignoreMissing:
		return fmt.Errorf("%d files that records name are gone; the library keeps its files where they were. Put them back, delete their records, or say --ignore-missing", missing)
	}
	if err := m.use(); err != nil {
		return err
	}
	if m.flags.forget {
		if err := m.forget(ctx); err != nil {
			return fmt.Errorf("delete the originals (another run with --delete goes on): %w", err)
		}
	}
	return m.journal.remove()
}

// try does to the bucket what will be done, before hours are spent.
func (m *move) try() error {
	const key = "onlibrary-storage-migrate-test"
	if m.flags.to == toDisk {
		_, err := m.from.List(key)
		return err
	}
	text := []byte("a quiet text, " + security.RandomString(20)) // which nobody knows before
	if err := m.to.Upload(text, key); err != nil {
		return err
	}
	_, stored, err := digest(m.to, key)
	if err != nil {
		return err
	}
	if _, sent, err := pour(io.Discard, bytes.NewReader(text)); err != nil || stored != sent {
		return errors.Join(errors.New("what is read there is not what was written"), err)
	}
	return m.to.Delete(key)
}

// use has the library keep its files where they are now.
func (m *move) use() error {
	s := m.app.Settings()
	want := m.s3
	want.Enabled = m.flags.to == toS3
	if s.S3 == want {
		return nil
	}
	s.S3 = want
	if err := m.app.Save(s); err != nil {
		return fmt.Errorf("switch to %s: %w", m.flags.to, err)
	}
	return m.progress.say("the library's files are on " + map[string]string{toS3: "S3", toDisk: "the disk"}[m.flags.to] + " now")
}

// forget deletes the originals of what is known to be right.
func (m *move) forget(ctx context.Context) error {
	return m.each(ctx, func(_ context.Context, f file) error {
		if _, right := m.journal.size(f.key); !right {
			return nil // it is gone from both
		}
		return discard(m.from, f.key)
	})
}

// count counts the files that records name.
func (m *move) count() (total int, err error) {
	err = m.walk(func(file) error { total++; return nil })
	return total, err
}

// each calls f for every file that a record names, for several at a time.
func (m *move) each(ctx context.Context, f func(context.Context, file) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	err := m.walk(func(x file) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		group.Go(func() error { return f(ctx, x) })
		return nil
	})
	return errors.Join(group.Wait(), err)
}

// walk calls f for every file that a record names.
func (m *move) walk(f func(file) error) error {
	collections, err := m.app.FindAllCollections(core.CollectionTypeBase, core.CollectionTypeAuth)
	if err != nil {
		return fmt.Errorf("list the collections: %w", err)
	}
	for _, c := range collections {
		if len(fileFields(c)) == 0 {
			continue
		}
		for last := ""; ; {
			var records []*core.Record
			err := m.app.RecordQuery(c).AndWhere(dbx.NewExp("id > {:last}", dbx.Params{"last": last})).OrderBy("id").Limit(page).All(&records)
			if err != nil {
				return fmt.Errorf("read %s: %w", c.Name, err)
			}
			for _, rec := range records {
				for _, x := range filesOf(rec) {
					if err := f(x); err != nil {
						return err
					}
				}
				last = rec.Id
			}
			if len(records) < page {
				break
			}
		}
	}
	return nil
}

func filesOf(rec *core.Record) (all []file) {
	for _, key := range keys(rec) {
		x := file{key: key}
		if rec.Collection().Name == schema.Documents && key == rec.BaseFilesPath()+"/"+rec.GetString("file") {
			x.sha256 = rec.GetString("sha256")
		}
		all = append(all, x)
	}
	return all
}
