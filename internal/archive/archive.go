// Package archive is the format of backups: a zip with the database, the files
// and, last, a manifest of their sums, encrypted with age if asked for. It reads
// hostile ones within bounds and takes those that PocketBase makes, too.
package archive

import "time"

const (
	// Format is the number of the format that Writer writes.
	Format = 1
	// Program is what a manifest names as its maker.
	Program = "onlibrary"
	// Database is the database's name in every archive, PocketBase's too.
	Database = "data.db"
	// ManifestName is the manifest's name in an archive of ours.
	ManifestName = "manifest.json"
	// comment is the zip's, by which one of ours is known that lost its manifest.
	comment = "OnLibrary backup"
)

// Where the files of records are kept.
const (
	Disk   = "disk"
	Bucket = "s3"
)

// Manifest says what an archive holds.
type Manifest struct {
	Format     int       `json:"format"`
	Program    string    `json:"program"`
	Version    string    `json:"version"`    // of the program that made it
	PocketBase string    `json:"pocketbase"` // its version
	Created    time.Time `json:"created"`
	Migration  string    `json:"migration"` // the last that is applied in the database
	// Storage is where the library keeps its files, Disk or Bucket; those of a
	// bucket are in the archive only if FilesInside.
	Storage     string `json:"storage"`
	FilesInside bool   `json:"filesInside"`
	// Missing are files that the database names and that were not to be had.
	Missing []string `json:"missing,omitempty"`
	// Files are the database and all files beside it. It stays the last field.
	Files []File `json:"files,omitempty"`
}

// File is a file in an archive, by its path with slashes.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`   // bytes
	SHA256 string `json:"sha256"` // hexadecimal
}
