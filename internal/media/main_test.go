package media

import (
	"os"
	"testing"
)

// TestMain lets the test binary act as the child.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == ChildArg {
		os.Exit(ChildMain(os.Args[2:]))
	}
	os.Exit(m.Run())
}
