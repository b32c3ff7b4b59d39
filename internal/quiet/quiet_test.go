package quiet_test

import (
	"context"
	"testing"

	"onlibrary/internal/quiet"
)

func TestOnlyAMarkedContextIsQuiet(t *testing.T) {
	t.Parallel()
	plain := context.Background()
	if quiet.Is(plain) || quiet.Is(nil) { //nolint:staticcheck // events made by hand may have none
		t.Error("an unmarked context is quiet")
	}
	inner, cancel := context.WithCancel(quiet.With(plain))
	defer cancel()
	if !quiet.Is(inner) {
		t.Error("a context made of a quiet one is not")
	}
}
