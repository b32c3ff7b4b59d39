package upgrade_test

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// releases is where a data folder of each release is kept, as it was written by
// that release: `make release-data VERSION=v1.2.3` adds one.
const releases = "testdata/releases"

// counts is the file beside a kept data folder that tells how many rows each
// collection has.
const counts = "counts.json"

// The data of every release open in this program: nothing is lost, files are
// whole, and it goes on working.
func TestReleases(t *testing.T) {
	kept, err := filepath.Glob(filepath.Join(releases, "*.zip"))
	if err != nil || len(kept) == 0 {
		t.Fatal("no release is kept", err)
	}
	for _, path := range kept {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".zip"), func(t *testing.T) {
			dir := t.TempDir()
			unzip(t, path, dir)
			var before map[string]int
			text, err := os.ReadFile(filepath.Join(dir, counts))
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(text, &before); err != nil {
				t.Fatal(err)
			}
			s := serve(t, earlier, dir)
			after := s.count(t)
			for name, n := range before {
				grows := slices.Contains([]string{"jobs", "audit_logs", "_authOrigins"}, name)
				if after[name] < n || after[name] > n && !grows {
					t.Errorf("%s: %d rows, there were %d", name, after[name], n)
				}
			}
			s.filesAreWhole(t, before["documents"])
			s.has(t, s.upload(t, "Persuasion"), "as it was")
			s.stop(t)
			for _, line := range strings.Split(strings.TrimSpace(done(t, command(t, earlier, dir, "migrate", "status"))), "\n") {
				if !strings.HasPrefix(line, "applied ") {
					t.Errorf("not applied: %s", line)
				}
			}
			if found := query(t, dir, "PRAGMA integrity_check"); found != "ok" {
				t.Error(found)
			}
		})
	}
}

// TestKeepRelease keeps the data of this program as those of the release that
// KEEP names.
func TestKeepRelease(t *testing.T) {
	version := os.Getenv("KEEP")
	if version == "" {
		t.Skip("KEEP names no release")
	}
	dir := t.TempDir()
	s := serve(t, version, dir)
	done(t, command(t, version, dir, "seed", "demo"))
	done(t, command(t, version, dir, "seed", "places", "--country", "BR"))
	s.upload(t, "Emma")
	for end := time.Now().Add(2 * time.Minute); s.total(t, "documents", "state='processing'") > 0; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the previews are not done")
		}
	}
	text, err := json.MarshalIndent(s.count(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	s.stop(t)
	if err := os.WriteFile(filepath.Join(dir, counts), text, 0o600); err != nil {
		t.Fatal(err)
	}
	keep(t, dir, filepath.Join(releases, version+".zip"))
}

// count tells how many rows each collection has.
func (s *server) count(t *testing.T) map[string]int {
	t.Helper()
	var collections struct {
		Items []struct{ Name, Type string }
	}
	s.do(t, "GET", "/api/collections?perPage=500", "", nil, &collections)
	rows := map[string]int{}
	for _, c := range collections.Items {
		if c.Type != "view" {
			rows[c.Name] = s.total(t, c.Name, "")
		}
	}
	return rows
}

func (s *server) total(t *testing.T, collection, filter string) int {
	t.Helper()
	var list struct{ TotalItems int }
	s.do(t, "GET", "/api/collections/"+collection+"/records?perPage=1&filter="+url.QueryEscape(filter), "", nil, &list)
	return list.TotalItems
}

// filesAreWhole fetches the file of every document.
func (s *server) filesAreWhole(t *testing.T, want int) {
	t.Helper()
	var token struct{ Token string }
	s.do(t, "POST", "/api/files/token", "", nil, &token)
	seen := 0
	for page := 1; ; page++ {
		var list struct{ Items []document }
		s.do(t, "GET", "/api/collections/documents/records?perPage=100&page="+strconv.Itoa(page), "", nil, &list)
		if len(list.Items) == 0 {
			break
		}
		for _, d := range list.Items {
			sum := sha256.Sum256(s.do(t, "GET", "/api/files/documents/"+d.ID+"/"+d.File+"?token="+token.Token, "", nil, nil))
			if hex.EncodeToString(sum[:]) != d.SHA256 {
				t.Errorf("%s: its file is another", d.Title)
			}
			seen++
		}
	}
	if seen != want {
		t.Errorf("%d documents, want %d", seen, want)
	}
}

// keep zips a data folder without what a start makes anew.
func keep(t *testing.T, dir, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := zip.NewWriter(f)
	all := map[string]string{}
	for _, pattern := range []string{"data.db", "auxiliary.db", counts, "storage/*/*/*", "storage/*/*/*/*"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				all[strings.TrimPrefix(filepath.ToSlash(strings.TrimPrefix(path, dir)), "/")] = path
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		text, err := os.ReadFile(all[name])
		if err != nil {
			t.Fatal(err)
		}
		entry, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func unzip(t *testing.T, path, dir string) {
	t.Helper()
	r, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, entry := range r.File {
		from, err := entry.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(from)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, filepath.FromSlash(entry.Name))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
