package backups

import (
	"fmt"

	"onlibrary/internal/archive"
)

// describe says on one line what an archive is.
func describe(a *archive.Archive) string {
	what := fmt.Sprintf("%d files, %s", a.Files, amount(a.Size))
	if a.Encrypted {
		what += ", encrypted"
	}
	if a.Stock {
		return "made by PocketBase itself, without sums of its own, " + what
	}
	m := a.Manifest
	what = fmt.Sprintf("made by OnLibrary %s on %s, %s", m.Version, m.Created.UTC().Format("2006-01-02 15:04 UTC"), what)
	if n := len(m.Missing); n > 0 {
		what += fmt.Sprintf(", without %d that were missing then", n)
	}
	if m.Storage == archive.Bucket && !m.FilesInside {
		what += ", without the files in the bucket"
	}
	return what
}
