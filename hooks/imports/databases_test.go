package imports

import (
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib"

	"onlibrary/internal/flask"
)

// larger is the sample, or where there is none the small installation.
func larger(t *testing.T) old {
	t.Helper()
	dir, err := filepath.Abs("../../../shared/samples/flask")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "onlibrary.db")); err != nil {
		t.Log("no samples beside the project: a smaller installation is moved")
		return small().write(t)
	}
	return old{filepath.Join(dir, "onlibrary.db"), filepath.Join(dir, "uploads")}
}

// sameFrom moves the installation from another database and wants the same as
// from its SQLite file.
func sameFrom(t *testing.T, o old, database, password string) {
	t.Helper()
	want, printed := moveIn(t, o)
	h := open(t)
	args := []string{"--database", database, "--uploads", o.uploads, "--timezone", "America/Sao_Paulo"}
	if password != "" {
		args = append(args, "--ask-password")
	}
	out, err := h.run(t, password+"\n", args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	stored := regexp.MustCompile(`_[a-z0-9]{10}\.`) // by a name of its own each time
	if diff := cmp.Diff(stored.ReplaceAllString(printed, "."), stored.ReplaceAllString(out, ".")); diff != "" {
		t.Errorf("printed (-from SQLite +from here):\n%s", diff)
	}
	if diff := cmp.Diff(want.content(t), h.content(t)); diff != "" {
		t.Errorf("came (-from SQLite +from here):\n%s", diff)
	}
	if out, err := h.run(t, password+"\n", args...); err != nil || !strings.HasSuffix(out, "\n0 changes\n") {
		t.Errorf("the second run: %v\n%s", err, out)
	}
}

func TestALibraryMovesFromMariaDB(t *testing.T) {
	install, server := program(t, "mariadb-install-db"), program(t, "mariadbd")
	dir, run := serverFolder(t, "mysql")
	data, socket, port := filepath.Join(dir, "data"), filepath.Join(dir, "s"), freePort(t)
	if out, err := run(install, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	start(t, run(server, "--no-defaults", "--datadir="+data, "--socket="+socket, "--pid-file="+filepath.Join(dir, "pid"), "--bind-address=127.0.0.1",
		fmt.Sprintf("--port=%d", port), "--innodb-flush-log-at-trx-commit=0", "--default-time-zone=-03:00"))
	root := connect(t, "mysql", "root@unix("+socket+")/")
	for _, statement := range []string{
		"CREATE DATABASE flask CHARACTER SET utf8mb4", "CREATE USER 'reader'@'%' IDENTIFIED BY 's3cr/et'", "GRANT SELECT ON flask.* TO 'reader'@'%'",
	} {
		if _, err := root.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	o := larger(t)
	load(t, connect(t, "mysql", "root@unix("+socket+")/flask"), dialect{
		"`", "INTEGER PRIMARY KEY AUTO_INCREMENT", map[byte]string{'i': "INTEGER", 'd': "DATETIME", 'D': "DATE", 's': "VARCHAR(1024)"}, mark,
	}, rowsOf(t, o))
	sameFrom(t, o, fmt.Sprintf("mysql://reader@127.0.0.1:%d/flask", port), "s3cr/et")
}

func TestALibraryMovesFromPostgreSQL(t *testing.T) {
	install, server := program(t, "initdb"), program(t, "postgres")
	dir, run := serverFolder(t, "postgres")
	data, port := filepath.Join(dir, "data"), freePort(t)
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("s3cret\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := run(install, "-D", data, "-U", "flask", "-A", "scram-sha-256", "--pwfile="+secret, "-E", "UTF8", "--locale=C").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	start(t, run(server, "-D", data, "-p", strconv.Itoa(port), "-k", dir, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "timezone=America/Sao_Paulo"))
	address := fmt.Sprintf("postgres://flask:s3cret@127.0.0.1:%d/postgres", port)
	o := larger(t)
	load(t, connect(t, "pgx", address), dialect{
		`"`, "SERIAL PRIMARY KEY", map[byte]string{'i': "INTEGER", 'd': "TIMESTAMP", 'D': "DATE", 's': "VARCHAR(1024)"},
		func(n int) string { return fmt.Sprintf("$%d", n) },
	}, rowsOf(t, o))
	sameFrom(t, o, strings.Replace(address, "postgres://", "postgresql+psycopg2://", 1), "")
}

func TestTheSampleMovesTwiceAndItsPasswordsWork(t *testing.T) {
	t.Parallel()
	o := sample(t)
	h, out := moveIn(t, o)
	for row, want := range map[string]string{
		"document 13": "skipped\tits file 17090000-gone.pdf is gone, and so are its shares and links", "document_model 2": "skipped\tthere is no user 999",
		"user 7": `moved	username "weird@name.org" became "weird"`, "user 8": "moved\t",
	} {
		kind, id, _ := strings.Cut(row, " ")
		n, err := strconv.Atoi(id)
		if err != nil {
			t.Fatal(err)
		}
		if line := said(t, out, kind, n); line != want {
			t.Errorf("%s: %s", row, line)
		}
	}
	for i, identity := range []string{"ana@example.org", "jose"} {
		for range 2 {
			if got := h.signIn(t, identity, fmt.Sprintf("segredo-%d-flask", i)); got != 200 {
				t.Errorf("%s: %d", identity, got)
			}
		}
		if user := h.user(t, []string{"ana.souza", "jose"}[i]); user.GetString(legacyHash) != "" {
			t.Errorf("%s has kept the old hash", identity)
		}
	}
	if again, err := h.move(t, o); err != nil || !strings.HasSuffix(again, "\n0 changes\n") {
		t.Errorf("%v\n%s", err, again)
	}
}

func TestALibraryMovesFromExportedJSON(t *testing.T) {
	t.Parallel()
	o, dir := small().write(t), t.TempDir()
	rows := rowsOf(t, o)
	for _, table := range flask.Tables() {
		export(t, filepath.Join(dir, table+".json"), rows(table))
	}
	sameFrom(t, o, dir, "")
}

// program finds one of a database server's programs, or skips the test, which
// fails in CI.
func program(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin/", "/usr/sbin/"} {
		if found, err := filepath.Glob(pattern + name); err == nil && len(found) > 0 {
			return found[len(found)-1]
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is missing: make need-tools", name)
	}
	t.Skipf("%s is missing: make need-tools", name)
	return ""
}

// serverFolder makes a folder for a server, and returns how to run programs as
// the user who owns it: such servers do not run as root.
func serverFolder(t *testing.T, account string) (string, func(name string, args ...string) *exec.Cmd) {
	t.Helper()
	dir, err := os.MkdirTemp("", "onlib") // short, for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	as := func(*exec.Cmd) {}
	if os.Getuid() == 0 {
		who, err := user.Lookup(account)
		if err != nil {
			t.Fatal(err)
		}
		uid, err := strconv.Atoi(who.Uid)
		if err != nil {
			t.Fatal(err)
		}
		gid, err := strconv.Atoi(who.Gid)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		as = actAs(uid, gid)
	}
	return dir, func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		as(cmd)
		return cmd
	}
}

// start runs a server until the test ends.
func start(t *testing.T, server *exec.Cmd) {
	t.Helper()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(os.Interrupt)
		stop := time.AfterFunc(20*time.Second, func() { _ = server.Process.Kill() })
		_ = server.Wait()
		stop.Stop()
	})
}

// connect waits until the server answers.
func connect(t *testing.T, driver, address string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if err = db.Ping(); err == nil {
			return db
		}
		if time.Now().After(end) {
			t.Fatalf("%s does not answer: %v", driver, err)
		}
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal("no port")
	}
	return address.Port
}
