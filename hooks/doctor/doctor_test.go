package doctor

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tests"
	"github.com/pocketbase/pocketbase/tools/types"

	"onlibrary/hooks/catalogue"
	"onlibrary/internal/certs"
	"onlibrary/internal/config"
	"onlibrary/internal/push"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

// patient is a library in good health and how it is examined.
type patient struct {
	*tests.TestApp
	Deps
	keeper certs.Config
}

func healthy(t *testing.T) *patient {
	t.Helper()
	app := testapp.New(t)
	if err := os.Chmod(app.DataDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	p := &patient{TestApp: app}
	p.Deps = Deps{
		Config:     config.Config{DataDir: app.DataDir(), HTTPAddr: "127.0.0.1:0", FFmpeg: program(t, "FFmpeg 8.1.2", "ffmpeg version 8.1.2 Copyright")},
		Version:    "1.0.0",
		Now:        time.Now,
		Held:       func(string) (bool, error) { return false, nil },
		Strays:     catalogue.Strays,
		Sandbox:    func() string { return "a fence" },
		Restorable: func(core.App) (time.Time, string, error) { return time.Time{}, "", nil },
		Lookup: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("198.51.100.7")}, nil
		},
		Addresses: func() ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("198.51.100.7")}, nil
		},
	}
	return p
}

// program is a program that says a line.
func program(t *testing.T, name, line string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), strings.ReplaceAll(name, " ", "-"))
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho '"+line+"'\n"), 0o700); err != nil { //nolint:gosec // it is to run
		t.Fatal(err)
	}
	return path
}

// examine runs the command, as JSON, and returns what it found by name.
func (p *patient) examine(t *testing.T) (found map[string]Finding, failed error) {
	t.Helper()
	return examineApp(t, p.TestApp, p.Deps, p.keeper)
}

func examineApp(t *testing.T, app core.App, d Deps, keeper certs.Config) (found map[string]Finding, failed error) {
	t.Helper()
	d.Certificates = certs.New(keeper)
	c := Command(app, d)
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetArgs([]string{"--json"})
	c.SilenceUsage, c.SilenceErrors = true, true
	failed = c.ExecuteContext(t.Context())
	var report Report
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatalf("%v: %s (%v)", err, out.String(), failed)
	}
	if report.OK != (failed == nil) {
		t.Errorf("ok is %v, but the command ended with %v", report.OK, failed)
	}
	found = map[string]Finding{}
	for _, f := range report.Checks {
		found[f.Name] = f
	}
	return found, failed
}

// expect fails unless the check found that, with a hint, and the command failed
// if it should.
func (p *patient) expect(t *testing.T, name string, want State, words string) {
	t.Helper()
	found, err := p.examine(t)
	f := found[name]
	if f.State != want || !strings.Contains(f.Detail, words) || (want == Failed || want == Warning) && f.Hint == "" {
		t.Errorf("%s: %+v; want %s and %q", name, f, want, words)
	}
	if (want == Failed) != (err != nil) {
		t.Errorf("the command ended with %v: %+v", err, found)
	}
}

func TestHealthyLibraryPasses(t *testing.T) {
	t.Parallel()
	p := healthy(t)
	testapp.StartMailpit(t, p.TestApp)
	testapp.Document(t, p, nil, schema.VisibilityMembers)
	found, err := p.examine(t)
	if err != nil {
		t.Error(err)
	}
	for _, name := range []string{"database", "folder", "disk", "files", "jobs", "ports", "mail", "ffmpeg", "previewer"} {
		if found[name].State != OK {
			t.Errorf("%+v", found[name])
		}
	}
	for _, name := range []string{"dns", "certificate", "s3", "push"} {
		if found[name].State != Off {
			t.Errorf("%+v", found[name])
		}
	}
}

func TestTakenPortIsFound(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := healthy(t)
	p.Config.HTTPAddr = l.Addr().String()
	p.expect(t, "ports", Failed, "is taken by another program")
	p.Held = func(string) (bool, error) { return true, nil }
	p.expect(t, "ports", OK, "the server listens")
}

func TestServerElsewhereIsFound(t *testing.T) {
	t.Parallel()
	p := healthy(t)
	p.Held = func(string) (bool, error) { return true, nil }
	p.Config.HTTPAddr = "127.0.0.1:1"
	p.expect(t, "ports", Failed, "a server works on this data folder, but not at 127.0.0.1:1")
}

func TestDomainThatLeadsElsewhereIsFound(t *testing.T) {
	t.Parallel()
	leads := func(addresses ...string) func(context.Context, string) ([]netip.Addr, error) {
		return func(context.Context, string) (found []netip.Addr, err error) {
			for _, a := range addresses {
				found = append(found, netip.MustParseAddr(a))
			}
			if len(found) == 0 {
				err = &net.DNSError{Err: "no such host", Name: "books.example.org", IsNotFound: true}
			}
			return found, err
		}
	}
	p := healthy(t)
	p.Config.Domains = []string{"books.example.org"}
	for _, tc := range []struct {
		leads []string
		want  State
		words string
	}{
		{[]string{"198.51.100.7"}, OK, "books.example.org leads here"},
		{[]string{"203.0.113.9"}, Failed, "books.example.org leads to 203.0.113.9"},
		{[]string{"198.51.100.7", "2001:db8::9"}, Failed, "leads to 2001:db8::9"},
		{nil, Failed, "has no address"},
	} {
		r := newRoom(p.Deps)
		r.Lookup = leads(tc.leads...)
		if f := r.dns(t.Context(), p); f.State != tc.want || !strings.Contains(f.Detail, tc.words) {
			t.Errorf("%v: %+v", tc.leads, f)
		}
	}
	r := newRoom(p.Deps)
	r.Addresses = func() ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr("10.0.0.5")}, nil }
	if f := r.dns(t.Context(), p); f.State != Warning || !strings.Contains(f.Hint, "router") {
		t.Errorf("behind a router: %+v", f)
	}
}

func TestCertificateNearItsEndIsFound(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, tc := range []struct {
		left  time.Duration
		want  State
		words string
	}{
		{60 * day, OK, "good until"},
		{13 * day, Warning, "ends on"},
		{6 * day, Failed, "ends on"},
		{-day, Failed, "ended on"},
	} {
		p := healthy(t)
		cert, key := testapp.Certificate(t, x509.Certificate{
			DNSNames: []string{"books.example.org"}, NotBefore: time.Now().Add(-80 * day), NotAfter: time.Now().Add(tc.left),
		})
		dir := t.TempDir()
		p.keeper = certs.Config{CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem")}
		p.Config.HTTPSAddr, p.Config.HTTPChallengeAddr = "127.0.0.1:0", "127.0.0.1:0"
		if err := errors.Join(os.WriteFile(p.keeper.CertFile, cert, 0o600), os.WriteFile(p.keeper.KeyFile, key, 0o600)); err != nil {
			t.Fatal(err)
		}
		p.expect(t, "certificate", tc.want, tc.words)
	}
}

func TestMailServerThatRefusesIsFound(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("554 no service here\r\n"))
			_ = c.Close()
		}
	}()
	p := healthy(t)
	p.expect(t, "mail", Warning, "none is set")
	s := p.Settings()
	s.SMTP.Enabled, s.SMTP.Host, s.SMTP.Port = true, "127.0.0.1", l.Addr().(*net.TCPAddr).Port
	p.expect(t, "mail", Failed, "554")
}

func TestWrongS3KeyIsFound(t *testing.T) {
	t.Parallel()
	s3 := testapp.StartS3(t)
	p := healthy(t)
	p.Settings().S3 = s3.S3Config
	if f, _ := p.examine(t); f["s3"].State != OK {
		t.Errorf("%+v", f["s3"])
	}
	if keys := s3.Keys(t, ""); len(keys) != 0 {
		t.Errorf("it left %v behind", keys)
	}
	p.Settings().S3.Secret = "another"
	p.expect(t, "s3", Failed, "cannot be used")
}

func TestUnreadablePushKeyIsFound(t *testing.T) {
	t.Parallel()
	p := healthy(t)
	fcm := testapp.StartFCM(t)
	sender, err := push.Open(fcm.Credentials, fcm.URL)
	if err != nil {
		t.Fatal(err)
	}
	p.Push = sender.Check
	p.expect(t, "push", OK, "takes our messages")
	fcm.Away(true)
	p.expect(t, "push", Failed, "")
	p.Push = func(context.Context) error {
		_, err := push.Open(filepath.Join(p.DataDir(), "none.json"), "")
		return err
	}
	p.expect(t, "push", Failed, "none.json")
}

func TestMissingAndOldFFmpegIsFound(t *testing.T) {
	t.Parallel()
	p := healthy(t)
	for line, want := range map[string]State{
		"ffmpeg version 5.1.6-0+deb12u1 Copyright": Warning,
		"ffmpeg version n8.0 Copyright":            Warning,
		"ffmpeg version 9.0 Copyright":             OK,
		"ffmpeg version N-121000-gabcdef":          OK,
	} {
		p.Config.FFmpeg = program(t, "ffmpeg", line)
		p.expect(t, "ffmpeg", want, "")
	}
	p.Config.FFmpeg = ""
	p.expect(t, "ffmpeg", Failed, "it is not there")
}

func TestClockThatIsOffIsFound(t *testing.T) {
	t.Parallel()
	gap := time.Hour
	authority := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(gap).UTC().Format(http.TimeFormat))
	}))
	defer authority.Close()
	p := healthy(t)
	p.Config.Domains, p.Config.ACMECA = []string{"books.example.org"}, authority.URL
	p.expect(t, "clock", Failed, "it differs by")
	gap = 0
	if f, _ := p.examine(t); f["clock"].State == Failed {
		t.Errorf("%+v", f["clock"])
	}
	later, err := types.ParseDateTime(time.Now().Add(2 * time.Hour))
	if err == nil {
		_, err = p.NonconcurrentDB().Insert(schema.AuditLogs, dbx.Params{"id": "fromthefuture00", "action": "note", "created": later.String()}).Execute()
	}
	if err != nil {
		t.Fatal(err)
	}
	p.expect(t, "clock", Failed, "still to come")
}

func TestDamagedDatabaseIsFound(t *testing.T) {
	t.Parallel()
	p := healthy(t)
	for range 50 {
		testapp.Document(t, p, nil, schema.VisibilityMembers)
	}
	if err := p.ClearBootstrap(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(p.DataDir(), "data.db")
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.WriteAt(bytes.Repeat([]byte{0x5a}, 8192), info.Size()/2&^4095)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: p.DataDir()})
	p.Open = app.Bootstrap
	found, failed := examineApp(t, app, p.Deps, certs.Config{})
	if failed == nil || found["database"].State != Failed || !strings.Contains(found["database"].Hint, "backup restore") {
		t.Errorf("%v: %+v", failed, found["database"])
	}
	if found["jobs"].State != Skipped || found["ffmpeg"].State != OK {
		t.Errorf("the others: %+v", found)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed: %v", err)
	}
}

// A database that is no file is not waited for, and no backup is put in its place.
func TestDatabaseThatIsNoFileIsFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "data.db"), 0o700); err != nil {
		t.Fatal(err)
	}
	r := newRoom(Deps{Config: config.Config{DataDir: dir}})
	f := r.database(t.Context(), core.NewBaseApp(core.BaseAppConfig{DataDir: dir}))
	if f.State != Failed || !strings.Contains(f.Hint, "chown") || !strings.Contains(f.Detail, "no plain file") {
		t.Errorf("%+v", f)
	}
}

func TestOpenFolderIsFound(t *testing.T) {
	t.Parallel()
	p := healthy(t)
	if err := os.Chmod(p.DataDir(), 0o755); err != nil { //nolint:gosec // the fault
		t.Fatal(err)
	}
	p.expect(t, "folder", Failed, "can be read by others")
}

func TestForeignFileIsFound(t *testing.T) {
	t.Parallel()
	p := healthy(t)
	path := filepath.Join(p.DataDir(), "left")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, 65534, -1); err != nil {
		t.Skipf("a file of another user's takes root: %v", err)
	}
	p.expect(t, "folder", Failed, "not of the same owner")
}

func TestOrphanAndMissingFilesAreFound(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"disk", "s3"} {
		p := healthy(t)
		if where == "s3" {
			p.Settings().S3 = testapp.StartS3(t).S3Config
		}
		d := testapp.Document(t, p, nil, schema.VisibilityMembers)
		fsys, err := p.NewFilesystem()
		if err != nil {
			t.Fatal(err)
		}
		defer fsys.Close()
		orphan := filepath.Dir(d.BaseFilesPath()) + "/nobody000000000/left.txt"
		if err := fsys.Upload([]byte("left\n"), orphan); err != nil {
			t.Fatal(err)
		}
		if where == "disk" { // as file managers leave it
			path := filepath.Join(p.DataDir(), core.LocalStorageDirName, filepath.Dir(d.BaseFilesPath()), ".DS_Store")
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if f, _ := p.examine(t); f["files"].State != OK {
			t.Errorf("%s: one that may be on its way: %+v", where, f["files"])
		}
		p.Now = func() time.Time { return time.Now().Add(2 * time.Hour) }
		if f := newRoom(p.Deps).files(t.Context(), p); f.State != Warning || !strings.Contains(f.Detail, orphan) {
			t.Errorf("%s: %+v", where, f)
		}
		key := d.BaseFilesPath() + "/" + d.GetString("file")
		if err := fsys.Delete(key); err != nil {
			t.Fatal(err)
		}
		p.Now = time.Now
		p.expect(t, "files", Failed, key)
	}
}

func TestStuckJobIsFound(t *testing.T) {
	t.Parallel()
	at := func(ago time.Duration) string {
		d, err := types.ParseDateTime(time.Now().Add(-ago))
		if err != nil {
			t.Fatal(err)
		}
		return d.String()
	}
	for _, tc := range []struct {
		state string
		since time.Duration
		held  bool
		want  State
		words string
	}{
		{"running", 2 * time.Hour, true, Failed, "have been running"},
		{"running", time.Minute, true, OK, "1 under way"},
		{"queued", 2 * time.Hour, true, Failed, "should have begun"},
		{"queued", 2 * time.Hour, false, Warning, "no server runs"},
		{schema.JobFailed, time.Hour, true, Warning, "given up"},
	} {
		p := healthy(t)
		p.Held = func(string) (bool, error) { return tc.held, nil }
		_, err := p.NonconcurrentDB().Insert(schema.Jobs, dbx.Params{
			"id": "stuck0000000000", "kind": "preview", "key": "stuck", "state": tc.state, "runAt": at(tc.since), "created": at(tc.since), "updated": at(tc.since),
		}).Execute()
		if err != nil {
			t.Fatal(err)
		}
		if f := newRoom(p.Deps).jobs(t.Context(), p); f.State != tc.want || !strings.Contains(f.Detail, tc.words) {
			t.Errorf("%s: %+v", tc.state, f)
		}
	}
}

func TestBackupThatCannotBeRestoredIsFound(t *testing.T) {
	t.Parallel()
	p := healthy(t)
	p.expect(t, "backups", Warning, "there is none")
	fsys, err := p.NewBackupsFilesystem()
	if err == nil {
		err = errors.Join(fsys.Upload([]byte("zip"), "backup.zip"), fsys.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	p.expect(t, "backups", OK, "no restore was tried yet")
	p.Restorable = func(core.App) (time.Time, string, error) { return time.Now(), "it is cut", nil }
	p.expect(t, "backups", Failed, "cannot be restored: it is cut")
	p.Restorable = func(core.App) (time.Time, string, error) { return time.Now(), "", nil }
	p.Now = func() time.Time { return time.Now().Add(20 * 24 * time.Hour) }
	p.expect(t, "backups", Warning, "20 days old")
}

func TestFolderWithoutALibraryIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "none")
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: dir})
	c := Command(app, Deps{Config: config.Config{DataDir: dir}})
	c.SetArgs(nil)
	c.SilenceUsage, c.SilenceErrors = true, true
	if err := c.Execute(); err == nil || !strings.Contains(err.Error(), "there is no library") {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder was made: %v", err)
	}
}

func TestResultIsForSuperusers(t *testing.T) {
	t.Parallel()
	p := healthy(t)
	p.Certificates = certs.New(certs.Config{})
	Bind(p, p.Deps)
	s := testapp.Serve(t, p)
	root, ann := testapp.Superuser(t, p), testapp.User(t, p, "ann", schema.RoleAdmin)
	const path = "/api/library/doctor"
	for user, want := range map[*core.Record]int{nil: 401, ann: 403, root: 404} {
		if a := s.Do(t, user, "GET", path, nil); a.Status != want {
			t.Errorf("%v: %d %s", user, a.Status, a.Raw)
		}
	}
	looked := s.Do(t, root, "POST", path, nil)
	if looked.Status != 200 || looked.At("version") != "1.0.0" || looked.At("checks", 0, "name") != "database" {
		t.Errorf("%d %s", looked.Status, looked.Raw)
	}
	if last := s.Do(t, root, "GET", path, nil); last.Status != 200 || !slices.Equal(last.Raw, looked.Raw) {
		t.Errorf("%d %s", last.Status, last.Raw)
	}
}

func TestReportIsReadable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := &Report{Checks: []Finding{{Name: "disk", State: Failed, Detail: "only 1 MB is free", Hint: "make room"}, {Name: "certificate", State: OK, Detail: "good"}}}
	if err := r.print(&out); err != nil {
		t.Fatal(err)
	}
	want := "failed   disk         only 1 MB is free\n                      → make room\nok       certificate  good\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

// The machine's FFmpeg, if there is one, is looked at as any other.
func TestInstalledFFmpegIsRead(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("FFmpeg is not installed")
	}
	p := healthy(t)
	p.Config.FFmpeg = path
	if f, _ := p.examine(t); f["ffmpeg"].State != OK && f["ffmpeg"].State != Warning {
		t.Errorf("%+v", f["ffmpeg"])
	}
}
