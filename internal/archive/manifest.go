package archive

import (
	"archive/zip"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// manifestMost bounds the manifest, in bytes: some millions of files.
const manifestMost = 1 << 30

// readManifest reads the manifest and hands its files to each, one at a time.
func readManifest(f *zip.File, each func(File) error) (m Manifest, err error) {
	if f.UncompressedSize64 > manifestMost {
		return m, errors.New("it is too large")
	}
	r, err := f.Open()
	if err != nil {
		return m, err
	}
	defer r.Close()
	// A reader of one byte more than it may have finds what is longer than it says.
	in := json.NewDecoder(io.LimitReader(r, int64(f.UncompressedSize64)+1))
	fields := map[string]any{
		"format": &m.Format, "program": &m.Program, "version": &m.Version, "pocketbase": &m.PocketBase, "created": &m.Created,
		"migration": &m.Migration, "storage": &m.Storage, "filesInside": &m.FilesInside, "missing": &m.Missing,
	}
	if err := expect(in, json.Delim('{')); err != nil {
		return m, err
	}
	for in.More() {
		key, err := in.Token()
		if err != nil {
			return m, err
		}
		name, _ := key.(string)
		if name == "files" {
			if err := readFiles(in, each); err != nil {
				return m, err
			}
			continue
		}
		into, ok := fields[name]
		if !ok {
			into = new(json.RawMessage) // of a later program's
		}
		if err := in.Decode(into); err != nil {
			return m, err
		}
	}
	if err := expect(in, json.Delim('}')); err != nil {
		return m, err
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return m, fmt.Errorf("something follows it: %w", err)
	}
	return m, nil
}

func readFiles(in *json.Decoder, each func(File) error) error {
	if err := expect(in, json.Delim('[')); err != nil {
		return err
	}
	for in.More() {
		var f File
		if err := in.Decode(&f); err != nil {
			return err
		}
		if sum, err := hex.DecodeString(f.SHA256); err != nil || len(sum) != 32 {
			return fmt.Errorf("%q has no sum", f.Name)
		}
		if err := each(f); err != nil {
			return err
		}
	}
	return expect(in, json.Delim(']'))
}

func expect(in *json.Decoder, want json.Delim) error {
	got, err := in.Token()
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%v where %v should be", got, want)
	}
	return nil
}
