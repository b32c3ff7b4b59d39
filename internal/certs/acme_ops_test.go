//go:build ops

package certs

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"onlibrary/internal/testapp"
)

// It shows that a certificate is renewed by itself once an authority that was
// away over the renewal is back: CertMagic tries again after a minute. Requests
// go on all the while.
func TestOpsAuthorityComesBack(t *testing.T) {
	p := testapp.NewPebble(t)
	p.Validity = 9 * time.Second
	p.Start(t)
	books := anew("books")
	s := open(t, p, Config{Domains: []string{books}, Every: 200 * time.Millisecond}, true, true)
	await(t, 10*time.Second, "a certificate", func() bool { return s.of(t, books).Fingerprint != "" })
	first := s.of(t, books)
	p.Leave()
	await(t, 20*time.Second, "a try in vain", func() bool { return s.of(t, books).LastError != "" })
	p.Return(t)
	asked := 0
	await(t, 90*time.Second, "a new certificate", func() bool {
		if _, err := s.get(books, nil); err != nil {
			t.Fatalf("request %d failed: %v", asked, err)
		}
		asked++
		return s.of(t, books).Fingerprint != first.Fingerprint
	})
	roots := p.Issued(t)
	await(t, 5*time.Second, "its use", func() bool { _, err := s.get(books, roots); return err == nil })
	if s.of(t, books).LastError != "" {
		t.Errorf("%+v", s.of(t, books))
	}
	t.Logf("%d requests meanwhile", asked)
}

// It shows that a folder that cannot be written to stops the renewal, which is
// told, but not the server.
func TestOpsFolderIsReadOnly(t *testing.T) {
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("only root may mount")
	}
	p := testapp.NewPebble(t)
	p.Validity = 9 * time.Second
	p.Start(t)
	dir, books := t.TempDir(), anew("books")
	s := open(t, p, Config{Domains: []string{books}, Dir: dir, Every: 200 * time.Millisecond}, true, true)
	await(t, 10*time.Second, "a certificate", func() bool { return s.of(t, books).Fingerprint != "" })
	for _, args := range [][]string{{"--bind", dir, dir}, {"-o", "remount,ro,bind", dir}} {
		if out, err := exec.Command("mount", args...).CombinedOutput(); err != nil {
			t.Skipf("nothing can be mounted here: %s", out)
		}
	}
	t.Cleanup(func() { _ = exec.Command("umount", dir).Run() })
	await(t, 20*time.Second, "a try in vain", func() bool { return s.of(t, books).LastError != "" })
	st := s.of(t, books)
	if _, err := s.get(books, nil); err != nil || !strings.Contains(st.LastError, "read-only file system") {
		t.Errorf("%+v: %v", st, err)
	}
	s.Close()
	again := open(t, p, Config{Domains: []string{books}, Dir: dir}, false, false)
	await(t, 5*time.Second, "an answer", func() bool { _, err := again.get(books, nil); return err == nil })
}
