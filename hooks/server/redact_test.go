package server

import (
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/testapp"
)

func TestSecretsInQueriesAreRedacted(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"":                              "",
		"token=abc&thumb=1":             "token=redacted&thumb=1",
		"fileToken=abc":                 "fileToken=redacted",
		"%74oken=abc":                   "%74oken=redacted",
		"code=abc&state=def&page=2":     "code=redacted&state=redacted&page=2",
		"newPassword=x;token=y":         "newPassword=redacted",
		"%zz=abc&a=b":                   "redacted&a=b",
		"filter=title%20~%20'code%3D1'": "filter=title%20~%20'code%3D1'",
	} {
		if got := redactQuery(query); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
}

// A token in an error of whichever shape is out of the log's row.
func TestLogRowsHoldNoToken(t *testing.T) {
	app := testapp.New(t)
	Bind(app, Deps{Stop: func() {}})
	token := testapp.Token(t, testapp.Superuser(t, app))
	row := &core.Log{Message: "GET /x?t=" + token, Data: map[string]any{
		"details": map[string]string{"why": "bad " + token}, "list": []string{token}, "password": "hunter22",
		"fields": map[string]any{"smtpPassword": "hunter22", "code": "validation_required"},
	}}
	row.MarkAsNew()
	row.Id = core.GenerateDefaultRandomId()
	if err := app.AuxSave(row); err != nil {
		t.Fatal(err)
	}
	var stored struct {
		Message string `db:"message"`
		Data    string `db:"data"`
	}
	if err := app.AuxDB().Select("message", "data").From("_logs").One(&stored); err != nil {
		t.Fatal(err)
	}
	all := stored.Message + stored.Data
	if strings.Contains(all, token[:20]) || strings.Contains(all, "hunter22") {
		t.Errorf("a secret is in the log: %s", all)
	}
	if !strings.Contains(all, "validation_required") || !strings.Contains(all, "GET /x?t=redacted") {
		t.Errorf("more is gone than secrets: %s", all)
	}
}
