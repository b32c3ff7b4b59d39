package server

import (
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/testapp"
)

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
