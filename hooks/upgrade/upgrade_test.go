package upgrade_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	_ "modernc.org/sqlite"
)

const newDescription = "as the newer program has it"

// A library of the earlier program: its folder and a document in it.
func library(t *testing.T) (string, document) {
	t.Helper()
	dir := t.TempDir()
	s := serve(t, earlier, dir)
	d := s.upload(t, "Emma")
	s.stop(t)
	return dir, d
}

// entries are the names in the folder of copies that begin so.
func entries(t *testing.T, dir, prefix string) (names []string) {
	t.Helper()
	found, err := os.ReadDir(filepath.Join(dir, "upgrades"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range found {
		if strings.HasPrefix(e.Name(), prefix) {
			names = append(names, e.Name())
		}
	}
	return names
}

// query asks a data folder's database.
func query(t *testing.T, dir, sql string) (answer string) {
	t.Helper()
	db, err := dbx.Open("sqlite", filepath.Join(dir, "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.NewQuery(sql).Row(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// files are the bytes of the databases.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, name := range []string{"data.db", "data.db-wal", "auxiliary.db"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if len(text) > 0 {
			all[name] = text
		}
	}
	return all
}

func unchanged(t *testing.T, dir string, was map[string][]byte) {
	t.Helper()
	now := files(t, dir)
	for name := range was {
		if !bytes.Equal(was[name], now[name]) {
			t.Errorf("%s was changed", name)
		}
	}
}

// A newer program upgrades and keeps a copy, the earlier one then refuses the
// database whatever it is asked to do, a rollback has it work again, and the way
// back to the newer one is open too.
func TestUpgradeAndRollBack(t *testing.T) {
	dir, d := library(t)
	s := serve(t, newer, dir)
	s.has(t, d, newDescription)
	since := s.upload(t, "Middlemarch")
	if !strings.Contains(s.out.String(), "the database is upgraded") {
		t.Errorf("it does not tell: %s", s.out)
	}
	refused(t, command(t, newer, dir, "migrate", "--rollback", "--yes"), "another onlibrary works on it")
	refused(t, command(t, earlier, dir, "serve"), newer, earlier, "migrate --rollback")
	s.stop(t)
	copied := entries(t, dir, "pre-upgrade_"+earlier+"_"+newer)
	if len(copied) != 1 || len(entries(t, dir, "")) != 1 {
		t.Fatalf("the copies: %v", entries(t, dir, ""))
	}
	if info, err := os.Stat(filepath.Join(dir, "upgrades", copied[0])); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("others may read the copy: %v %v", info, err)
	}

	before := files(t, dir)
	for _, args := range [][]string{
		{"serve"}, {"user", "create", "--email", "bob@example.org"}, {"seed", "demo"}, {"superuser", "create", "bob@example.org", password}, {"migrate", "status"}, {"migrate", "up"},
	} {
		refused(t, command(t, earlier, dir, args...), "was written by onlibrary "+newer, "this is "+earlier, "migrate --rollback")
	}
	unchanged(t, dir, before)

	refused(t, command(t, earlier, dir, "migrate", "--rollback"), "--yes")
	refused(t, command(t, earlier, dir, "migrate", "--rollback", "--yes", "--to", "none"), copied[0])
	unchanged(t, dir, before)
	if out := done(t, command(t, earlier, dir, "migrate", "--rollback", "--yes")); !strings.Contains(out, "replaced_"+newer) {
		t.Errorf("it does not say where the newer database is: %s", out)
	}
	s = serve(t, earlier, dir)
	s.has(t, d, "as it was")
	s.stop(t)

	aside := entries(t, dir, "replaced_"+newer)
	if len(aside) != 1 || len(entries(t, dir, "pre-upgrade_")) != 0 {
		t.Fatalf("the copies: %v", entries(t, dir, ""))
	}
	done(t, command(t, newer, dir, "migrate", "--rollback", "--yes", "--to", aside[0]))
	s = serve(t, newer, dir)
	s.has(t, d, newDescription)
	var got document
	s.do(t, "GET", "/api/collections/documents/records/"+since.ID, "", nil, &got)
	if got.Title != since.Title {
		t.Errorf("what was entered in between: %+v", got)
	}
	s.stop(t)
	refused(t, command(t, newer, dir, "migrate", "--rollback", "--yes"), "no copy from before an upgrade")
}

// An upgrade that fails at any of its steps changes nothing.
func TestFailedUpgrade(t *testing.T) {
	dir, d := library(t)
	for _, how := range []string{"fail system", "fail first", "fail second", "panic system", "panic second"} {
		t.Run(how, func(t *testing.T) {
			kind, _, _ := strings.Cut(how, " ")
			c := command(t, newer, dir, "serve")
			c.Env = append(c.Env, "TEST_MIGRATION="+how)
			refused(t, c, "from "+earlier+" to "+newer+" failed and was undone", "it was made to "+kind)
			if left := entries(t, dir, ""); len(left) != 0 {
				t.Errorf("it leaves %v", left)
			}
			s := serve(t, earlier, dir)
			s.has(t, d, "as it was")
			s.stop(t)
		})
	}
	s := serve(t, newer, dir)
	s.has(t, d, newDescription)
	s.stop(t)
}

// A kill amid an upgrade leaves a data folder on which either program starts.
func TestKilledUpgrade(t *testing.T) {
	dir, d := library(t)
	for _, step := range []string{"system", "first", "second"} {
		for _, next := range []string{earlier, newer} {
			t.Run(step+", then "+next, func(t *testing.T) {
				place := t.TempDir()
				if err := os.CopyFS(place, os.DirFS(dir)); err != nil {
					t.Fatal(err)
				}
				killAt(t, place, step)
				if next == earlier {
					s := serve(t, earlier, place)
					s.has(t, d, "as it was")
					s.stop(t)
					if left := entries(t, place, ""); len(left) != 0 {
						t.Errorf("it leaves %v", left)
					}
				}
				s := serve(t, newer, place)
				s.has(t, d, newDescription)
				s.stop(t)
				if left := entries(t, place, ""); len(left) != 1 || !strings.HasPrefix(left[0], "pre-upgrade_") {
					t.Errorf("the copies: %v", left)
				}
			})
		}
	}
}

// killAt kills the newer program in that step of its upgrade.
func killAt(t *testing.T, dir, step string) {
	t.Helper()
	reached := filepath.Join(t.TempDir(), "reached")
	s := begin(t, newer, dir, "TEST_MIGRATION=wait "+step, "TEST_REACHED="+reached)
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(reached); err == nil {
			break
		}
		if len(s.exited) > 0 || time.Now().After(end) {
			t.Fatalf("it does not come so far: %s", s.out)
		}
	}
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.exited
	if len(entries(t, dir, "unfinished.json")) != 1 {
		t.Fatalf("it was killed too late: %v", entries(t, dir, ""))
	}
}

// A damaged database is refused by whatever opens it, and left alone, with what a
// kill left unwritten beside it too.
func TestDamagedDatabase(t *testing.T) {
	dir, _ := library(t)
	s := serve(t, earlier, dir)
	s.upload(t, "Persuasion") // some pages lie beside the database, which would hide that theirs are damaged
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.exited
	f, err := os.OpenFile(filepath.Join(dir, "data.db"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	for page := int64(0); page < info.Size(); page += 4096 {
		if _, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, 512), page); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "data.db-shm")); err != nil {
		t.Fatal(err)
	}
	was := files(t, dir)
	for _, args := range [][]string{{"serve"}, {"user", "create", "--email", "bob@example.org"}, {"migrate", "status"}} {
		refused(t, command(t, earlier, dir, args...), "data.db is damaged", "onlibrary backup restore FILE")
	}
	unchanged(t, dir, was)
}

// The settings are ciphertext in the database from the first start with a key,
// no trace of the plain ones is left, and without the key nothing starts.
func TestEncryptionKey(t *testing.T) {
	const first, second, secret = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210", "the-mail-password-4711"
	dir := t.TempDir()
	with := func(key string, args ...string) (c *exec.Cmd) {
		c = command(t, earlier, dir, args...)
		c.Env = append(c.Env, "ONLIBRARY_ENCRYPTION_KEY="+key)
		return c
	}
	s := serve(t, earlier, dir)
	for _, word := range []string{secret, secret + "-2"} {
		settings := `{"smtp":{"enabled":true,"host":"127.0.0.1","port":1,"username":"ada","password":"` + word + `"}}`
		s.do(t, "PATCH", "/api/settings", "application/json", strings.NewReader(settings), nil)
	}
	s.stop(t)
	holds := func() bool {
		for _, text := range files(t, dir) {
			if bytes.Contains(text, []byte(secret)) {
				return true
			}
		}
		return false
	}
	if !holds() {
		t.Fatal("the database never held the secret")
	}
	s = serve(t, earlier, dir, "ONLIBRARY_ENCRYPTION_KEY="+first)
	s.stop(t)
	const row = "SELECT value FROM _params WHERE id = 'settings'"
	if value := query(t, dir, row); strings.Contains(value, "{") || holds() {
		t.Errorf("the settings are not encrypted, or were not wiped: %.60s", value)
	}
	mailUser := func(env ...string) string {
		s := serve(t, earlier, dir, env...)
		defer s.stop(t)
		var got struct{ SMTP struct{ Username string } }
		s.do(t, "GET", "/api/settings", "", nil, &got)
		return got.SMTP.Username
	}
	if got := mailUser("ONLIBRARY_ENCRYPTION_KEY=" + first); got != "ada" {
		t.Errorf("read again: %q", got)
	}
	was := files(t, dir)
	refused(t, command(t, earlier, dir, "serve"), "ONLIBRARY_ENCRYPTION_KEY", "encrypted")
	refused(t, with(second, "serve"), "ONLIBRARY_ENCRYPTION_KEY is not the key")
	refused(t, with(second, "user", "create", "--email", "bob@example.org"), "ONLIBRARY_ENCRYPTION_KEY is not the key")
	unchanged(t, dir, was)

	rekey := func(from, to string) *exec.Cmd {
		c := with(from, "config", "rekey")
		c.Stdin = strings.NewReader(to + "\n")
		return c
	}
	refused(t, rekey(first, "short"), "32 bytes")
	refused(t, with(first, "config", "rekey"), "read the new key")
	done(t, rekey(first, second))
	refused(t, with(first, "serve"), "is not the key")
	if got := mailUser("ONLIBRARY_ENCRYPTION_KEY=" + second); got != "ada" {
		t.Errorf("by the second key: %q", got)
	}
	done(t, rekey(second, ""))
	if value := query(t, dir, row); !json.Valid([]byte(value)) {
		t.Errorf("still encrypted: %.60s", value)
	}
	if got := mailUser(); got != "ada" {
		t.Errorf("without a key: %q", got)
	}
	fresh := t.TempDir()
	s = serve(t, earlier, fresh, "ONLIBRARY_ENCRYPTION_KEY="+first)
	s.stop(t)
	if value := query(t, fresh, row); strings.Contains(value, "{") {
		t.Errorf("a new library's are plain: %.60s", value)
	}
}
