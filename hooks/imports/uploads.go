package imports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pocketbase/pocketbase/tools/filesystem"

	"onlibrary/internal/config"
)

// uploads is where another system keeps its files.
type uploads interface {
	// open returns a file to store and what to call once it is stored. The
	// error is fs.ErrNotExist for one that is not there.
	open(ctx context.Context, name string) (*filesystem.File, func() error, error)
	close() error
}

// openUploads opens a folder, or the bucket that s3://bucket/prefix names.
func openUploads(where string, aws config.AWS) (uploads, error) {
	if !strings.HasPrefix(where, "s3://") {
		root, err := os.OpenRoot(where)
		if err != nil {
			return nil, fmt.Errorf("open the uploads: %w", err)
		}
		return folder{root}, nil
	}
	address, err := url.Parse(where)
	if err != nil || address.Host == "" {
		return nil, fmt.Errorf("open the uploads: %q is not like s3://bucket/prefix", where)
	}
	if aws.AccessKey == "" || aws.SecretKey == "" || aws.Region == "" {
		return nil, errors.New("open the uploads: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION have to be set")
	}
	endpoint, own := aws.Endpoint, aws.Endpoint != ""
	if !own {
		endpoint = "https://s3." + aws.Region + ".amazonaws.com"
	}
	// Servers other than Amazon's know a bucket by its path.
	system, err := filesystem.NewS3(address.Host, aws.Region, endpoint, aws.AccessKey, aws.SecretKey, own)
	if err != nil {
		return nil, fmt.Errorf("open the uploads: %w", err)
	}
	temp, err := os.MkdirTemp("", "onlibrary-import-")
	if err != nil {
		return nil, errors.Join(err, system.Close())
	}
	return bucket{system, strings.Trim(address.Path, "/"), temp}, nil
}

// folder lets nothing out of itself, by dots or by links.
type folder struct{ root *os.Root }

func (f folder) open(_ context.Context, name string) (*filesystem.File, func() error, error) {
	info, err := f.root.Stat(filepath.FromSlash(name))
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s is no file", name)
	}
	file, err := filesystem.NewFileFromPath(filepath.Join(f.root.Name(), filepath.FromSlash(name)))
	return file, func() error { return nil }, err
}

func (f folder) close() error { return f.root.Close() }

// bucket copies an object to the disk: it is read more than once.
type bucket struct {
	system *filesystem.System
	prefix string
	temp   string
}

func (b bucket) open(ctx context.Context, name string) (*filesystem.File, func() error, error) {
	b.system.SetContext(ctx)
	object, err := b.system.GetReader(path.Join(b.prefix, name))
	if errors.Is(err, filesystem.ErrNotFound) {
		return nil, nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, nil, err
	}
	copied, err := os.CreateTemp(b.temp, "*"+path.Ext(name))
	if err != nil {
		return nil, nil, errors.Join(err, object.Close())
	}
	remove := func() error { return os.Remove(copied.Name()) }
	_, err = io.Copy(copied, object)
	if err = errors.Join(err, object.Close(), copied.Close()); err == nil {
		var file *filesystem.File
		if file, err = filesystem.NewFileFromPath(copied.Name()); err == nil {
			return file, remove, nil
		}
	}
	return nil, nil, errors.Join(err, remove())
}

func (b bucket) close() error { return errors.Join(b.system.Close(), os.RemoveAll(b.temp)) }
