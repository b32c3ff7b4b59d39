package server

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/pocketbase/pocketbase/core"
)

// Folders in the data folder that no backup holds.
const (
	spool        = "tmp"                          // where large uploads wait
	cache        = "cache"                        // what was compiled
	certificates = core.LocalAutocertCacheDirName // and their keys, which are this machine's
)

// Spool is the folder, in the data folder, for what need not outlive a start.
func Spool(dataDir string) string { return filepath.Join(dataDir, spool) }

// Cache is the folder, in the data folder, for what can be made again.
func Cache(dataDir string) string { return filepath.Join(dataDir, cache) }

// CertificatesDir is the folder, in the data folder, for what HTTPS is served with.
func CertificatesDir(dataDir string) string { return filepath.Join(dataDir, certificates) }

// makeSpool empties and makes the spool and has multipart forms wait there: the
// machine's own folder for such files may be memory. The lock has to be held.
func makeSpool(dataDir string) error {
	dir := Spool(dataDir)
	for _, step := range []func() error{
		func() error { return os.RemoveAll(dir) },
		func() error { return os.MkdirAll(dir, 0o700) },
		func() error { return os.Setenv("TMPDIR", dir) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("make room for uploads: %w", err)
		}
	}
	return nil
}
