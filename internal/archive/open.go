package archive

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"unicode"

	"filippo.io/age"
)

// Archive is one that was opened: its form is good, and what it says of itself
// agrees. Its contents are known to be good after Check only.
type Archive struct {
	Manifest Manifest // without Files; empty of an archive by PocketBase itself
	// Stock tells that PocketBase made it: it has no sums but the zip's own.
	Stock     bool
	Encrypted bool
	Files     int   // how many there are, the database among them
	Size      int64 // bytes that they take unpacked
	entries   []entry
}

type entry struct {
	file *zip.File
	sum  string // empty in a stock archive
}

// ErrIdentity is the error for an encrypted archive that no identity opens.
var ErrIdentity = errors.New("it is encrypted, and none of the identities that were given opens it")

// Open reads what an archive of so many bytes says it holds, and refuses one
// that is cut short, foreign or hostile. Identities open an encrypted one.
func Open(r io.ReaderAt, size int64, identities ...age.Identity) (*Archive, error) {
	a := &Archive{}
	if isEncrypted(r) {
		plain, n, err := decrypt(r, size, identities)
		if err != nil {
			return nil, err
		}
		r, size, a.Encrypted = plain, n, true
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("it is no zip file or is cut short: %w", err)
	}
	names, err := a.survey(z.File, size)
	if err != nil {
		return nil, err
	}
	if _, ok := names[Database]; !ok {
		return nil, errors.New("it is no backup of a library: it holds no " + Database)
	}
	manifest, ok := names[ManifestName]
	if !ok && z.Comment == comment {
		return nil, errors.New("it is damaged: its manifest is missing")
	}
	if !ok {
		a.Stock = true
		return a, nil
	}
	return a, a.agree(manifest, names)
}

// survey looks through the directory of a zip, and returns its files by name.
func (a *Archive) survey(files []*zip.File, size int64) (map[string]*zip.File, error) {
	names := make(map[string]*zip.File, len(files))
	var packed uint64
	for _, f := range files {
		if strings.HasSuffix(f.Name, "/") && f.UncompressedSize64 == 0 && f.Mode().IsDir() {
			continue // folders are made as files want them
		}
		if err := inBounds(f); err != nil {
			return nil, fmt.Errorf("it is not to be trusted: %q %w", f.Name, err)
		}
		if _, twice := names[f.Name]; twice {
			return nil, fmt.Errorf("it is not to be trusted: %q is in it twice", f.Name)
		}
		names[f.Name] = f
		// No two of them share their bytes, and no claim is out of all bounds.
		packed += f.CompressedSize64
		if packed > uint64(size) {
			return nil, errors.New("it is not to be trusted: its files overlap")
		}
		if f.Name == ManifestName {
			continue
		}
		a.entries = append(a.entries, entry{file: f})
		a.Files++
		a.Size += int64(f.UncompressedSize64)
	}
	for name := range names {
		for folder := path.Dir(name); folder != "."; folder = path.Dir(folder) {
			if _, file := names[folder]; file {
				return nil, fmt.Errorf("it is not to be trusted: %q is both a file and a folder", folder)
			}
		}
	}
	return names, nil
}

const (
	nameMost = 1024 // bytes
	// deflateMost is how many bytes one of deflate may at most unpack to.
	deflateMost = 1032
)

// inBounds refuses what no backup has in it.
func inBounds(f *zip.File) error {
	name := f.Name
	switch {
	case !fs.ValidPath(name) || name == "." || !filepath.IsLocal(filepath.FromSlash(name)) || len(name) > nameMost ||
		strings.ContainsRune(name, '\\') || strings.ContainsFunc(name, unicode.IsControl) || strings.ContainsRune(name, unicode.ReplacementChar):
		return errors.New("is no name of a file within a folder")
	case !f.Mode().IsRegular():
		return errors.New("is no plain file")
	case f.Flags&1 != 0:
		return errors.New("is encrypted by itself")
	case f.Method == zip.Store && f.CompressedSize64 != f.UncompressedSize64,
		f.Method == zip.Deflate && f.UncompressedSize64/deflateMost > f.CompressedSize64:
		return errors.New("claims a size that cannot be")
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return errors.New("is packed in a way that backups are not")
	}
	return nil
}

// agree reads the manifest and holds the zip's directory against it.
func (a *Archive) agree(manifest *zip.File, names map[string]*zip.File) error {
	sums := make(map[string]string, len(names))
	m, err := readManifest(manifest, func(f File) error {
		z, ok := names[f.Name]
		switch _, twice := sums[f.Name]; {
		case !ok || f.Name == ManifestName:
			return fmt.Errorf("%q is not in it", f.Name)
		case twice:
			return fmt.Errorf("%q is named twice", f.Name)
		case f.Size < 0 || uint64(f.Size) != z.UncompressedSize64:
			return fmt.Errorf("%q has another size", f.Name)
		}
		sums[z.Name] = f.SHA256
		return nil
	})
	if err != nil {
		return fmt.Errorf("its manifest is damaged: %w", err)
	}
	switch {
	case m.Program != Program:
		return fmt.Errorf("it is a backup of another program, %.40q", m.Program)
	case m.Format != Format:
		return fmt.Errorf("its format is %d, and this program knows %d: restore it with a newer one", m.Format, Format)
	}
	for i, e := range a.entries {
		sum, ok := sums[e.file.Name]
		if !ok {
			return fmt.Errorf("it holds %q, of which its manifest does not tell", e.file.Name)
		}
		a.entries[i].sum = sum
	}
	a.Manifest = m
	return nil
}
