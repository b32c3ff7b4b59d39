package config

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Only the stream that systemd names is the journal: not one that it names for
// standard output, or named to a shell from which this was started.
func TestJournal(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "stream"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var stream syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &stream); err != nil {
		t.Fatal(err)
	}
	before := os.Stderr
	defer func() { os.Stderr = before }()
	os.Stderr = f
	for value, want := range map[string]bool{
		"": false, "1:1": false, fmt.Sprintf("%d:%d", stream.Dev, stream.Ino): true, fmt.Sprintf("%d:%d", stream.Dev, stream.Ino+1): false,
	} {
		t.Setenv("JOURNAL_STREAM", value)
		if Journal() != want {
			t.Errorf("%q: %v", value, !want)
		}
	}
}
