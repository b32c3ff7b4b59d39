package imports

import (
	"strings"
	"testing"
)

func TestReportStaysWithinItsLines(t *testing.T) {
	var l line
	l.note("its file %s is gone", "a\x1b]0;x\a\n"+strings.Repeat("é", 5000))
	note := l.notes[0]
	if n := len([]rune(note)); n != noteMost || strings.ContainsAny(note, "\x1b\a\n") || !strings.HasPrefix(note, "its file a\uFFFD]0;x") {
		t.Errorf("%d characters: %.60q", n, note)
	}
}

func TestRoleActionsLeadToNoOtherHost(t *testing.T) {
	for _, action := range []string{"//evil.example", `/\evil.example`, `\\evil.example`, "javascript:alert(1)"} {
		if roleAction(action) == "" {
			t.Errorf("%q is moved", action)
		}
	}
	for _, action := range []string{"/documents", "https://example.org/x", "menu.documents", "open //"} {
		if why := roleAction(action); why != "" {
			t.Errorf("%q %s", action, why)
		}
	}
}
