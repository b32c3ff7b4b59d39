//go:build ops && unix

package backups

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// 100 backups come back byte by byte, 20 of them made beside writers.
func TestOpsRoundTrips(t *testing.T) { trips(t, 80, 20) }

// A backup killed at any time harms nothing and keeps no later one from being made.
func TestOpsKilledBackups(t *testing.T) {
	dir := library(t, 40, 2_000_000)
	began := time.Now()
	good(t, dir, "backup", "create", filepath.Join(t.TempDir(), "b.zip"))
	whole := time.Since(began)
	killed := 0
	for range 50 {
		work := t.TempDir()
		c := command(t, dir, "backup", "create")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.Int64N(int64(whole))))
		_ = c.Process.Kill() // it may have ended
		if err := c.Wait(); err != nil {
			killed++
		}
		_ = os.RemoveAll(work)
	}
	t.Logf("%d of 50 were killed", killed)
	backups, err := filepath.Glob(filepath.Join(dir, "backups", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range backups {
		good(t, dir, "backup", "verify", path)
	}
	if killed < 10 || killed+len(backups) < 50 && len(backups) == 0 && killed < 50 {
		t.Errorf("%d killed, %d made: this proves little", killed, len(backups))
	}
	trip(t, dir, true)
	if left := texts(t, filepath.Join(dir, workshopName)); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
	sums(t, dir)
}

// A restore killed at any time leaves the old library or the new, whole, and the
// next command goes on from there.
func TestOpsKilledRestores(t *testing.T) {
	dir := library(t, 40, 2_000_000)
	zips := map[bool]string{false: filepath.Join(t.TempDir(), "old.zip"), true: filepath.Join(t.TempDir(), "new.zip")}
	good(t, dir, "backup", "create", zips[false])
	r := serve(t, dir)
	if _, err := r.upload("", 5000); err != nil {
		t.Fatal(err)
	}
	r.end(t, os.Kill)
	good(t, dir, "backup", "create", zips[true])
	_, old := inside(t, zips[false])
	_, fresh := inside(t, zips[true])
	began := time.Now()
	good(t, dir, "backup", "restore", "--yes", zips[false])
	whole := time.Since(began)
	want, killed, changed := false, 0, 0
	for range 60 {
		c := command(t, dir, "backup", "restore", "--yes", zips[!want])
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.Int64N(int64(whole))))
		_ = c.Process.Kill() // it may have ended
		if err := c.Wait(); err != nil {
			killed++
		}
		good(t, dir, "migrate", "status") // the next command
		got := texts(t, filepath.Join(dir, "storage"))
		is := func(files map[string]string) bool {
			n := 0
			for name, text := range files {
				if at, ok := strings.CutPrefix(name, "storage/"); ok {
					n++
					if got[at] != text {
						return false
					}
				}
			}
			return n == len(got)
		}
		switch isOld, isNew := is(old), is(fresh); {
		case isNew == isOld:
			t.Fatalf("neither whole: %d files, old %d, new %d", len(got), len(old), len(fresh))
		case isNew != want:
			want = isNew
			changed++
		}
		sums(t, dir)
		if _, err := os.Stat(filepath.Join(dir, stageName)); err == nil {
			t.Fatal("a stage is left")
		}
		if err := os.RemoveAll(filepath.Join(dir, asideName)); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d of 60 were killed, %d times the library is the other one", killed, changed)
	if killed < 10 {
		t.Error("this proves little")
	}
}
