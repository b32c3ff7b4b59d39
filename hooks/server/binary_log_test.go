package server

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// No token or password is in what the program prints or logs, whichever way a
// client hands one over: this looks through the bytes of the log's database.
func TestNoSecretIsInAnyLog(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir)
	var file struct{ Token string }
	if status := r.do(t, "POST", "/api/files/token", nil, "", &file); status != http.StatusOK {
		t.Fatal(status)
	}
	up, _, status := r.send(t, 10)
	if status != http.StatusOK {
		t.Fatal(status)
	}
	const password2, code, setup, letter = "hunter22-hunter22", "oauth2-code-4711", "setup-token-4711", "letter-token-4711"
	secrets := []string{password, password2, code, setup, letter, r.token, file.Token}
	for _, request := range []struct{ method, path, body string }{
		{"GET", "/api/files/documents/" + up.ID + "/" + up.File + "?token=" + file.Token, ""},
		{"GET", "/api/files/documents/" + up.ID + "/missing.txt?token=" + file.Token, ""},
		{"GET", "/api/files/documents/" + up.ID + "/" + up.File + "?%74oken=" + file.Token, ""},
		{"GET", "/verify?token=" + letter, ""},
		{"GET", "/no/such/page?resetToken=" + letter, ""},
		{"GET", "/api/library/setup?token=" + setup, ""},
		{"POST", "/api/library/setup", `{"token":"` + setup + `","password":"` + password2 + `"}`},
		{"GET", "/api/oauth2-redirect?state=nobody&code=" + code, ""},
		{"POST", "/api/collections/users/auth-with-oauth2", `{"provider":"none","code":"` + code + `","codeVerifier":"` + code + `"}`},
		{"POST", "/api/collections/users/auth-with-password", `{"identity":"` + password2 + `","password":"` + password2 + `"}`},
		{"POST", "/api/collections/users/confirm-verification", `{"token":"` + r.token + `"}`},
		{"POST", "/api/collections/users/confirm-password-reset", `{"token":"` + letter + `","password":"` + password2 + `","passwordConfirm":"` + password2 + `"}`},
		{"POST", "/api/collections/users/records", `{"username":"x!","password":"` + password2 + `","passwordConfirm":"` + password2 + `","email":"` + email + `"}`},
		{"GET", "/api/collections/documents/records?filter=" + url.QueryEscape(`nofield = "`+r.token+`"`), ""},
		{"GET", "/api/" + r.token, ""},
		{"POST", "/api/realtime", `{"clientId":"` + r.token + `","subscriptions":["x"]}`},
	} {
		req, err := http.NewRequestWithContext(t.Context(), request.method, r.url+request.path, strings.NewReader(request.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", r.token)
		req.Header.Set("Referer", r.url+"/verify?token="+letter+"&code="+code)
		response, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	if code := r.stop(t); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	logs := map[string][]byte{"stdout": []byte(r.stdout.String()), "stderr": []byte(r.stderr.String())}
	rows := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasPrefix(d.Name(), "auxiliary.db") {
			return err
		}
		logs[d.Name()], err = os.ReadFile(path)
		rows += len(regexp.MustCompile(`/api/files/documents/`).FindAll(logs[d.Name()], -1))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if rows == 0 {
		t.Error("the log holds no request at all")
	}
	for name, text := range logs {
		for _, secret := range secrets {
			if at := bytes.Index(text, []byte(secret)); at >= 0 {
				t.Errorf("%s: %s", name, fmt.Sprintf("%q", text[max(0, at-80):min(len(text), at+40)]))
			}
		}
	}
}

// The statements that PocketBase echoes in its development mode have values in them.
func TestNoStatementIsEchoed(t *testing.T) {
	dir := t.TempDir()
	c := command(t, dir, "serve", "--dev")
	if _, stderr, code := run(t, c); code == 0 || !strings.Contains(stderr, "dev") {
		t.Errorf("there is a development mode: %d %s", code, stderr)
	}
}
