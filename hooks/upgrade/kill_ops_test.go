//go:build ops

package upgrade_test

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// TestOpsKilledAnywhere kills an upgrade at random, in its copying and its
// undoing too, again and again, and has one or the other program start on what
// is left: either finds the library whole.
func TestOpsKilledAnywhere(t *testing.T) {
	dir, d := library(t)
	took := time.Second // of a whole upgrade, measured by the first round
	for round := range 40 {
		place := t.TempDir()
		if err := os.CopyFS(place, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		for range 1 + rand.IntN(3) {
			s := begin(t, newer, place)
			time.Sleep(time.Duration(rand.Int64N(int64(took))))
			if err := s.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			<-s.exited
		}
		if round%2 == 0 && query(t, place, "SELECT count(*) FROM _migrations WHERE file = '1999999999_describe_documents.go'") == "0" {
			s := serve(t, earlier, place)
			s.has(t, d, "as it was")
			s.stop(t)
		}
		begun := time.Now()
		s := serve(t, newer, place)
		s.has(t, d, newDescription)
		s.stop(t)
		if round == 0 {
			took = time.Since(begun)
		}
		if found := query(t, place, "PRAGMA integrity_check"); found != "ok" {
			t.Error(found)
		}
	}
}
