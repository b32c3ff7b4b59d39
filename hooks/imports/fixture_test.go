package imports

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/scrypt"

	"onlibrary/internal/flask"
)

// columns are those of the old system's tables besides id, created_at and
// updated_at: i is a number, d a date-time, D a date, s a text.
func columns(table string) []string {
	return strings.Fields(map[string]string{
		flask.Roles: "name:s", flask.Grants: "route:s method:s role_id:i", flask.WebActions: "action:s role_id:i",
		flask.MobileActions: "action:s role_id:i",
		flask.Users: "name:s username:s email:s hashpass:s avatar_url:s avatar_thumbnail_url:s last_login_at:d socketio_sid:s fcm_token:s " +
			"role_id:i is_active:i is_verified:i",
		flask.Regions: "code:s name:s", flask.Cities: "name:s uf_id:i", flask.Categories: "code:s name:s",
		flask.Documents: "code:s description:s observations:s expires_at:D alert_email:s alert:i days_to_alert:i user_id:i document_category_id:i " +
			"file_url:s file_name:s file_content_type:s file_size:s file_updated_at:d file_thumbnail_url:s file_thumbnail_file_size:s",
		flask.Shares: "shared_user_id:i document_id:i", flask.Links: "model_name:s model_id:i document_id:i",
		flask.Notifications: "title:s description:s web_action:s mobile_action:s read_at:d user_id:i is_read:i",
		flask.Logs:          "model_name:s ip_address:s description:s model_id:i user_id:i",
	}[table])
}

type dialect struct {
	quote, id string
	types     map[byte]string
	parameter func(n int) string
}

func mark(int) string { return "?" }

func sqliteDialect() dialect {
	return dialect{`"`, "INTEGER PRIMARY KEY AUTOINCREMENT", map[byte]string{'i': "INTEGER", 'd': "DATETIME", 'D': "DATE", 's': "VARCHAR(1024)"}, mark}
}

// load makes the old system's tables and fills them.
func load(t testing.TB, db *sql.DB, d dialect, rows func(table string) []flask.Row) {
	t.Helper()
	for _, table := range flask.Tables() {
		names, defined := []string{"id", "created_at", "updated_at"}, "id "+d.id+", created_at "+d.types['d']+", updated_at "+d.types['d']
		for _, c := range columns(table) {
			name, kind, _ := strings.Cut(c, ":")
			names = append(names, name)
			defined += ", " + name + " " + d.types[kind[0]]
		}
		if _, err := db.Exec(fmt.Sprintf("CREATE TABLE %s%s%s (%s)", d.quote, table, d.quote, defined)); err != nil {
			t.Fatal(err)
		}
		for _, row := range rows(table) {
			var values []any
			var marks []string
			for i, name := range names {
				v := row[name]
				if at, ok := v.(time.Time); ok {
					v = at.Format("2006-01-02 15:04:05.999999")
				}
				values, marks = append(values, v), append(marks, d.parameter(i+1))
			}
			insert := fmt.Sprintf("INSERT INTO %s%s%s (%s) VALUES (%s)", d.quote, table, d.quote, strings.Join(names, ", "), strings.Join(marks, ", "))
			if _, err := db.Exec(insert, values...); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// old is a small Flask installation.
type old struct {
	database, uploads string
}

type fixture map[string][]flask.Row

// write stores the installation in a folder.
func (f fixture) write(t testing.TB) old {
	t.Helper()
	o := old{filepath.Join(t.TempDir(), "onlibrary ?#.db"), t.TempDir()}
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("?", "%3f", "#", "%23").Replace(o.database))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	load(t, db, sqliteDialect(), func(table string) []flask.Row { return f[table] })
	for name, content := range map[string]string{
		"1709000000000-um.txt": "um\n", "1709000000001-dois.txt": "dois\n", "1709000000002-tres.txt": "tres\n", "ana.png": pixel,
		"bad.png": "no picture", "4.md": "# four\n", "4.csv": "a,b\n1,2\n",
	} {
		if err := os.WriteFile(filepath.Join(o.uploads, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(o.uploads), "secret.txt"), []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return o
}

const pixel = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89" +
	"\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xdc\xccY\xe7\x00\x00\x00\x00IEND\xaeB`\x82"

// long is a password that bcrypt does not look at the whole of.
func long() string { return strings.Repeat("passphrase ", 12) }

func hashed(password string) string {
	key, err := pbkdf2.Key(sha256.New, password, []byte("salt"), 1000, 32)
	if err != nil {
		panic(err)
	}
	return "pbkdf2:sha256:1000$salt$" + hex.EncodeToString(key)
}

func scrypted(password string) string {
	key, err := scrypt.Key([]byte(password), []byte("salt"), 1024, 8, 1, 64)
	if err != nil {
		panic(err)
	}
	return "scrypt:1024:8:1$salt$" + hex.EncodeToString(key)
}

type cells = map[string]any

// row is a row made on 2024-02-29, changed a day after.
func row(id int64, c cells) flask.Row {
	r := flask.Row{"id": id, "created_at": "2024-02-29 13:14:15.000000", "updated_at": "2024-03-01 13:14:15.000000"}
	maps.Copy(r, c)
	return r
}

func person(id int64, username string, email any, hash string, role int64, more cells) flask.Row {
	c := cells{"username": username, "name": strings.ToUpper(username), "email": email, "hashpass": hash, "role_id": role, "is_active": 1, "is_verified": 1}
	maps.Copy(c, more)
	return row(id, c)
}

// small is what most tests move.
func small() fixture {
	f := fixture{
		flask.Roles: {
			row(1, cells{"name": "Admin"}), row(2, cells{"name": "Visitor"}), row(3, cells{"name": "Customer"}), row(4, cells{"name": "Keeper"}),
			row(5, cells{"name": "keeper"}),
		},
		flask.WebActions: {
			row(1, cells{"action": "*", "role_id": 1}), row(2, cells{"action": "/documents", "role_id": 4}),
			row(3, cells{"action": " JavaScript:alert(1)", "role_id": 4}), row(4, cells{"action": "/x", "role_id": 77}),
		},
		flask.MobileActions: {row(1, cells{"action": "app-home", "role_id": 4})},
		flask.Users: {
			person(1, "ana", "ana@example.org", hashed("ana-password"), 1, cells{
				"avatar_url": "ana.png", "fcm_token": "tok-1", "last_login_at": "2025-05-06 07:08:09.000000",
			}),
			person(2, "bia", "bia@example.org", scrypted("bia-password"), 4, nil),
			person(3, "curta", "curta@example.org", hashed("abc"), 3, cells{"avatar_url": "bad.png"}),
			person(4, "longa", "longa@example.org", hashed(long()), 3, nil),
			person(5, "e@mail.org", "five@example.org", hashed("five-password"), 3, nil),
			person(6, "dup", "dup@example.org", hashed("dup-password"), 3, nil),
			person(7, "DUP", "DUP@example.org", hashed("dup-password"), 3, nil),
			person(8, "jo", nil, hashed("jo-password"), 99, nil),
			person(9, "velha", "velha@example.org", "md5$salt$0123", 3, nil),
			person(10, "fora", "fora@example.org", hashed("fora-password"), 3, cells{"is_active": 0}),
			person(11, "nova", "nova@example.org", hashed("nova-password"), 2, cells{"is_active": 0, "is_verified": 0}),
			person(12, "saiu", "saiu@example.org", hashed("saiu-password"), 2, cells{
				"is_active": 0, "is_verified": 0, "last_login_at": "2025-05-06 07:08:09.000000",
			}),
			person(13, "errada", "not an address", hashed("errada-password"), 3, nil),
		},
		flask.Regions:    {row(1, cells{"code": "SP", "name": "São Paulo"}), row(2, cells{"code": "BA", "name": "Bahia"})},
		flask.Cities:     {row(1, cells{"name": "Campinas", "uf_id": 1}), row(2, cells{"name": "Nowhere", "uf_id": 9})},
		flask.Categories: {row(1, cells{"code": "CONTR", "name": "Contratos"})},
		flask.Documents: {
			row(1, cells{
				"code": "A1", "description": "Um  texto", "observations": "obs", "expires_at": "2027-03-01", "alert": 1, "days_to_alert": -5,
				"alert_email": "a@example.org; nobody, b@example.org", "user_id": 2, "document_category_id": 1,
				"file_url": "1709000000000-um.txt", "file_name": "um ção.txt", "file_updated_at": "2024-02-29 14:00:00.000000",
			}),
			row(2, cells{"code": "A2", "description": "Dois", "alert": 0, "user_id": 99, "file_url": "uploads/1709000000001-dois.txt"}),
			row(3, cells{"code": "A3", "description": "Perdido", "alert": 0, "user_id": 2, "file_url": "gone.pdf"}),
			row(4, cells{"code": "A4", "description": "Fora", "alert": 0, "user_id": 2, "file_url": "../secret.txt"}),
			row(5, cells{"code": "A5", "description": "Tres", "alert": 0, "user_id": 1, "file_url": "https://api.example.org/files/1709000000002-tres.txt"}),
		},
		flask.Shares: {
			row(1, cells{"document_id": 1, "shared_user_id": 3}), row(2, cells{"document_id": 1, "shared_user_id": 3}),
			row(3, cells{"document_id": 1, "shared_user_id": 2}), row(4, cells{"document_id": 3, "shared_user_id": 3}),
			row(5, cells{"document_id": 1, "shared_user_id": 99}),
		},
		flask.Links: {
			row(1, cells{"model_name": "User", "model_id": 3, "document_id": 1}), row(2, cells{"model_name": "User", "model_id": 99, "document_id": 1}),
			row(3, cells{"model_name": "Role", "model_id": 1, "document_id": 1}),
		},
		flask.Notifications: {
			row(1, cells{"title": "Aviso", "description": "Texto", "web_action": "javascript:alert(1)", "mobile_action": "/m", "user_id": 2, "is_read": 0}),
			row(2, cells{"title": "Lido", "description": "Texto", "web_action": "https://example.org/x", "user_id": 2, "is_read": 1, "read_at": "2025-01-02 03:04:05"}),
			row(3, cells{"title": "Lido", "description": "Texto", "web_action": "//evil.example", "mobile_action": "/\x01//evil.example", "user_id": 2, "is_read": 1}),
			row(4, cells{"title": "De ninguém", "description": "Texto", "user_id": 99, "is_read": 0}),
		},
		flask.Logs: {
			row(1, cells{"model_name": "User", "ip_address": "203.0.113.7", "description": "Entrou. (User-Agent: Mozilla/5.0 (X11))", "model_id": 2, "user_id": 2}),
			row(2, cells{"model_name": "User", "ip_address": "203.0.113.8, " + strings.Repeat("10.0.0.1, ", 8), "description": "Visited", "model_id": 1, "user_id": 2}),
			row(3, cells{"model_name": "User", "ip_address": "x", "description": "Gone", "model_id": 1, "user_id": 99}),
		},
	}
	for i, method := range flask.Methods() {
		f[flask.Grants] = append(f[flask.Grants], row(int64(i+1), cells{"role_id": 1, "method": method, "route": "*"}))
	}
	for i, grant := range []string{"GET /documents", "POST /documents", "GET /users", "GET /nowhere"} {
		method, route, _ := strings.Cut(grant, " ")
		f[flask.Grants] = append(f[flask.Grants], row(int64(i+6), cells{"role_id": 4, "method": method, "route": route}))
	}
	return f
}

// sample is the larger installation beside the project.
func sample(t testing.TB) old {
	t.Helper()
	dir, err := filepath.Abs("../../../shared/samples/flask")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "onlibrary.db")); err != nil {
		missing(t, "no samples beside the project")
	}
	return old{filepath.Join(dir, "onlibrary.db"), filepath.Join(dir, "uploads")}
}

func missing(t testing.TB, what string) {
	t.Helper()
	t.Skip(what)
}

// rowsOf reads an installation's tables back.
func rowsOf(t testing.TB, o old) func(table string) []flask.Row {
	t.Helper()
	source, err := flask.Open(t.Context(), o.database, "")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]flask.Row{}
	for _, table := range flask.Tables() {
		for row, err := range source.Rows(t.Context(), table) {
			if err != nil {
				t.Fatal(err)
			}
			all[table] = append(all[table], row)
		}
	}
	if err := source.Close(); err != nil {
		t.Fatal(err)
	}
	return func(table string) []flask.Row { return slices.Clone(all[table]) }
}

// export writes rows as SQL Server's FOR JSON does.
func export(t testing.TB, path string, rows []flask.Row) {
	t.Helper()
	text := "\uFEFF"
	for _, row := range rows {
		object := cells{}
		for column, v := range row {
			switch v := v.(type) {
			case time.Time:
				object[column] = v.Format("2006-01-02T15:04:05.999999")
			case []byte:
				object[column] = string(v)
			default:
				object[column] = v
			}
		}
		line, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		text += string(line) + "\r\n"
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
