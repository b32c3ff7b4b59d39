package hold

import (
	"errors"
	"testing"
)

// Two handles of one process stand for two programs: the lock is the handle's.
func TestHold(t *testing.T) {
	dir := t.TempDir()
	first, err := Share(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Share(dir)
	if err != nil {
		t.Fatalf("two may have it open: %v", err)
	}
	if err := first.Alone(); !errors.Is(err, ErrHeld) {
		t.Errorf("alone beside another: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if err := first.Alone(); err != nil {
		t.Fatalf("alone: %v", err)
	}
	if _, err := Share(dir); !errors.Is(err, ErrHeld) {
		t.Errorf("beside one who is alone: %v", err)
	}
	if err := first.Share(); err != nil {
		t.Fatal(err)
	}
	if third, err := Share(dir); err != nil {
		t.Errorf("shared again: %v", err)
	} else if err := third.Close(); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Share(dir + "/none"); err == nil {
		t.Error("a folder that is not there is held")
	}
}
