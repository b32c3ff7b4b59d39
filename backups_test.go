package main

import (
	"archive/zip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/hooks/doctor"
	"onlibrary/hooks/server"
	"onlibrary/hooks/upgrade"
)

// It shows that a backup holds nothing that belongs to the data folder and not
// to the library, whichever room's it is.
func TestBackupHoldsTheLibraryAlone(t *testing.T) {
	app, _ := open(t)
	for _, name := range slices.Concat(server.Apart(), upgrade.Apart(), doctor.Apart()) {
		path := filepath.Join(app.DataDir(), name)
		if _, err := os.Stat(path); err == nil {
			continue
		}
		if err := os.WriteFile(path, []byte("apart"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := app.CreateBackup(t.Context(), "a.zip"); err != nil {
		t.Fatal(err)
	}
	r, err := zip.OpenReader(filepath.Join(app.DataDir(), core.LocalBackupsDirName, "a.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, f := range r.File {
		if !slices.Contains([]string{"data.db", "auxiliary.db", "manifest.json"}, f.Name) && !strings.HasPrefix(f.Name, "storage/") {
			t.Errorf("it holds %s", f.Name)
		}
	}
}
