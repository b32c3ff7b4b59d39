package backups

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"onlibrary/internal/outbox"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

func TestRehearsal(t *testing.T) {
	h := furnish(t)
	h.document(t, "a text")
	admin := testapp.User(t, h.TestApp, "admin", schema.RoleAdmin)
	customer(t, h, "customer")
	root := testapp.Superuser(t, h.TestApp)
	h.Settings().SMTP.Enabled, h.Settings().SMTP.Host, h.Settings().SMTP.Port = true, "127.0.0.1", 1

	run := func() *Rehearsal {
		t.Helper()
		h.room.rehearseIfDue(t.Context(), h)
		last, err := LastRehearsal(h)
		if err != nil {
			t.Fatal(err)
		}
		return last
	}
	if last := run(); last != nil {
		t.Errorf("without a backup: %+v", last)
	}
	path := h.backup(t, "a.zip")
	h.at = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	if last := run(); last != nil {
		t.Errorf("by day: %+v", last)
	}
	h.at = time.Date(2026, 11, 25, 3, 23, 0, 0, time.UTC)
	last := run()
	if last == nil || last.Problem != "" || last.Backup != "a.zip" || last.Files != 4 || last.Bytes == 0 || len(h.notices) > 0 {
		t.Fatalf("%+v %v", last, h.notices)
	}
	h.at = time.Date(2026, 11, 26, 3, 23, 0, 0, time.UTC)
	if again := run(); !again.At.Equal(last.At) {
		t.Errorf("the next night: %+v", again)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)/2] ^= 1
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	h.at = time.Date(2026, 12, 2, 3, 23, 0, 0, time.UTC)
	if last = run(); !strings.Contains(last.Problem, "damaged") || !slices.Equal(h.notices, []string{admin.Id}) {
		t.Errorf("%+v, told %v", last, h.notices)
	}
	mails, err := h.FindAllRecords(schema.Jobs)
	if err != nil || len(mails) != 1 || mails[0].GetString("kind") != outbox.Mail || !strings.Contains(mails[0].GetString("payload"), root.Email()) {
		t.Errorf("%v %v", mails, err)
	}
	if left := texts(t, h.room.Spool); len(left) > 0 {
		t.Errorf("left in the spool: %v", left)
	}
}

// A schedule that makes nothing is a failure, too.
func TestRehearsalOfNothing(t *testing.T) {
	h := furnish(t)
	h.Settings().Backups.Cron = "0 3 * * *"
	if err := h.room.rehearse(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if last, err := LastRehearsal(h); err != nil || last == nil || !strings.Contains(last.Problem, "no backup") {
		t.Errorf("%+v %v", last, err)
	}
}
